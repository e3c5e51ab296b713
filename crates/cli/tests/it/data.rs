//! Workspaces, users, apps and keys: the same commands, whoever has the database open.

use crate::world::{Home, Serving};
use serde_json::json;

#[test]
fn while_no_server_runs() {
    everything(&Home::new(), None);
}

#[test]
fn while_a_server_runs() {
    let home = Home::new();
    let server = home.start("serve --listen 127.0.0.1:0");
    everything(&home, Some(&server));
    let (status, said) = server.stop();
    assert_eq!(status, Some(0), "{said}");
    assert!(!home.data("control.sock").exists());
}

/// All commands on data, in one life of a workspace.
pub(crate) fn everything(home: &Home, server: Option<&Serving>) {
    workspaces(home, server);
    users(home);
    apps(home, server);
    keys(home, server);
    openid(home);
    assert_eq!(home.json("workspace delete acme --yes"), json!({"deleted": "acme"}));
    assert_eq!(home.json("workspace list")["total"], 1);
}

fn workspaces(home: &Home, server: Option<&Serving>) {
    let made = home.json("workspace create acme --name Acme~Ltd --access-token-lifetime 900");
    let issuer = server.map_or("http://127.0.0.1:8080/acme".to_owned(), |server| format!("{}/acme", server.url()));
    assert_eq!(made["workspace"], "acme");
    assert_eq!(made["issuer"], issuer);
    assert_eq!(made["name"], "Acme Ltd");
    assert_eq!(made["grant_types"], json!(["authorization_code", "client_credentials", "refresh_token"]));
    assert_eq!(made["lifetimes"]["access_token"], 900);
    assert_eq!(made["scopes"][0], json!({"name": "read", "description": "See your data", "optional": false}));
    assert_eq!(made["scopes"][1]["optional"], true);
    assert_eq!(home.json("workspace show acme"), made);

    assert!(home.fails(1, "workspace create acme").contains("exists already"));
    assert!(home.fails(1, "workspace show nope").contains("`grantry workspace list`"));
    assert!(home.fails(1, "workspace update acme --code-lifetime 601").contains("RFC 6749 section 4.1.2"));
    assert!(home.fails(1, "workspace update acme --remove-scope nope").contains("`read`, `write`"));
    assert!(home.fails(2, "workspace delete acme").contains("--yes"));

    let changed = home.json(
        "workspace update acme --allow-grant password --forbid-grant refresh_token --scope pay=Pay~for~you \
         --scope-audience pay=https://pay.example --app-registration admins --disable",
    );
    assert_eq!(changed["grant_types"], json!(["authorization_code", "password", "client_credentials"]));
    let pay = changed["scopes"].as_array().unwrap().iter().find(|scope| scope["name"] == "pay").unwrap();
    assert_eq!(pay["audience"], "https://pay.example");
    assert_eq!(changed["app_registration"], "admins");
    assert!(changed["disabled_at"].is_i64());
    let changed = home.json("workspace update acme --enable --remove-scope pay --allow-grant refresh_token");
    assert!(changed["disabled_at"].is_null());
    assert_eq!((changed["scopes"].as_array().unwrap().len(), &changed["sign_up"]), (8, &json!(false)));
    assert_eq!(home.json("workspace update acme --sign-up on")["sign_up"], true);
    assert_eq!(home.json("workspace update acme --sign-up off")["sign_up"], false);
    assert_eq!(home.run("workspace update acme --sign-up maybe", "").status.code(), Some(2));

    registration(home, &issuer);

    home.json("workspace create other --scope all=Do~everything --grant client_credentials --sign-up on");
    assert_eq!(home.json("workspace list")["total"], 2);
    let found = home.json("workspace list --search OTH --limit 1");
    assert_eq!(found["workspaces"][0]["scopes"].as_array().unwrap().len(), 7);
    assert_eq!(found["workspaces"][0]["sign_up"], true);
}

/// Who may register apps without a person at the portal.
fn registration(home: &Home, issuer: &str) {
    assert!(home.fails(1, "workspace registration-token acme").contains("--dynamic-registration initial_access_token"));
    home.write(
        "publisher.json",
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
    );
    home.write("no-keys.json", r#"{"keys":[]}"#);
    let trust = |file: &str| {
        let file = home.path(file);
        format!(
            "workspace update acme --dynamic-registration initial_access_token --trust-publisher https://pub.example={}",
            file.display()
        )
    };
    assert!(home.fails(1, &trust("no-keys.json")).contains("https://pub.example"));
    assert_eq!(home.run(&trust("nothing.json"), "").status.code(), Some(2), "there is no such file");
    let changed = home.json(&trust("publisher.json"));
    assert_eq!(changed["dynamic_registration"], "initial_access_token");
    assert_eq!(changed["software_publishers"], json!(["https://pub.example"]));
    assert!(home.fails(1, "workspace registration-token acme --expires-in 0").contains("1 to"));
    let made = home.json("workspace registration-token acme --expires-in 60");
    assert_eq!(
        (&made["workspace"], &made["registration_endpoint"]),
        (&json!("acme"), &json!(format!("{issuer}/oauth2/register")))
    );
    assert!(made["initial_access_token"].as_str().unwrap().starts_with("gry_ia_"));
    assert!(made["expires_at"].is_i64());
    let changed =
        home.json("workspace update acme --dynamic-registration open --distrust-publisher https://pub.example");
    assert_eq!((&changed["dynamic_registration"], changed.get("software_publishers")), (&json!("open"), None));
}

fn users(home: &Home) {
    let made = home.json_with(
        "user create --workspace acme --username ann --password-stdin --admin --name Ann --claim email=ann@example.com \
         --claim email_verified=true",
        "pass word\n",
    );
    assert_eq!((&made["username"], &made["name"], &made["admin"]), (&json!("ann"), &json!("Ann"), &json!(true)));
    assert_eq!(made["claims"], json!({"email": "ann@example.com", "email_verified": true}));
    assert!(made["sub"].as_str().unwrap().len() >= 20);
    assert_eq!(home.json("user show --workspace acme ann"), made);

    assert!(home.fails(2, "user create --workspace acme --username eve").contains("--password-stdin"));
    assert!(home.fails(2, "user create --workspace acme --username eve --password-stdin").contains("is empty"));
    let import = "user create --workspace acme --username zoe --password-hash-stdin";
    assert!(!home.run(import, "$1$salt$qJH7.N4xYta3aEG/dfqo/0\n").status.success());
    let hash = "$2b$04$BfDQNY.sfTFyrPjzEtny5.LiZLsUn/KlAYtw2pz3rn.GkDlm81SgK\n";
    assert_eq!(home.json_with(import, hash)["username"], "zoe");
    home.json("user delete --workspace acme zoe --yes");
    let twice = home.run("user create --workspace acme --username ann --password-stdin", "x");
    assert!(String::from_utf8(twice.stderr).unwrap().contains("exists already"));
    assert!(home.fails(1, "user show --workspace acme eve").contains("has no user `eve`"));
    assert!(home.fails(1, "user show --workspace nope eve").contains("workspace `nope` does not exist"));
    assert!(home.fails(1, "user update --workspace acme ann --claim sub=x").contains("not a standard claim"));

    let changed = home.json("user update --workspace acme ann --no-admin --disable --claim email=");
    assert_eq!(changed["admin"], false);
    assert_eq!(changed["claims"]["email_verified"], true);
    assert!(changed["claims"]["email"].is_null() && changed["claims"]["updated_at"].is_i64());
    assert!(changed["disabled_at"].is_i64());
    assert!(home.json("user update --workspace acme ann --enable")["disabled_at"].is_null());
    assert_eq!(home.json("user list --workspace acme")["users"][0]["username"], "ann");
    assert_eq!(home.json("user list --workspace other"), json!({"users": [], "total": 0}));
}

fn apps(home: &Home, server: Option<&Serving>) {
    let web = home.json("app create --workspace acme --name Web --type web --redirect-uri https://a.example/cb");
    assert_eq!(web["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(web["grant_types"], json!(["authorization_code", "refresh_token"]));
    assert_eq!(web["scope"], "address email offline_access openid phone profile read write");
    assert_eq!(web["client_secret"].as_str().unwrap().len(), 43);
    let spa = home.json("app create --workspace acme --name Spa --type spa --redirect-uri https://a.example/cb");
    assert_eq!(spa["token_endpoint_auth_method"], "none");
    assert!(spa["client_secret"].is_null() && spa["secrets"].is_null());

    let app = "--workspace acme --name X";
    assert!(home.fails(1, &format!("app create {app} --type web")).contains("needs at least one --redirect-uri"));
    assert!(home.fails(1, &format!("app create {app} --type service --scope nope")).contains("`read`, `write`"));
    assert!(
        home.fails(1, &format!("app create {app} --type service --grant implicit")).contains("--allow-grant implicit")
    );
    assert!(
        home.fails(1, &format!("app create {app} --type spa --grant client_credentials"))
            .contains("RFC 6749 section 4.4")
    );
    let wrong = home.run(&format!("app create {app} --type web --redirect-uri http://a.example"), "");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("a redirect URI uses https"));

    let job = "app create --workspace acme --name Job --type service --client-id job --auth-method client_secret_post";
    let words = "correct horse battery staple";
    let made = home.json_with(&format!("{job} --secret-stdin --resource https://api.example"), words);
    assert!(made["client_secret"].is_null(), "a secret that was brought along is known already");
    assert_eq!(made["resource"], "https://api.example");
    assert!(home.fails(1, job).contains("client_id `job` is taken"));
    assert_eq!(home.json("app list --workspace acme")["total"], 3);
    secrets(home, server, words);

    let id = spa["client_id"].as_str().unwrap();
    let changed =
        home.json(&format!("app update --workspace acme {id} --name Page --scope read --access-token-lifetime 60"));
    assert_eq!((&changed["client_name"], &changed["scope"]), (&json!("Page"), &json!("read")));
    assert_eq!(changed["lifetimes"], json!({"access_token": 60}));
    assert_eq!(home.json(&format!("app show --workspace acme {id}")), changed);
    home.json("workspace update acme --remove-scope write");
    assert_eq!(home.json("app show --workspace acme job")["scope"], "read");
    assert_eq!(home.json(&format!("app delete --workspace acme {id} --yes")), json!({"deleted": id}));
    assert!(home.fails(1, &format!("app show --workspace acme {id}")).contains("has no app"));
    assert!(home.fails(1, "app show --workspace other job").contains("has no app"));
}

/// What an app registers for OpenID Connect.
fn openid(home: &Home) {
    let app = |more: &str| home.json(&format!("app update --workspace acme shop {more}"));
    let made = home.json(
        "app create --workspace acme --name Shop --type web --client-id shop --redirect-uri https://shop.example/cb \
         --post-logout-redirect-uri https://shop.example/bye --post-logout-redirect-uri https://shop.example/ciao \
         --id-token-alg EdDSA --subject-type pairwise --backchannel-logout-uri https://shop.example/out",
    );
    assert_eq!(made["post_logout_redirect_uris"], json!(["https://shop.example/bye", "https://shop.example/ciao"]));
    assert_eq!((&made["id_token_signed_response_alg"], &made["subject_type"]), (&json!("EdDSA"), &json!("pairwise")));
    let keys = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    std::fs::write(home.path("jwks"), json!({"keys": [keys]}).to_string()).unwrap();
    let changed =
        app(&format!("--jwks-file {} --initiate-login-uri https://shop.example/in", home.path("jwks").display()));
    assert_eq!((&changed["jwks"]["keys"][0]["crv"], &changed["jwks_uri"]), (&json!("Ed25519"), &json!(null)));
    assert_eq!(changed["backchannel_logout_uri"], "https://shop.example/out");
    let changed = app("--jwks-uri https://shop.example/jwks --initiate-login-uri=");
    assert_eq!((&changed["jwks"], &changed["jwks_uri"]), (&json!(null), &json!("https://shop.example/jwks")));
    assert_eq!(changed["initiate_login_uri"], json!(null));

    let metadata = |object: serde_json::Value| {
        std::fs::write(home.path("metadata"), object.to_string()).unwrap();
        format!("--metadata-file {}", home.path("metadata").display())
    };
    let changed =
        app(&metadata(json!({"subject_type": null, "default_max_age": 60, "contacts": ["ada@shop.example"]})));
    assert_eq!((&changed["subject_type"], &changed["default_max_age"]), (&json!("public"), &json!(60)));
    assert_eq!(changed["jwks_uri"], "https://shop.example/jwks");
    for wrong in [json!({"magic": 1}), json!({"default_max_age": "soon"})] {
        let refused = home.fails(1, &format!("app update --workspace acme shop {}", metadata(wrong.clone())));
        assert!(refused.contains(wrong.as_object().unwrap().keys().next().unwrap()), "{refused}");
    }
    let refused = home.fails(2, &format!("app update --workspace acme shop {}", metadata(json!([]))));
    assert!(refused.contains("a JSON object is expected"), "{refused}");
    assert_eq!(home.json("app show --workspace acme shop"), changed);
    home.json("app delete --workspace acme shop --yes");
}

/// The life of the secret of `job`, as its workspace's token endpoint sees it.
fn secrets(home: &Home, server: Option<&Serving>, first: &str) {
    let good = |secret: &str, expected: bool| {
        let Some(server) = server else { return };
        let (status, answer) = server.token("acme", "job", secret, "grant_type=client_credentials");
        assert_eq!(status, if expected { 200 } else { 401 }, "{answer}");
    };
    good(first, true);
    let rotated = home.json("app rotate-secret --workspace acme job");
    let second = rotated["client_secret"].as_str().unwrap();
    good(first, true);
    good(second, true);
    assert_eq!(rotated["secrets"].as_array().unwrap().len(), 2);
    assert!(home.json("app show --workspace acme job")["client_secret"].is_null());
    assert!(home.fails(1, "app rotate-secret --workspace acme job").contains("two good secrets already"));
    home.json("app retire-secret --workspace acme job");
    good(first, false);
    good(second, true);
    assert!(home.fails(1, "app retire-secret --workspace acme job").contains("only good one"));
    home.json("app update --workspace acme job --disable");
    good(second, false);
    home.json("app update --workspace acme job --enable");
    good(second, true);
}

fn keys(home: &Home, server: Option<&Serving>) {
    home.json_with("app create --workspace acme --name K --type service --client-id k --token-endpoint-auth-method client_secret_post --secret-stdin", "179ad45c6ce2cb97cf1029e212046e81");
    let token = || {
        let server = server?;
        let (_, answer) =
            server.token("acme", "k", "179ad45c6ce2cb97cf1029e212046e81", "grant_type=client_credentials");
        Some(answer["access_token"].as_str().unwrap().to_owned())
    };
    let before = token();
    let keys = home.json("key rotate --workspace acme");
    assert_eq!((&keys["keys"][0]["number"], &keys["keys"][1]["number"]), (&json!(2), &json!(1)));
    assert_eq!(home.json("key list --workspace acme --purpose sealing"), keys);
    signing_keys(home);
    if let (Some(server), Some(before), Some(after)) = (server, before, token()) {
        for token in [before, after] {
            let answer = ureq::post(format!("{}/acme/oauth2/introspect", server.url()))
                .send_form([
                    ("client_id", "k"),
                    ("client_secret", "179ad45c6ce2cb97cf1029e212046e81"),
                    ("token", &token),
                ])
                .unwrap()
                .body_mut()
                .read_to_string()
                .unwrap();
            assert!(answer.contains("\"active\":true"), "{answer}");
        }
    }
}

#[test]
fn answers_for_people_are_lines() {
    let home = Home::new();
    let made = home.run("workspace create acme", "");
    assert!(
        String::from_utf8(made.stdout).unwrap().starts_with("workspace             acme\nissuer                http")
    );
    let listed = home.run("workspace list", "");
    assert_eq!(
        String::from_utf8(listed.stdout).unwrap(),
        "workspace  name  issuer\nacme       acme  http://127.0.0.1:8080/acme\n"
    );
    let app = home.run("app create --workspace acme --name A --type service", "");
    assert!(String::from_utf8(app.stderr).unwrap().contains("shown only now"));
}

#[test]
fn commands_wait_for_each_other() {
    let home = Home::new();
    home.json("workspace create acme");
    std::thread::scope(|scope| {
        let create = |n| home.json(&format!("app create --workspace acme --name A{n} --type service"));
        let runs: Vec<_> = (0..4).map(|n| scope.spawn(move || create(n))).collect();
        runs.into_iter().for_each(|run| drop(run.join().unwrap()));
    });
    assert_eq!(home.json("app list --workspace acme")["total"], 4);
}

fn signing_keys(home: &Home) {
    let refused = home.fails(1, "key rotate --workspace acme --purpose signing");
    assert!(refused.contains("has no signing key yet"), "{refused}");
    let refused = home.fails(2, "key rotate --workspace acme --algorithm ES256");
    assert!(refused.contains("--purpose signing"), "{refused}");
    let refused = home.fails(2, "key rotate --workspace acme --purpose encryption --algorithm ES256");
    assert!(refused.contains("--purpose signing"), "{refused}");
    let refused = home.fails(1, "key rotate --workspace acme --purpose encryption");
    assert!(refused.contains("has no encryption key yet"), "{refused}");
    let made = home.json("key rotate --workspace acme --purpose signing --algorithm ES256");
    assert_eq!(made["keys"].as_array().unwrap().len(), 1);
    let key = &made["keys"][0];
    assert_eq!(
        (&key["state"], &key["algorithm"], &key["purpose"]),
        (&json!("active"), &json!("ES256"), &json!("signing"))
    );
    assert_eq!(key["kid"].as_str().unwrap().len(), 43);
    let made = home.json("key rotate --workspace acme --purpose signing");
    assert_eq!((&made["keys"][0]["state"], &made["keys"][1]["kid"]), (&json!("next"), &key["kid"]));
    assert_eq!(home.json("key list --workspace acme --purpose signing"), made);
    let refused = home.fails(1, "key rotate --workspace acme --purpose signing");
    assert!(refused.contains("has a successor already"), "{refused}");
    let app = home.json("app update --workspace acme k --access-token-format jwt --access-token-alg EdDSA");
    assert_eq!((&app["access_token_format"], &app["access_token_signing_alg"]), (&json!("jwt"), &json!("EdDSA")));
    let keys = home.json("key list --workspace acme --purpose signing");
    assert_eq!((&keys["keys"][0]["algorithm"], &keys["keys"][0]["state"]), (&json!("EdDSA"), &json!("active")));
    let app = home.json("app update --workspace acme k --access-token-format opaque");
    assert_eq!((&app["access_token_format"], app.get("access_token_signing_alg")), (&json!("opaque"), None));
}
