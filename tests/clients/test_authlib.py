"""Authlib, the most complete OAuth client of the Python world, by every grant that it speaks."""

import time

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc6749 import MissingTokenException
from joserfc import jwt
from joserfc.jwk import KeySet


@pytest.fixture
def metadata(demo):
    return requests.get(f"{demo.url}/.well-known/oauth-authorization-server/workflow", timeout=5).json()


@pytest.fixture
def session(demo, metadata):
    """The demo's app, in the library's words."""
    return OAuth2Session(
        demo.client_id,
        demo.client_secret,
        scope="*",
        redirect_uri=demo.redirect_uri,
        code_challenge_method="S256",
        token_endpoint=metadata["token_endpoint"],
    )


def says(session, metadata, token):
    """What introspection says of a token."""
    return session.introspect_token(metadata["introspection_endpoint"], token=token).json()


def sign_in(demo, session, metadata, verifier):
    url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)
    return demo.sign_in(url), state


def tokens_by_code(demo, session, metadata):
    verifier = generate_token(48)
    back, state = sign_in(demo, session, metadata, verifier)
    return session.fetch_token(authorization_response=back, state=state, code_verifier=verifier)


def test_authorization_code_with_pkce(demo, session, metadata):
    token = tokens_by_code(demo, session, metadata)
    assert token["token_type"].lower() == "bearer"
    assert token["refresh_token"]
    assert says(session, metadata, token["access_token"])["username"] == demo.username


def test_a_wrong_verifier_is_refused_and_burns_the_code(demo, session, metadata):
    verifier = generate_token(48)
    back, state = sign_in(demo, session, metadata, verifier)
    for attempt in (generate_token(48), verifier):
        with pytest.raises(OAuthError, match="invalid_grant"):
            session.fetch_token(authorization_response=back, state=state, code_verifier=attempt)


def implicit_request(demo, metadata, client_id):
    session = OAuth2Session(client_id, scope="*", redirect_uri=demo.redirect_uri, response_type="token")
    return session, *session.create_authorization_url(metadata["authorization_endpoint"])


def test_implicit(demo, metadata):
    session, url, state = implicit_request(demo, metadata, demo.client_id)
    token = session.fetch_token(authorization_response=demo.sign_in(url), state=state)
    assert token["access_token"] and token["scope"]
    assert "refresh_token" not in token


def test_bob_says_no(demo, metadata):
    app = demo.register_app("--name", "Nosy", "--type", "spa", "--grant", "implicit")
    session, url, state = implicit_request(demo, metadata, app["client_id"])
    back = demo.sign_in(url, "deny")
    assert "#" in back and "error=access_denied" in back
    with pytest.raises(MissingTokenException):
        session.fetch_token(authorization_response=back, state=state)


def test_resource_owner_password(demo, session, metadata):
    token = session.fetch_token(username=demo.username, password=demo.password)
    assert says(session, metadata, token["access_token"])["username"] == demo.username


def test_a_wrong_password_is_refused(demo, session):
    with pytest.raises(OAuthError, match="invalid_grant"):
        session.fetch_token(username=demo.username, password="guess")


def test_client_credentials(demo, session, metadata):
    token = session.fetch_token(grant_type="client_credentials", scope="*")
    assert "refresh_token" not in token
    assert says(session, metadata, token["access_token"])["client_id"] == demo.client_id


def test_the_other_address_of_the_token_endpoint(demo, session):
    token = session.fetch_token(f"{demo.workspace}/oauth/2/token", grant_type="client_credentials")
    assert token["access_token"]


def test_a_stale_access_token_is_refreshed_by_the_library(demo, session, metadata):
    token = tokens_by_code(demo, session, metadata)
    session.token = {**token, "expires_at": int(time.time()) - 1}
    assert session.ensure_active_token(session.token)
    assert session.token["access_token"] != token["access_token"]
    assert says(session, metadata, session.token["access_token"])["active"]


def test_revocation(demo, session, metadata):
    token = tokens_by_code(demo, session, metadata)
    answer = session.revoke_token(
        metadata["revocation_endpoint"], token=token["refresh_token"], token_type_hint="refresh_token"
    )
    assert answer.status_code == 200
    assert says(session, metadata, token["access_token"]) == {"active": False}
    with pytest.raises(OAuthError, match="invalid_grant"):
        session.refresh_token(refresh_token=token["refresh_token"])


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256", "PS256"])
def test_a_jwt_access_token_verifies_with_the_published_keys(demo, metadata, algorithm):
    app = demo.register_app(
        *("--name", f"Reports {algorithm}", "--type", "service", "--grant", "client_credentials"),
        *("--access-token-format", "jwt", "--access-token-alg", algorithm),
    )
    session = OAuth2Session(app["client_id"], app["client_secret"], token_endpoint=metadata["token_endpoint"])
    text = session.fetch_token(grant_type="client_credentials")["access_token"]
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=5).json())
    token = jwt.decode(text, keys, algorithms=[algorithm])
    assert token.header["typ"] == "at+jwt"
    rules = jwt.JWTClaimsRegistry(
        **{name: {"essential": True} for name in ("exp", "iat", "jti", "sub")},
        iss={"essential": True, "value": metadata["issuer"]},
        aud={"essential": True, "value": metadata["issuer"]},
        client_id={"essential": True, "value": app["client_id"]},
    )
    rules.validate(token.claims)
    assert says(session, metadata, text)["active"]
