"""Authlib's OpenID Connect client, made of the parts that its integrations with web frameworks are made of."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from authlib.integrations.base_client import BaseApp, OAuth2Mixin, OAuthError, OpenIDMixin
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import HybridIDToken
from joserfc import jwe
from joserfc.jwk import ECKey, RSAKey

# Nobody listens there: the browser stops where it would go to them.
GOODBYE = "http://127.0.0.1:9/goodbye"


class App(OAuth2Mixin, OpenIDMixin, BaseApp):
    """An app, as the library knows it: by the server's metadata alone."""

    client_cls = OAuth2Session

    def __init__(self, demo, made):
        super().__init__(
            framework=None,
            client_id=made["client_id"],
            client_secret=made["client_secret"],
            server_metadata_url=f"{demo.workspace}/.well-known/openid-configuration",
            client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
        )
        self.redirect_uri = demo.redirect_uri

    def ask(self, browser, **parameters):
        """What the browser brings back from an authorization request, and what it has to fit."""
        asked = self.create_authorization_url(self.redirect_uri, **parameters)
        return browser.visit(asked["url"], self.redirect_uri), asked

    def sign_in(self, browser, open_id_token=str):
        """Tokens, and what the checked ID Token says."""
        back, asked = self.ask(browser)
        token = self.fetch_access_token(
            self.redirect_uri, authorization_response=back, state=asked["state"], code_verifier=asked["code_verifier"]
        )
        return token, self.parse_id_token({**token, "id_token": open_id_token(token["id_token"])}, asked["nonce"])

    def refresh(self, token):
        return self.fetch_access_token(grant_type="refresh_token", refresh_token=token["refresh_token"])


@pytest.fixture
def app(demo):
    return App(demo, registered(demo, "--post-logout-redirect-uri", GOODBYE))


def registered(demo, *options):
    return demo.register_app("--name", "Photo printer", "--type", "web", *options)


def test_an_id_token_says_who_signed_in_and_userinfo_tells_of_them(app, browser):
    token, claims = app.sign_in(browser)
    person = app.userinfo(token=token)
    assert person.sub == claims.sub
    assert (person.name, person.email, person.email_verified) == ("Bob Baker", "bob@example.com", True)
    assert "phone_number" not in person
    person.validate_locale()


def test_a_refreshed_id_token_is_about_the_same_login(app, browser):
    token, before = app.sign_in(browser)
    fresh = app.refresh(token)
    after = app.parse_id_token(fresh, nonce=None)
    assert fresh["access_token"] != token["access_token"]
    for name in ("iss", "sub", "aud", "auth_time"):
        assert after[name] == before[name], name
    assert app.userinfo(token=fresh).sub == before.sub


def test_after_the_logout_nobody_is_signed_in(app, browser):
    token, _ = app.sign_in(browser)
    leave = app.create_logout_url(GOODBYE, id_token_hint=token["id_token"])
    assert browser.visit(leave["url"], GOODBYE) == f"{GOODBYE}?state={leave['state']}"
    back, _ = app.ask(browser, prompt="none")
    assert parse_qs(urlsplit(back).query)["error"] == ["login_required"]
    with pytest.raises(OAuthError, match="invalid_grant"):
        app.refresh(token)


@pytest.mark.parametrize("response_type", ["id_token", "id_token token", "code id_token", "code id_token token"])
def test_the_browser_brings_an_id_token(demo, browser, response_type):
    app = App(demo, registered(demo, "--grant", "authorization_code", "--grant", "implicit"))
    back, asked = app.ask(browser, response_type=response_type)
    answer = {name: value for name, [value] in parse_qs(urlsplit(back).fragment).items()}
    assert answer["state"] == asked["state"]
    asked_for = {"access_token" if name == "token" else name for name in response_type.split()}
    assert answer.keys() & {"code", "id_token", "access_token"} == asked_for
    claims = app.parse_id_token(answer, asked["nonce"], claims_cls=checked(answer))
    assert claims.sub


def checked(answer):
    """The library's checks of a hybrid answer: at_hash and c_hash must be there for what came along."""

    class Checked(HybridIDToken):
        def __init__(self, payload, header, options, params):
            along = {name: answer.get(name) for name in ("access_token", "code")}
            super().__init__(payload, header, options, {**params, **along})

    return Checked


@pytest.mark.parametrize("algorithm", ["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"])
@pytest.mark.parametrize("encryption", ["A256GCM", "A128CBC-HS256"])
def test_joserfc_opens_an_encrypted_id_token(demo, browser, algorithm, encryption):
    metadata = requests.get(f"{demo.workspace}/.well-known/openid-configuration", timeout=5).json()
    purpose = {"kid": "its own", "use": "enc", "alg": algorithm}
    key = RSAKey.generate_key(2048, purpose) if "RSA" in algorithm else ECKey.generate_key("P-256", purpose)
    asked = {
        "redirect_uris": [demo.redirect_uri],
        "jwks": {"keys": [key.as_dict(private=False)]},
        "id_token_encrypted_response_alg": algorithm,
        "id_token_encrypted_response_enc": encryption,
    }
    made = requests.post(metadata["registration_endpoint"], json=asked, timeout=5).json()

    def open_id_token(text):
        message = jwe.decrypt_compact(text, key, algorithms=[algorithm, encryption])
        assert message.headers()["cty"] == "JWT"
        return message.plaintext.decode()

    app = App(demo, made)
    token, claims = app.sign_in(browser, open_id_token)
    assert app.userinfo(token=token).sub == claims.sub
