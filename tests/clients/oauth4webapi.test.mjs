// oauth4webapi's own validation of JWT access tokens (RFC 9068), as an API in front of Grantry would run it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as oauth from "oauth4webapi";
import { startDemo } from "../lib/demo.mjs";

const OPTIONS = { [oauth.allowInsecureRequests]: true };
// Ed25519 goes by its older name too; this library knows both.
const ALGORITHMS = ["ES256", "EdDSA", "RS256", "PS256"];

describe("oauth4webapi", () => {
  let demo, server;

  before(async () => {
    demo = await startDemo();
    const issuer = new URL(demo.workspace);
    const answer = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...OPTIONS });
    server = await oauth.processDiscoveryResponse(issuer, answer);
  });
  after(() => demo?.stop());

  async function tokenOf(algorithm) {
    const app = await demo.registerApp({
      name: `Reports ${algorithm}`,
      type: "service",
      grant: ["client_credentials"],
      "access-token-format": "jwt",
      "access-token-alg": algorithm,
    });
    const { access_token } = await demo.post("token", { grant_type: "client_credentials" }, app);
    return { app, access_token };
  }

  /** What the API does with a request that carries this token. */
  function validate(token, audience = server.issuer) {
    const request = new Request("http://api.test/", { headers: { authorization: `Bearer ${token}` } });
    // A copy is another API: the library keeps the keys that it has seen with the object, for a minute at least.
    return oauth.validateJwtAccessToken({ ...server }, request, audience, { signingAlgorithms: ALGORITHMS, ...OPTIONS });
  }

  for (const algorithm of ALGORITHMS) {
    test(`a token signed by ${algorithm} is good for its audience only`, async () => {
      const { app, access_token } = await tokenOf(algorithm);
      const claims = await validate(access_token);
      assert.equal(claims.client_id, app.client_id);
      assert.equal(claims.sub, app.client_id);
      await assert.rejects(validate(access_token, "https://other.test"));
      await assert.rejects(validate(`${access_token.slice(0, -6)}AAAAAA`));
    });
  }
});
