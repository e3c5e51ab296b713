use super::agreement::Parties;
use super::content::Encrypted;
use super::*;
use crate::entropy::Entropy;
use crate::jose::{ClientKeys, SigningKey, SigningKeys};
use crate::types::Timestamp;
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::encoding::{AsDer as _, EcPrivateKeyRfc5915Der};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;

const LONGEST: usize = 16_384;
const PLAIN: &[u8] = b"what nobody else should read";

/// The private key of RFC 7516 appendix A.1.1, as PKCS#8.
const RSA: &str = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQChqFQihbDQrS6wo245HofjCR_igFRcdPFG-BvjwT4FW_GR4M2NsLiF\
    7ytRZwmhmZ2zaHszvSKYRWFFTl2Mg1e2qWVcjgMWpwjUOCNP0t7A0PwxbYqt_dKmyT9mSgWeKVqQbKBPClne56wf48UAE0hRik6I3Xl2\
    xBGSCvS8SHE33aLZqxs56dJl7JrHOIrvZTDGusqgTG_qRzm3BdOriH5AKEs6WfT-a1RnB-xFoxK0-zqZLpeuDGfFtaGiN_rre24RC54Y\
    L4UIx-trfoL2ScMUbMqw1rstkrZ2NiDIPclH8wH_g1Qlb9Oo5C3AdhvF6-gkCub4vlK2jCPMbL79urobAgMBAAECggEBAJC3bSI-hmw5\
    LPwKQkk2ELXpXDbbZSojsj8zK1x3iPspNRe_pKQ8WOPlmOTVleSp7WhHl0tY_NhN--ccYVjB18r42HnD0_X6cEfzPYFfJ_R64dmp06Uw\
    _dw7etsqVt8g7CcwZ0562LtYsFkYASqxGGOOqgGSKwNsQMJ5tl-7hkdYYIZKg6dFao95G0gs9V8nwrOvy3oQcLcRyMofEYqcuNKduJqD\
    gG4MVcN68U_75bd1FXuFjtyZCTs5aVH_ik1SNj7YJvnQEcUxLRPonfuDia9IfivlRbN1Up3VUyM50sX8q4_CCy-jBv1L_GALu1SC0gd5\
    TltPOfuKhNw84K044MkCgYEA1r52Xk46c-LsfB5P442p7atdPUrxQSy4mti_tZI3Mgf2EuFVbUoDBvaRQ-SWxkbkmoEzL7JXroSBjSrK\
    3YIQgYdMgyAEPTPjXv_hI2_1eTSPVZfzL0lffNn03IXqWF5MDFuoUYE0hzb2vhrlN_rKrbfDIwUbTrjjgieRbwC6Cl0CgYEAwLb35x7h\
    mQWZsWJmB_vle87ihgZ19S8lBEROLIsZG4ayZVe9Hi9gDVCOBmUDdaDYVTSNx_8Fyw1YYa9XGrGnDew00J28cRUoeBB_jKI1oma0Orv1\
    T9aXIWxKwd4gvxFImOWr3QRL9KEBRzk2RatUBnmDZJTIAfwTs0g68UZHvtcCgYBkr5jATt2JSHSpHW1HvDxYe2iUPHcxn85OjCIW-B95\
    DdKKt6xeOb2BnkouExe-j67P4pQlYPFLmkVD8zR692jV0qJFONXD_Hg3KrJc8zmdQs-RylTzbuuelnMAkql2FYCCqtcYoAQJAfRe3i1r\
    OeOd3_NWkCZlmrrRY8wEx8py4QKBgA6tIH4CdQ3RRl4i70BGZ7ihDdFFJrCQcZI8nXN4-GWHQYjEQMvOsdLxwo8sHDJWGIOMqAuGGWvY\
    TVXLI6gNxXoi9fa5PIOkJ9vU7dHI_Kqshac_bzQwVHwgIiVXhEjoyQ2T2B3R2PL9W_qPmdl-bby8fkwnpH-6Mcnig1Kilo4rAoGAVIMp\
    MYbPf47dT1w_zDUXfPimsSegnMOA1zTaX7aGk_8urY6R8-ZW1FxU7AlWAyLWybqq6t16VFd7hQd0y6flUK4SlOydB61gwanOsXGOAOv8\
    2cHq0E3eL4HrtZkUuKvnPrMnsUUFlfUdybVzxyjz9JF_XyaY14ardLSjf4L_FNY";

/// What another library (joserfc) encrypted for that key, and for the one of RFC 7520 §5.5. The specifications have no
/// examples of these algorithms on these keys.
const FOREIGN: [(KeyManagement, &str); 3] = [
    (
        KeyManagement::RsaOaep256,
        "eyJhbGciOiJSU0EtT0FFUC0yNTYiLCJlbmMiOiJBMjU2R0NNIn0.QPRad3l4txNf5KQf3mGJq47aM-CdoJikZJ1dqQt1HndNjbHY3Clx\
         lncZ3hJDe_Zvyg2bHSLLGAALNA23f95DI-krbbd761MzbfvpGPudcgShk3pg_T5xOjJwDRtynMA9yU07nOp7M0JJM12r7-5Tbdx2HcPF\
         BgqdWhxIkynKR2fAV7-oyH-ty5jqaYlxthnz2bddIhJM3MveiAvIQLQj1PwbjNTYke0DYoDAv86VejUhzi8ccjcK89sR3GgwNEDnCszU\
         R-0HmNWJJx6pucHS2dZfeO776SNauheORjiASFe-FUupqfmFYfMsFKgsAOWwYrFb_js5bJy_MIQlTAK9tw.PrDjkVnvj8DOcoYz.MIk0\
         6gyBVuz-qKv5PwXuTN0ntPUoWw.JeXTwXPs-35MQpwjPpuEyg",
    ),
    (
        KeyManagement::EcdhEsA128Kw,
        "eyJhbGciOiJFQ0RILUVTK0ExMjhLVyIsImVuYyI6IkExMjhDQkMtSFMyNTYiLCJlcGsiOnsiY3J2IjoiUC0yNTYiLCJ4IjoidlV4NXcz\
         R0RhTFhmaXo1RHBiR3FFWTMySGFPMXZSLW1KYmpNczQtSjB2QSIsInkiOiJfNm1FMnlxSmI0ZThjTWJ4aXRSTm1UWFdIZnAtNGxRaXdC\
         dkNpNTJHUDNNIiwia3R5IjoiRUMifX0.grbOA0rca48Y6sOCbi9Lu_6kOe-l-ym7O6EzG6FkAJ5Fm5O36v9scQ.3ojsjfn497P-FHNCj\
         32wOA.U5jDZVz44ccOXk4wDfpf7whPJ_CqI2DplJI0RKcHc00.xYMYVk9Dn6bp7iSVieIkHQ",
    ),
    (
        KeyManagement::EcdhEsA256Kw,
        "eyJhbGciOiJFQ0RILUVTK0EyNTZLVyIsImVuYyI6IkEyNTZHQ00iLCJhcHUiOiJRV3hwWTJVIiwiYXB2IjoiUW05aSIsImVwayI6eyJj\
         cnYiOiJQLTI1NiIsIngiOiI0ZXRZeWFLVVlGTUtNNjN6cUU1dEFQMllKVW9ZbVFyNTBMNjZMdDZsRWtRIiwieSI6IlgwWGFvb21KSkdW\
         bF9fWDRtRnU5MVNJRTVQZWlhM3ViZ0Y2MjBpWWZPVTQiLCJrdHkiOiJFQyJ9fQ.0qOdztRePeHMPRIro68kYbXYr5Pz0mmsSm7u8yHVF\
         DCDjOCnBjyJmw.wg5-mNzxRBJW0oZy.CG_9fi9RgjxB2YvSvaTwtBWqx9qYNw.1xNi8U0NYLzITalk8PGI2w",
    ),
];

/// Bytes that were chosen before, then bytes that count.
struct Chosen(Vec<u8>);

impl Entropy for Chosen {
    fn fill(&mut self, bytes: &mut [u8]) {
        let chosen: Vec<u8> = self.0.drain(..bytes.len().min(self.0.len())).collect();
        let counting = (1..=255).cycle();
        for (byte, value) in bytes.iter_mut().zip(chosen.into_iter().chain(counting)) {
            *byte = value;
        }
    }
}

fn counting() -> Chosen {
    Chosen(Vec::new())
}

fn base64(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(char::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
}

fn new_key(alg: KeyManagement) -> DecryptionKey {
    DecryptionKey::from_pkcs8(alg, &DecryptionKey::generate(alg).unwrap()).unwrap()
}

/// One key for each algorithm.
static KEYS: LazyLock<Vec<DecryptionKey>> = LazyLock::new(|| KeyManagement::ALL.map(new_key).into());

fn key(alg: KeyManagement) -> &'static DecryptionKey {
    KEYS.iter().find(|key| key.alg() == alg).unwrap()
}

/// A P-256 key from its number.
fn p256(d: &str) -> PrivateKey {
    PrivateKey::from_private_key(&ECDH_P256, &base64(d)).unwrap()
}

/// The private key of RFC 7520 §5.5.
fn meriadoc(alg: KeyManagement) -> DecryptionKey {
    let private: EcPrivateKeyRfc5915Der<'_> = p256("r_kHyZ-a06rmxM3yESK84r1otSg-aQcVStkRhA-iCM8").as_der().unwrap();
    let mut key = DecryptionKey::from_pkcs8(alg, private.as_ref()).unwrap();
    key.kid = "meriadoc.brandybuck@buckland.example".to_owned();
    key
}

fn set(keys: &[Value]) -> ClientKeys {
    ClientKeys::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

fn published(alg: KeyManagement) -> ClientKeys {
    set(std::slice::from_ref(key(alg).jwk()))
}

/// A message for each pair of algorithms.
static MESSAGES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let pairs = KeyManagement::ALL.into_iter().flat_map(|alg| ContentEncryption::ALL.map(|enc| (alg, enc)));
    pairs.map(|(alg, enc)| encrypted(alg, enc)).collect()
});

fn encrypted(alg: KeyManagement, enc: ContentEncryption) -> String {
    published(alg).encryption_key(alg).unwrap().encrypt(PLAIN, enc, Some("JWT"), &mut counting()).unwrap()
}

fn header(text: &str) -> Value {
    serde_json::from_slice(&base64(text.split_once('.').unwrap().0)).unwrap()
}

/// A message by ECDH-ES and A256GCM as somebody with other habits would make it.
fn with_header(change: impl Fn(&mut Value), parties: &Parties) -> String {
    let (alg, enc) = (KeyManagement::EcdhEs, ContentEncryption::A256Gcm);
    let ephemeral = p256("AtH35vJsQ9SGjYfOsjUxYXQKrPH3FjZHmEtSKoSN8cM");
    let theirs =
        [vec![4], base64(key(alg).jwk()["x"].as_str().unwrap()), base64(key(alg).jwk()["y"].as_str().unwrap())];
    let agreed = alg.agree(enc, &ephemeral, &theirs.concat(), parties).unwrap();
    let mut header = json!({ "alg": alg, "enc": enc, "kid": key(alg).kid(), "epk": {
        "kty": "EC", "crv": "P-256", "x": "mPUKT_bAWGHIhg0TpjjqVsP1rXWQu_vwVOHHtNkdYoA",
        "y": "8BQAsImGeAS46fyWw5MhYfGTT0IjBpFw2SS34Dv4Irs" } });
    change(&mut header);
    let protected = URL_SAFE_NO_PAD.encode(header.to_string());
    let content = enc.encrypt(&agreed, vec![7; 12], protected.as_bytes(), PLAIN).unwrap();
    let parts = [content.iv, content.ciphertext, content.tag].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{protected}..{}", parts.join("."))
}

#[test]
fn s5_what_is_encrypted_for_a_key_decrypts_with_it_and_with_no_other() {
    for alg in KeyManagement::ALL {
        let others = [new_key(alg)];
        for enc in ContentEncryption::ALL {
            let text = encrypted(alg, enc);
            assert_eq!(decrypt(&text, &*KEYS, LONGEST).as_deref(), Some(PLAIN), "{alg} {enc}");
            assert_eq!(decrypt(&text, &others, LONGEST), None, "{alg} {enc}");
            assert_eq!(decrypt(&text, KEYS.iter().filter(|key| key.alg() != alg), LONGEST), None, "{alg} {enc}");
            let header = header(&text);
            assert_eq!((&header["alg"], &header["enc"]), (&json!(alg.as_str()), &json!(enc.as_str())));
            assert_eq!((&header["kid"], &header["cty"]), (&json!(key(alg).kid()), &json!("JWT")));
        }
    }
}

#[test]
fn s5_content_of_every_length_comes_back() {
    let keys = published(KeyManagement::EcdhEs);
    let key = keys.encryption_key(KeyManagement::EcdhEs).unwrap();
    for enc in ContentEncryption::ALL {
        for length in [0, 1, 15, 16, 17, 31, 32, 5_000] {
            let plain = vec![0x10; length];
            let text = key.encrypt(&plain, enc, None, &mut counting()).unwrap();
            assert_eq!(decrypt(&text, &*KEYS, LONGEST), Some(plain), "{enc} {length}");
            assert_eq!(header(&text).get("cty"), None);
        }
    }
}

#[test]
fn rfc7520_s5_5_the_example_of_the_cookbook_both_ways() {
    let plain = "You can trust us to stick with you through thick and thin–to the bitter end. And you can trust us to keep any \
                 secret of yours–closer than you keep it yourself. But you cannot trust us to let you face trouble alone, and \
                 go off without a word. We are your friends, Frodo.";
    let text = "eyJhbGciOiJFQ0RILUVTIiwia2lkIjoibWVyaWFkb2MuYnJhbmR5YnVja0BidWNrbGFuZC5leGFtcGxlIiwiZXBrIjp7Imt0eSI6IkVDIi\
                wiY3J2IjoiUC0yNTYiLCJ4IjoibVBVS1RfYkFXR0hJaGcwVHBqanFWc1AxclhXUXVfdndWT0hIdE5rZFlvQSIsInkiOiI4QlFBc0ltR2VB\
                UzQ2ZnlXdzVNaFlmR1RUMElqQnBGdzJTUzM0RHY0SXJzIn0sImVuYyI6IkExMjhDQkMtSFMyNTYifQ..yc9N8v5sYyv3iGQT926IUg.BoD\
                lwPnTypYq-ivjmQvAYJLb5Q6l-F3LIgQomlz87yW4OPKbWE1zSTEFjDfhU9IPIOSA9Bml4m7iDFwA-1ZXvHteLDtw4R1XRGMEsDIqAYtsk\
                TTmzmzNa-_q4F_evAPUmwlO-ZG45Mnq4uhM1fm_D9rBtWolqZSF3xGNNkpOMQKF1Cl8i8wjzRli7-IXgyirlKQsbhhqRzkv8IcY6aHl24j\
                03C-AR2le1r7URUhArM79BY8soZU0lzwI-sD5PZ3l4NDCCei9XkoIAfsXJWmySPoeRb2Ni5UZL4mYpvKDiwmyzGd65KqVw7MsFfI_K767G\
                9C9Azp73gKZD0DyUn1mn0WW5LmyX_yJ-3AROq8p1WZBfG-ZyJ6195_JGG2m9Csg.WCCkNa-x4BeB9hIDIfFuhg";
    let keys =
        set(&[json!({ "kty": "EC", "kid": "meriadoc.brandybuck@buckland.example", "use": "enc", "crv": "P-256",
        "x": "Ze2loSV3wrroKUN_4zhwGhCqo3Xhu1td4QjeQ5wIVR0", "y": "HlLtdXARY_f55A3fnzQbPcm6hgr34Mp8p-nuzQCE0Zw" })]);
    let chosen = ["AtH35vJsQ9SGjYfOsjUxYXQKrPH3FjZHmEtSKoSN8cM", "yc9N8v5sYyv3iGQT926IUg"].map(base64).concat();
    let key = keys.encryption_key(KeyManagement::EcdhEs).unwrap();
    let ours = key.encrypt(plain.as_bytes(), ContentEncryption::A128CbcHs256, None, &mut Chosen(chosen)).unwrap();
    assert_eq!(ours, text);
    let private = meriadoc(KeyManagement::EcdhEs);
    assert_eq!(decrypt(text, [&private], LONGEST).as_deref(), Some(plain.as_bytes()));
}

#[test]
fn what_another_library_encrypted_decrypts() {
    for (alg, text) in FOREIGN {
        let key = match alg {
            KeyManagement::RsaOaep256 => DecryptionKey::from_pkcs8(alg, &base64(RSA)).unwrap(),
            _ => meriadoc(alg),
        };
        assert_eq!(decrypt(text, [&key], LONGEST).as_deref(), Some(&b"Live long and prosper."[..]), "{alg}");
    }
}

#[test]
fn rfc7518_appendix_b_1_the_example_of_a128cbc_hs256() {
    let key: Vec<u8> = (0..32).collect();
    let plain =
        b"A cipher system must not be required to be secret, and it must be able to fall into the hands of the enemy \
                  without inconvenience";
    let aad = b"The second principle of Auguste Kerckhoffs";
    let ciphertext = hex(
        "c80edfa32ddf39d5ef00c0b468834279 a2e46a1b8049f792f76bfe54b903a9c9 a94ac9b47ad2655c5f10f9aef71427e2 \
                          fc6f9b3f399a221489f16362c7032336 09d45ac69864e3321cf82935ac4096c8 6e133314c54019e8ca7980dfa4b9cf1b \
                          384c486f3a54c51078158ee5d79de59f bd34d848b3d69550a67646344427ade5 4b8851ffb598f7f80074b9473c82e2db",
    );
    let enc = ContentEncryption::A128CbcHs256;
    let encrypted = enc.encrypt(&key, hex("1af38c2dc2b96ffdd86694092341bc04"), aad, plain).unwrap();
    assert_eq!((&encrypted.ciphertext, &encrypted.tag), (&ciphertext, &hex("652c3fa36b0a7c5b3219fab3a30bc1c4")));
    assert_eq!(enc.decrypt(&key, aad, &encrypted).as_deref(), Some(&plain[..]));
}

#[test]
fn rfc7516_appendix_a_the_content_of_the_examples() {
    let open = |enc: ContentEncryption, key: &[u8], aad: &str, parts: [&str; 3]| {
        let [iv, ciphertext, tag] = parts.map(base64);
        let plain = enc.decrypt(key, aad.as_bytes(), &Encrypted { iv, ciphertext, tag }).unwrap();
        String::from_utf8(plain).unwrap()
    };
    // Appendix A.1, from A.1.2 on.
    let key = [
        177, 161, 244, 128, 84, 143, 225, 115, 63, 180, 3, 255, 107, 154, 212, 246, 138, 7, 110, 91, 112, 46, 34, 105,
        47, 130, 203, 46, 122, 234, 64, 252,
    ];
    let ciphertext = "5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A";
    let aad = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ";
    let plain = open(ContentEncryption::A256Gcm, &key, aad, ["48V1_ALb6US04U3b", ciphertext, "XFBoMYUZodetZdvTiFvSkQ"]);
    assert_eq!(plain, "The true sign of intelligence is not knowledge but imagination.");
    // Appendix A.3: the key of the content is wrapped with AES-128.
    let kek = base64("GawgguFyGrWKav7AX4VKUg");
    let wrapped = base64("6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ");
    let key = KeyManagement::EcdhEsA128Kw.unwrap(&kek, &wrapped).unwrap();
    assert_eq!(KeyManagement::EcdhEsA128Kw.wrap(&kek, &key).unwrap(), wrapped);
    let parts = ["AxY8DCtDaGlsbGljb3RoZQ", "KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY", "U0m_YmjN04DJvceFICbCVQ"];
    let aad = "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0";
    assert_eq!(open(ContentEncryption::A128CbcHs256, &key, aad, parts), "Live long and prosper.");
}

#[test]
fn rfc7518_appendix_c_both_sides_agree_on_the_key_of_the_example() {
    let alice = p256("0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo");
    let bob = p256("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw");
    let point = |key: &PrivateKey| key.compute_public_key().unwrap().as_ref().to_vec();
    let parties = Parties { apu: b"Alice".to_vec(), apv: b"Bob".to_vec() };
    for (ours, theirs) in [(&alice, point(&bob)), (&bob, point(&alice))] {
        let agree = |parties| KeyManagement::EcdhEs.agree(ContentEncryption::A128Gcm, ours, &theirs, parties).unwrap();
        assert_eq!(*agree(&parties), base64("VqqN6vgjbSBcIijNcacQGg"));
        assert_ne!(agree(&parties), agree(&Parties::default()));
    }
}

#[test]
fn rfc7518_s4_6_1_2_the_parties_take_part_in_the_key() {
    let alice = Parties { apu: b"Alice".to_vec(), apv: Vec::new() };
    let named = |header: &mut Value| header["apu"] = json!(URL_SAFE_NO_PAD.encode("Alice"));
    assert_eq!(decrypt(&with_header(named, &alice), &*KEYS, LONGEST).as_deref(), Some(PLAIN));
    assert_eq!(decrypt(&with_header(|_| (), &alice), &*KEYS, LONGEST), None);
    let bob = Parties { apu: Vec::new(), apv: b"Bob".to_vec() };
    let named = |header: &mut Value| header["apv"] = json!(URL_SAFE_NO_PAD.encode("Bob"));
    assert_eq!(decrypt(&with_header(named, &bob), &*KEYS, LONGEST).as_deref(), Some(PLAIN));
    let swapped = Parties { apu: b"Bob".to_vec(), apv: Vec::new() };
    assert_eq!(decrypt(&with_header(named, &swapped), &*KEYS, LONGEST), None);
}

#[test]
fn s4_1_a_header_says_nothing_that_is_not_understood() {
    let judged = |name: &str, value: Value| {
        let text = with_header(|header| header[name] = value.clone(), &Parties::default());
        decrypt(&text, &*KEYS, LONGEST)
    };
    for (name, value) in [("typ", json!("JOSE")), ("cty", json!("JWT")), ("made-up", json!({})), ("apu", json!(""))] {
        assert_eq!(judged(name, value).as_deref(), Some(PLAIN), "{name}");
    }
    let off_the_curve = json!({ "kty": "EC", "crv": "P-256", "x": "mPUKT_bAWGHIhg0TpjjqVsP1rXWQu_vwVOHHtNkdYoA",
        "y": "8BQAsImGeAS46fyWw5MhYfGTT0IjBpFw2SS34Dv4Irw" });
    for (name, value) in [
        ("zip", json!("DEF")),
        ("zip", json!(null)),
        ("crit", json!(["exp"])),
        ("jwk", json!({})),
        ("jku", json!("https://example.com")),
        ("kid", json!("other")),
        ("kid", json!(1)),
        ("alg", json!("dir")),
        ("alg", json!("RSA1_5")),
        ("alg", json!("RSA-OAEP")),
        ("alg", json!("RSA-OAEP-256")),
        ("alg", json!("ECDH-ES+A192KW")),
        ("alg", json!("PBES2-HS256+A128KW")),
        ("alg", json!(null)),
        ("enc", json!("A128GCM")),
        ("enc", json!("A192GCM")),
        ("enc", json!("A256CBC-HS512")),
        ("enc", json!(["A256GCM"])),
        ("epk", json!(null)),
        ("epk", off_the_curve),
        ("epk", json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" })),
        ("apu", json!("=")),
        ("apu", json!(1)),
        ("apv", json!(null)),
    ] {
        assert_eq!(judged(name, value.clone()), None, "{name} {value}");
    }
}

#[test]
fn s4_1_6_without_a_name_every_key_of_the_algorithm_is_tried() {
    let anonymous = |header: &mut Value| drop(header.as_object_mut().unwrap().remove("kid"));
    let text = with_header(anonymous, &Parties::default());
    let [one, other] = [new_key(KeyManagement::EcdhEs), new_key(KeyManagement::EcdhEs)];
    assert_eq!(decrypt(&text, [&one, key(KeyManagement::EcdhEs), &other], LONGEST).as_deref(), Some(PLAIN));
    assert_eq!(decrypt(&text, [&one, &other], LONGEST), None);
}

#[test]
fn s7_1_five_parts_and_not_too_long() {
    let text = encrypted(KeyManagement::EcdhEsA128Kw, ContentEncryption::A128CbcHs256);
    assert!(decrypt(&text, &*KEYS, text.len()).is_some());
    assert!(decrypt(&text, &*KEYS, text.len() - 1).is_none());
    let parts: Vec<&str> = text.split('.').collect();
    for text in [
        String::new(),
        "....".to_owned(),
        parts[..4].join("."),
        format!("{text}."),
        format!("{text}.{}", parts[4]),
        format!("{text}="),
        format!(" {text}"),
        format!("{}..{}", parts[0], parts[2..].join(".")),
    ] {
        assert_eq!(decrypt(&text, &*KEYS, LONGEST), None, "{text}");
    }
    // RFC 7516 §5.2: nothing stands where the key would, when it was agreed on.
    let text = encrypted(KeyManagement::EcdhEs, ContentEncryption::A128CbcHs256);
    assert_eq!(decrypt(&text.replacen("..", ".AAAA.", 1), &*KEYS, LONGEST), None);
}

#[test]
fn rfc7518_s5_a_tag_is_whole_and_stands_apart() {
    for enc in ContentEncryption::ALL {
        let (key, aad) = (vec![1; enc.key_length()], b"header");
        let encrypt = || enc.encrypt(&key, vec![2; enc.iv_length()], aad, PLAIN).unwrap();
        assert!(enc.decrypt(&key, aad, &encrypt()).is_some());
        let mut shorter = encrypt();
        shorter.tag.pop();
        assert!(enc.decrypt(&key, aad, &shorter).is_none(), "{enc}");
        let mut moved = encrypt();
        moved.tag.insert(0, moved.ciphertext.pop().unwrap());
        assert!(enc.decrypt(&key, aad, &moved).is_none(), "{enc}");
        let mut moved = encrypt();
        moved.ciphertext.insert(0, moved.iv.pop().unwrap());
        assert!(enc.decrypt(&key, aad, &moved).is_none(), "{enc}");
        for length in [0, key.len() - 1, key.len() + 1, 24, 64] {
            assert!(enc.encrypt(&vec![1; length], vec![2; enc.iv_length()], aad, PLAIN).is_none(), "{enc} {length}");
        }
    }
}

#[test]
fn rfc7517_s4_2_a_key_is_chosen_that_is_for_encryption() {
    for alg in KeyManagement::ALL {
        let chosen = |changes: &[(&str, Value)]| {
            let mut jwk = key(alg).jwk().clone();
            for (member, value) in changes {
                jwk[*member] = value.clone();
            }
            set(&[jwk]).encryption_key(alg).is_some()
        };
        let operation = if alg == KeyManagement::RsaOaep256 { "wrapKey" } else { "deriveKey" };
        assert!(chosen(&[]) && chosen(&[("use", Value::Null), ("alg", Value::Null)]));
        assert!(chosen(&[("key_ops", json!([operation, "sign"]))]));
        assert!(!chosen(&[("use", json!("sig"))]) && !chosen(&[("alg", json!("RSA-OAEP"))]));
        assert!(!chosen(&[("key_ops", json!(["verify"]))]));
        assert_eq!(chosen(&[("key_ops", json!([]))]), alg != KeyManagement::RsaOaep256, "agreeing is done in private");
        for other in KeyManagement::ALL.into_iter().filter(|other| *other != alg) {
            assert!(published(alg).encryption_key(other).is_none(), "{alg} {other}");
        }
    }
    let kid = |jwks: [Value; 3]| set(&jwks).encryption_key(KeyManagement::EcdhEs).unwrap().kid.map(str::to_owned);
    let jwk = |kid: &str, public_key_use: Value, alg: Value| {
        let mut jwk = key(KeyManagement::EcdhEs).jwk().clone();
        (jwk["kid"], jwk["use"], jwk["alg"]) = (json!(kid), public_key_use, alg);
        jwk
    };
    let (any, enc) = (jwk("any", Value::Null, Value::Null), jwk("enc", json!("enc"), Value::Null));
    let (alg, second) = (jwk("alg", Value::Null, json!("ECDH-ES")), jwk("second", Value::Null, Value::Null));
    assert_eq!(kid([any.clone(), enc.clone(), alg]).as_deref(), Some("alg"));
    assert_eq!(kid([any.clone(), second.clone(), enc]).as_deref(), Some("enc"));
    assert_eq!(kid([any.clone(), second.clone(), second]).as_deref(), Some("any"));
}

#[test]
fn rfc7517_s4_a_key_is_published_without_its_private_parts() {
    let set = SigningKeys::default().key_set(Timestamp::from_unix(0));
    let both = set.clone().with_encryption_keys(&*KEYS);
    assert_ne!(set.etag(), both.etag());
    let document = serde_json::to_value(&both).unwrap();
    for (key, alg) in document["keys"].as_array().unwrap().iter().zip(KeyManagement::ALL) {
        let names: Vec<&str> = key.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = if alg == KeyManagement::RsaOaep256 { "alg e kid kty n use" } else { "alg crv kid kty use x y" };
        assert_eq!(names.join(" "), expected);
        assert_eq!((&key["use"], &key["alg"]), (&json!("enc"), &json!(alg.as_str())));
        assert_eq!(key["kid"], *super::tests::key(alg).kid());
    }
    let one = set.with_encryption_keys(&KEYS[..1]);
    assert_ne!(one.etag(), both.etag());
}

#[test]
fn a_key_reads_as_one_of_its_own_type_only() {
    let p256 = DecryptionKey::generate(KeyManagement::EcdhEs).unwrap();
    let rsa = DecryptionKey::generate(KeyManagement::RsaOaep256).unwrap();
    let ed25519 = SigningKey::generate(crate::jose::Algorithm::EdDSA).unwrap();
    for alg in KeyManagement::ALL {
        let for_rsa = alg == KeyManagement::RsaOaep256;
        assert_eq!(DecryptionKey::from_pkcs8(alg, &rsa).is_some(), for_rsa);
        assert_eq!(DecryptionKey::from_pkcs8(alg, &p256).is_some(), !for_rsa);
        assert!(DecryptionKey::from_pkcs8(alg, &ed25519).is_none());
        assert!(DecryptionKey::from_pkcs8(alg, b"").is_none());
    }
}

#[test]
fn a_number_above_the_order_of_the_curve_is_no_ephemeral_key() {
    let keys = published(KeyManagement::EcdhEs);
    let key = keys.encryption_key(KeyManagement::EcdhEs).unwrap();
    let encrypt = |chosen| key.encrypt(PLAIN, ContentEncryption::A256Gcm, None, &mut Chosen(chosen));
    assert_eq!(decrypt(&encrypt(vec![0xff; 32]).unwrap(), &*KEYS, LONGEST).as_deref(), Some(PLAIN));
    assert!(encrypt(vec![0xff; 128]).is_none());
}

#[test]
fn every_algorithm_has_one_name() {
    for alg in KeyManagement::ALL {
        assert_eq!((KeyManagement::parse(alg.as_str()), json!(alg)), (Some(alg), json!(alg.as_str())));
    }
    for enc in ContentEncryption::ALL {
        assert_eq!((ContentEncryption::parse(enc.as_str()), json!(enc)), (Some(enc), json!(enc.as_str())));
    }
    assert_eq!((KeyManagement::parse("dir"), ContentEncryption::parse("A192GCM")), (None, None));
}

proptest! {
    #[test]
    fn a_changed_bit_decrypts_nowhere(
        text in prop::sample::select(&**MESSAGES),
        part in 0..5_usize,
        position in any::<prop::sample::Index>(),
        bit in 0..8_u32,
    ) {
        let mut parts: Vec<Vec<u8>> = text.split('.').map(base64).collect();
        if parts[part].is_empty() {
            return Ok(());
        }
        let position = position.index(parts[part].len());
        parts[part][position] ^= 1 << bit;
        let changed: Vec<String> = parts.iter().map(|part| URL_SAFE_NO_PAD.encode(part)).collect();
        prop_assert_eq!(decrypt(&changed.join("."), &*KEYS, LONGEST), None);
    }

    #[test]
    fn a_changed_letter_decrypts_nowhere(position in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_.=-]") {
        let text = &MESSAGES[9];
        let position = position.index(text.len());
        let changed = format!("{}{letter}{}", &text[..position], &text[position + 1..]);
        prop_assume!(changed != *text);
        prop_assert_eq!(decrypt(&changed, &*KEYS, LONGEST), None);
    }

    #[test]
    fn no_text_is_too_strange_to_refuse(text in "\\PC{0,60}") {
        prop_assert_eq!(decrypt(&text, &*KEYS, LONGEST), None);
    }
}
