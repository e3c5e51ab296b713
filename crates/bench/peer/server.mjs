// node-oidc-provider with one public client, and users who have just agreed.
//
//   node server.mjs memory|sqlite DIRECTORY COUNT
//
// Writes COUNT requests that redeem a code, and as many that refresh, into DIRECTORY, each ended by a NUL; then listens and
// says where.
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import Provider from "oidc-provider";
import { memory, sqlite } from "./adapters.mjs";

const [kind, directory, count] = process.argv.slice(2);
const redirectUri = "https://app.example/callback";
const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const codeChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const scope = "openid offline_access";

const adapter = kind === "memory" ? memory() : sqlite(`${directory}/peer.db`);
const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });
const provider = new Provider("https://issuer.example", {
  adapter,
  clients: [
    {
      client_id: "app",
      token_endpoint_auth_method: "none",
      redirect_uris: [redirectUri],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      id_token_signed_response_alg: "ES256",
    },
  ],
  jwks: { keys: [{ ...key, alg: "ES256", use: "sig" }] },
  cookies: { keys: ["a key that nobody guesses"] },
  features: { devInteractions: { enabled: false } },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  expiresWithSession: () => false,
  rotateRefreshToken: () => true,
  ttl: { AccessToken: 3600, AuthorizationCode: 3600, Grant: 3600, IdToken: 3600, RefreshToken: 3600 },
});

// What is in `fields` last comes last in the body: for the load generator that is the refresh token.
function post(fields) {
  const body = new URLSearchParams({ client_id: "app", ...fields }).toString();
  const head = "Host: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded";
  return `POST /token HTTP/1.1\r\n${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}\0`;
}

adapter.durable?.(false);
const client = await provider.Client.find("app");
const codes = [];
const refreshes = [];
for (let n = 0; n < count; n++) {
  const common = async () => {
    const accountId = `user${n % 10000}`;
    const grant = new provider.Grant({ accountId, clientId: "app" });
    grant.addOIDCScope(scope);
    const authTime = Math.floor(Date.now() / 1000);
    return { accountId, client, grantId: await grant.save(), scope, authTime, expiresWithSession: false };
  };
  const pkce = { codeChallenge, codeChallengeMethod: "S256", redirectUri };
  const code = await new provider.AuthorizationCode({ ...(await common()), ...pkce }).save();
  codes.push(post({ grant_type: "authorization_code", code, redirect_uri: redirectUri, code_verifier: verifier }));
  const refresh = { ...(await common()), gty: "authorization_code", rotations: 0, iiat: Math.floor(Date.now() / 1000) };
  const token = await new provider.RefreshToken(refresh).save();
  refreshes.push(post({ grant_type: "refresh_token", refresh_token: token }));
}
adapter.durable?.(true);
writeFileSync(`${directory}/codes`, codes.join(""));
writeFileSync(`${directory}/refreshes`, refreshes.join(""));

const server = createServer(provider.callback()).listen(0, "127.0.0.1");
await once(server, "listening");
console.log(JSON.stringify({ listen: `127.0.0.1:${server.address().port}` }));
