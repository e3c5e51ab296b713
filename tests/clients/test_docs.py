"""The programs of the docs page, run as they stand with the libraries that they name."""

import html
import json
import re

import pytest
import requests
from joserfc.errors import JoseError
from joserfc.jwk import ECKey


def programs(demo):
    page = requests.get(f"{demo.workspace}/oauth2", timeout=5)

    def find(name):
        block = re.search(f'aria-label="{name}: Python"><code>(.*?)</code>', page.text, re.DOTALL)
        return html.unescape(block[1])

    return find


@pytest.fixture(scope="module")
def program(demo):
    return programs(demo)


def sign_in(demo, program):
    """What the program knows when bob has signed in."""
    text = program("Sign in with a library").replace('"CALLBACK_URL"', "come_back(url)")
    knows = {"come_back": demo.sign_in}
    exec(text, knows)
    return knows


def test_authlib_signs_bob_in_and_asks_userinfo(demo, program, capsys, monkeypatch):
    monkeypatch.delenv("AUTHLIB_INSECURE_TRANSPORT")
    assert sign_in(demo, program)["token"]["id_token"].startswith("eyJ")
    assert "bob@example.com" in capsys.readouterr().out


def test_joserfc_verifies_the_id_token(demo, program, capsys):
    knows = sign_in(demo, program)
    id_token, nonce = knows["token"]["id_token"], knows["nonce"]
    verify = program("Verify an ID token").replace("ID_TOKEN", id_token).replace("NONCE", nonce)
    capsys.readouterr()
    exec(verify, {})
    assert re.fullmatch("[a-z0-9]{20}\n", capsys.readouterr().out)
    signature = id_token.rsplit(".", 1)[1]
    for wanted, other in [(nonce, "other"), ("x-pm-local-client", "other"), (signature, signature[1:] + signature[0])]:
        changed = verify.replace(wanted, other)
        assert changed != verify
        with pytest.raises(JoseError):
            exec(changed, {})


def by_key(demo, home):
    key = ECKey.generate_key("P-256")
    (home / "private-key.pem").write_bytes(key.as_pem(private=True))
    (home / "jwks.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    demo.update_app("--auth-method", "private_key_jwt", "--jwks-file", home / "jwks.json")


def by_secret(demo, home):
    demo.update_app("--auth-method", "client_secret_jwt")
    demo.set_secret()


@pytest.mark.parametrize("become", [by_key, by_secret])
def test_joserfc_makes_an_assertion_that_is_good_once_and_authlib_signs_bob_in(
    demo, become, tmp_path, capsys, monkeypatch
):
    try:
        become(demo, tmp_path)
        monkeypatch.chdir(tmp_path)
        program = programs(demo)
        exec(program("Make a client assertion"), {})
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": capsys.readouterr().out.strip(),
        }
        answers = [requests.post(demo.endpoint("token"), form, timeout=5).json() for _ in range(2)]
        assert answers[0]["access_token"] and answers[1]["error"] == "invalid_client"
        sign_in(demo, program)
        assert "bob@example.com" in capsys.readouterr().out
    finally:
        demo.update_app("--auth-method", "client_secret_basic")
        demo.set_secret()
