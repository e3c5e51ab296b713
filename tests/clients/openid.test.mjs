// openid-client again, by the flows of OpenID Connect: it is certified for them, and checks every ID Token that it gets.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as jose from "jose";
import * as client from "openid-client";
import { startDemo } from "../lib/demo.mjs";
import { Browser } from "./user.mjs";

// Nobody listens there: the browser stops where it would go to them.
const CALLBACK = "http://127.0.0.1:9/callback";
const GOODBYE = "http://127.0.0.1:9/goodbye";

describe("openid-client, with OpenID Connect", () => {
  let demo, app;

  before(async () => {
    demo = await startDemo();
    app = await demo.registerApp({
      name: "Photo printer",
      type: "web",
      "redirect-uri": CALLBACK,
      "post-logout-redirect-uri": GOODBYE,
      grant: ["authorization_code", "refresh_token", "implicit"],
    });
  });
  after(() => demo?.stop());

  /** What the app knows of the server; it verifies signatures even where TLS would do. */
  function discover(...choices) {
    const authentication = client.ClientSecretBasic(app.client_secret);
    return client.discovery(new URL(demo.workspace), app.client_id, undefined, authentication, {
      execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks, ...choices],
    });
  }

  /** Signs bob in; returns what comes back, and what it has to fit. */
  async function signIn(config, { browser = new Browser(), ...parameters } = {}) {
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    const checks = { pkceCodeVerifier, expectedState: client.randomState(), expectedNonce: client.randomNonce() };
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK,
      scope: "openid profile email",
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: "S256",
      state: checks.expectedState,
      nonce: checks.expectedNonce,
      ...parameters,
    });
    return { back: await browser.visit(url.href, CALLBACK), checks };
  }

  async function tokensByCode(config, browser) {
    const { back, checks } = await signIn(config, { browser });
    return client.authorizationCodeGrant(config, back, checks);
  }

  /** An app that registers itself, known as `discover` knows one. */
  function registerItself(metadata, authentication) {
    const asked = { redirect_uris: [CALLBACK], grant_types: ["authorization_code", "refresh_token"], ...metadata };
    return client.dynamicClientRegistration(new URL(demo.workspace), asked, authentication, {
      execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
    });
  }

  /** Everything that an app does with tokens. */
  async function useTokens(config) {
    const tokens = await tokensByCode(config);
    const next = await client.refreshTokenGrant(config, tokens.refresh_token);
    const person = await client.fetchUserInfo(config, next.access_token, tokens.claims().sub);
    assert.equal(person.email, "bob@example.com");
    assert.equal(next.claims().sub, person.sub);
  }

  const refusedWith = (code) => (error) => assert.equal(error.error, code, error) ?? true;

  test("an ID Token says who signed in, and UserInfo tells of them", async () => {
    const config = await discover();
    const tokens = await tokensByCode(config);
    const { sub } = tokens.claims();
    const person = await client.fetchUserInfo(config, tokens.access_token, sub);
    assert.equal(person.name, "Bob Baker");
    assert.equal(person.email, "bob@example.com");
    assert.equal(person.phone_number, undefined, "it was not asked for");
  });

  test("the app may say how old the login may be", async () => {
    const config = await discover();
    const { back, checks } = await signIn(config, { max_age: 60 });
    const tokens = await client.authorizationCodeGrant(config, back, { ...checks, maxAge: 60 });
    assert.ok(tokens.claims().auth_time);
  });

  test("a refreshed ID Token is about the same login", async () => {
    const config = await discover();
    const tokens = await tokensByCode(config);
    const next = await client.refreshTokenGrant(config, tokens.refresh_token);
    const [before, after] = [tokens.claims(), next.claims()];
    for (const claim of ["iss", "sub", "aud", "auth_time", "sid"]) assert.deepEqual(after[claim], before[claim], claim);
    assert.ok(await client.fetchUserInfo(config, next.access_token, after.sub));
  });

  test("after the logout nobody is signed in", async () => {
    const config = await discover();
    const browser = new Browser();
    const tokens = await tokensByCode(config, browser);
    const silently = { browser, prompt: "none" };
    const { back, checks } = await signIn(config, silently);
    assert.equal((await client.authorizationCodeGrant(config, back, checks)).claims().sub, tokens.claims().sub);

    const url = client.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: GOODBYE,
      state: "so long",
    });
    assert.equal((await browser.visit(url.href, GOODBYE)).href, `${GOODBYE}?state=so+long`);

    const silent = await signIn(config, silently);
    await assert.rejects(client.authorizationCodeGrant(config, silent.back, silent.checks), refusedWith("login_required"));
    await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), refusedWith("invalid_grant"));
  });

  for (const response_mode of ["fragment", "form_post"]) {
    test(`an ID Token comes alone by ${response_mode}`, async () => {
      const config = await discover(client.useIdTokenResponseType);
      const { back, checks } = await signIn(config, { response_mode });
      assert.equal(back instanceof Request, response_mode === "form_post");
      const { expectedNonce, expectedState } = checks;
      const claims = await client.implicitAuthentication(config, back, expectedNonce, { expectedState });
      assert.equal(claims.email, "bob@example.com", "without an access token, the ID Token tells everything");
    });

    test(`an ID Token comes with a code by ${response_mode}`, async () => {
      const config = await discover(client.useCodeIdTokenResponseType);
      const { back, checks } = await signIn(config, { response_mode });
      const tokens = await client.authorizationCodeGrant(config, back, checks);
      assert.ok((await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)).email);
    });
  }

  for (const algorithm of ["RS256", "ES256", "EdDSA", "PS256"]) {
    test(`an app that registers itself has everything signed by ${algorithm}`, async () => {
      const config = await registerItself({
        token_endpoint_auth_method: "client_secret_post",
        id_token_signed_response_alg: algorithm,
        userinfo_signed_response_alg: algorithm,
      });
      await useTokens(config);
    });

    test(`an app proves itself by its key, with ${algorithm}`, async () => {
      const { privateKey, publicKey } = await jose.generateKeyPair(algorithm, { extractable: true });
      const jwks = { keys: [{ ...(await jose.exportJWK(publicKey)), kid: "its own", alg: algorithm, use: "sig" }] };
      const proof = client.PrivateKeyJwt({ key: privateKey, kid: "its own" });
      await useTokens(await registerItself({ token_endpoint_auth_method: "private_key_jwt", jwks }, proof));
    });
  }

  test("an app proves itself by what only its secret can sign", async () => {
    const metadata = { token_endpoint_auth_method: "client_secret_jwt" };
    await useTokens(await registerItself(metadata, client.ClientSecretJwt()));
  });
});
