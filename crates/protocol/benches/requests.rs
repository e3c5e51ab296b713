//! What the steps of a request cost that are taken for every token: `cargo bench -p grantry-protocol`.

// What is measured works, or there is nothing to measure.
#![expect(clippy::unwrap_used, reason = "a program beside the tests")]

use divan::{Bencher, black_box};
use grantry_protocol::client_auth::Credentials;
use grantry_protocol::entropy::Entropy;
use grantry_protocol::redirect_uri::RedirectUri;
use grantry_protocol::sealed::{self, AccessSubject, AccessToken, KeyRing, SealingKey};
use grantry_protocol::types::Seconds;
use grantry_protocol::{GrantId, Params, Scope, Timestamp, WorkspaceId};

/// Of a code exchange with PKCE.
const FORM: &[u8] =
    b"grant_type=authorization_code&client_id=client-0001&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback\
    &code=gry_ac_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v\
    &code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// `client-0001` and a secret of 43 characters.
const BASIC: &str = "Basic Y2xpZW50LTAwMDE6MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YQ==";
const SCOPE: &str = "openid profile email read write";

fn main() {
    divan::main();
}

/// Randomness has a price of its own, which is not asked for here.
struct Counter(u8);

impl Entropy for Counter {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0 = self.0.wrapping_add(1);
        bytes.fill(self.0);
    }
}

fn ring() -> KeyRing {
    KeyRing::new(WorkspaceId(1), vec![SealingKey::new(1, &[7; 32]).unwrap()]).unwrap()
}

fn token() -> AccessToken {
    let issued_at = Timestamp::from_unix(1_800_000_000);
    AccessToken {
        token_id: [1; 16],
        about: AccessSubject::Grant(GrantId(1 << 40)),
        scope: Scope::parse(SCOPE).unwrap(),
        audience: Vec::new(),
        issued_at,
        expires_at: issued_at.plus(Seconds::hours(1)),
    }
}

#[divan::bench]
fn seal_an_access_token(bencher: Bencher<'_, '_>) {
    let (ring, token, mut entropy) = (ring(), token(), Counter(0));
    bencher.bench_local(|| sealed::seal(&ring, black_box(&token), &mut entropy));
}

#[divan::bench]
fn open_an_access_token(bencher: Bencher<'_, '_>) {
    let ring = ring();
    let text = sealed::seal(&ring, &token(), &mut Counter(0));
    bencher.bench_local(|| sealed::open::<AccessToken>(&ring, black_box(&text)).unwrap());
}

#[divan::bench]
fn refuse_what_is_no_token(bencher: Bencher<'_, '_>) {
    let ring = ring();
    let mut text = sealed::seal(&ring, &token(), &mut Counter(0));
    text.replace_range(20..21, if &text[20..21] == "A" { "B" } else { "A" });
    bencher.bench_local(|| sealed::open::<AccessToken>(&ring, black_box(&text)));
}

#[divan::bench]
fn parse_a_form() -> Params {
    Params::parse(black_box(FORM)).unwrap()
}

#[divan::bench]
fn read_basic_credentials(bencher: Bencher<'_, '_>) {
    let form = Params::parse(b"grant_type=client_credentials&scope=read").unwrap();
    bencher.bench_local(|| Credentials::read(black_box(Some(BASIC)), &form).unwrap());
}

#[divan::bench(args = ["https://app.example/callback", "https://app.example/callback2", "http://127.0.0.1:4711/callback"])]
fn match_a_redirect_uri(bencher: Bencher<'_, '_>, presented: &str) {
    let uris =
        ["https://app.example/callback", "http://127.0.0.1/callback"].map(|it| RedirectUri::register(it).unwrap());
    bencher.bench_local(|| uris.iter().any(|uri| uri.matches(black_box(presented))));
}

#[divan::bench]
fn parse_a_scope() -> Scope {
    Scope::parse(black_box(SCOPE)).unwrap()
}

#[divan::bench]
fn narrow_a_scope(bencher: Bencher<'_, '_>) {
    let (asked, allowed) = (Scope::parse(SCOPE).unwrap(), Scope::parse("openid email read admin").unwrap());
    bencher.bench_local(|| black_box(&asked).intersection(black_box(&allowed)));
}
