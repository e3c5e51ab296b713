// openid-client, the certified client of the JavaScript world, by every OAuth grant that it speaks.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as client from "openid-client";
import { BOB, DEMO_APP, startDemo } from "../lib/demo.mjs";
import { authorize } from "./user.mjs";

// Nobody listens there: the user's part stops when the browser would go to it.
const CALLBACK = "http://127.0.0.1:9/callback";

describe("openid-client", () => {
  let demo, photoPrinter, singlePage;

  before(async () => {
    demo = await startDemo();
    photoPrinter = await demo.registerApp({
      name: "Photo printer",
      type: "web",
      "redirect-uri": CALLBACK,
      grant: ["authorization_code", "refresh_token", "client_credentials"],
    });
    singlePage = await demo.registerApp({ name: "Single page", type: "spa", "redirect-uri": CALLBACK });
  });
  after(() => demo?.stop());

  /** What an app knows of the server: found by its metadata, as RFC 8414 has it. */
  function discover(app, authentication = client.ClientSecretBasic(app.client_secret)) {
    return client.discovery(new URL(demo.workspace), app.client_id, undefined, authentication, {
      algorithm: "oauth2",
      execute: [client.allowInsecureRequests],
    });
  }

  /** The code grant with PKCE and state; the library checks `state` and `iss`. */
  async function signIn(config, decision = "allow") {
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    const expectedState = client.randomState();
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK,
      scope: "*",
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: "S256",
      state: expectedState,
    });
    const checks = { pkceCodeVerifier, expectedState };
    return { checks, back: await authorize(url.href, CALLBACK, decision) };
  }

  async function tokensByCode(config) {
    const { back, checks } = await signIn(config);
    return client.authorizationCodeGrant(config, back, checks);
  }

  const refusedWith = (code) => (error) => assert.equal(error.error, code, error) ?? true;

  test("the metadata's other address says the same", async () => {
    const address = new URL(`${demo.workspace}/.well-known/oauth-authorization-server`);
    const options = { execute: [client.allowInsecureRequests] };
    const config = await client.discovery(address, DEMO_APP.client_id, undefined, undefined, options);
    assert.deepEqual(config.serverMetadata(), (await discover(DEMO_APP)).serverMetadata());
  });

  test("a web app signs bob in", async () => {
    const config = await discover(photoPrinter);
    const tokens = await tokensByCode(config);
    assert.equal(tokens.token_type, "bearer");
    assert.equal((await client.tokenIntrospection(config, tokens.access_token)).username, BOB.username);
  });

  test("a web app signs bob in, with its secret in the form", async () => {
    const method = "client_secret_post";
    const options = { name: "Post", type: "web", "redirect-uri": CALLBACK, "token-endpoint-auth-method": method };
    const app = await demo.registerApp(options);
    const tokens = await tokensByCode(await discover(app, client.ClientSecretPost(app.client_secret)));
    assert.ok(tokens.access_token);
  });

  test("a single page app signs bob in, and its refresh tokens rotate", async () => {
    const config = await discover(singlePage, client.None());
    const tokens = await tokensByCode(config);
    const next = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(next.refresh_token, tokens.refresh_token);
    assert.notEqual(next.access_token, tokens.access_token);
    assert.ok(await client.refreshTokenGrant(config, next.refresh_token));
    await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), refusedWith("invalid_grant"));
  });

  test("a refresh may narrow the scope and never widen it", async () => {
    const config = await discover(photoPrinter);
    const tokens = await tokensByCode(config);
    const [scope] = tokens.scope.split(" ");
    const narrow = await client.refreshTokenGrant(config, tokens.refresh_token, { scope });
    assert.equal(narrow.scope, scope);
    const wide = client.refreshTokenGrant(config, tokens.refresh_token, { scope: `${tokens.scope} everything` });
    await assert.rejects(wide, refusedWith("invalid_scope"));
  });

  test("revoking the refresh token ends the access token too", async () => {
    const config = await discover(photoPrinter);
    const tokens = await tokensByCode(config);
    assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, true);
    await client.tokenRevocation(config, tokens.refresh_token);
    assert.deepEqual({ ...(await client.tokenIntrospection(config, tokens.access_token)) }, { active: false });
  });

  test("revoking an access token ends only that one", async () => {
    const config = await discover(photoPrinter);
    const tokens = await tokensByCode(config);
    await client.tokenRevocation(config, tokens.access_token);
    assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, false);
    const next = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.equal((await client.tokenIntrospection(config, next.access_token)).active, true);
  });

  test("a code buys tokens once, and loses them when it comes back", async () => {
    const config = await discover(photoPrinter);
    const { back, checks } = await signIn(config);
    const tokens = await client.authorizationCodeGrant(config, back, checks);
    await assert.rejects(client.authorizationCodeGrant(config, back, checks), refusedWith("invalid_grant"));
    assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, false);
  });

  for (const decision of ["deny", "cancel"]) {
    test(`the app learns that bob chose ${decision}`, async () => {
      const config = await discover(await demo.registerApp({ name: "Nosy", type: "web", "redirect-uri": CALLBACK }));
      const { back, checks } = await signIn(config, decision);
      await assert.rejects(client.authorizationCodeGrant(config, back, checks), refusedWith("access_denied"));
    });
  }

  test("a service gets a token for itself", async () => {
    const config = await discover(DEMO_APP);
    const tokens = await client.clientCredentialsGrant(config, { scope: "*" });
    assert.equal(tokens.refresh_token, undefined);
    assert.equal((await client.tokenIntrospection(config, tokens.access_token)).client_id, DEMO_APP.client_id);
  });

  test("bob's password buys tokens", async () => {
    const config = await discover(DEMO_APP);
    const tokens = await client.genericGrantRequest(config, "password", { ...BOB, scope: "*" });
    assert.equal((await client.tokenIntrospection(config, tokens.access_token)).username, BOB.username);
    assert.ok((await client.refreshTokenGrant(config, tokens.refresh_token)).access_token);
  });

  test("a wrong password is refused", async () => {
    const config = await discover(DEMO_APP);
    const tokens = client.genericGrantRequest(config, "password", { ...BOB, password: "guess" });
    await assert.rejects(tokens, refusedWith("invalid_grant"));
  });

  test("a wrong secret is refused with a challenge", async () => {
    const config = await discover({ ...DEMO_APP, client_secret: "wrong" });
    await assert.rejects(client.clientCredentialsGrant(config), (error) => {
      assert.equal(error.status, 401);
      assert.equal(error.cause[0].scheme, "basic");
      return true;
    });
  });
});
