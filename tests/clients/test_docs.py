"""The programs of the docs page, run as they stand with the libraries that they name."""

import html
import re

import pytest
import requests
from joserfc.errors import JoseError


@pytest.fixture(scope="module")
def program(demo):
    page = requests.get(f"{demo.workspace}/oauth2", timeout=5)

    def find(name):
        block = re.search(f'aria-label="{name}: Python"><code>(.*?)</code>', page.text, re.DOTALL)
        return html.unescape(block[1])

    return find


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
