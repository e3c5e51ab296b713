// The programs of the docs page, run as they stand with the libraries that they name.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { DEMO_APP, startDemo } from "../lib/demo.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const run = promisify(execFile);

const node = (text) => run(process.execPath, ["--input-type=module", "--eval", text], { cwd: HERE });

/** The JavaScript program of this name on the docs page. */
async function programs(demo) {
  const page = await (await fetch(`${demo.workspace}/oauth2`)).text();
  return (name) => {
    const [, text] = page.match(new RegExp(`aria-label="${name}: JavaScript"><code>([^]*?)</code>`));
    return text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(code));
  };
}

/** A program that signs bob in, and what it does after that. */
function signingIn(demo, program, then = "") {
  const callback = `${demo.workspace}/oauth2/grant`;
  return `
    import { authorize } from "./user.mjs";
    ${program.replace('"CALLBACK_URL"', `(await authorize(url.href, "${callback}")).href`)}
    ${then}`;
}

describe("the docs page's programs", () => {
  let demo, program;

  before(async () => {
    demo = await startDemo();
    program = await programs(demo);
  });
  after(() => demo?.stop());

  /** What the sign-in with openid-client prints last, with the ID token and its nonce. */
  async function signIn() {
    const then = "console.log(JSON.stringify([tokens.id_token, nonce]));";
    const { stdout } = await node(signingIn(demo, program("Sign in with a library"), then));
    const [id_token, nonce] = JSON.parse(stdout.trim().split("\n").at(-1));
    return { stdout, id_token, nonce };
  }

  test("openid-client signs bob in, verifies the ID token and asks UserInfo", async () => {
    const { stdout } = await signIn();
    assert.match(stdout, /email: 'bob@example.com'/);
  });

  test("jose verifies the ID token, and refuses another nonce, audience or signature", async () => {
    const { id_token, nonce } = await signIn();
    const verify = program("Verify an ID token").replace("ID_TOKEN", id_token).replace("NONCE", nonce);
    assert.match((await node(verify)).stdout, /^[a-z0-9]{20}\n$/);
    const changes = [[nonce, "other"], ["x-pm-local-client", "other"], ["RS256", "ES256"], [/\.([\w-])([\w-]+)"/, '.$2$1"']];
    for (const [from, to] of changes) {
      const changed = verify.replace(from, to);
      assert.notEqual(changed, verify);
      await assert.rejects(node(changed), { code: 1 }, String(from));
    }
  });
});

describe("the programs of an app that signs", () => {
  let demo, home;

  before(async () => {
    [demo, home] = [await startDemo(), await mkdtemp(join(tmpdir(), "grantry-key-"))];
  });
  after(async () => {
    await demo?.stop();
    await rm(home, { recursive: true, force: true });
  });

  const update = (...flags) => demo.grantry(["app", "update", "--workspace", "workflow", DEMO_APP.client_id, ...flags]);

  async function byKey() {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await writeFile(join(home, "private-key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
    await writeFile(join(home, "jwks.json"), JSON.stringify({ keys: [publicKey.export({ format: "jwk" })] }));
    await update("--auth-method", "private_key_jwt", "--jwks-file", join(home, "jwks.json"));
  }

  /** A secret that signs rests otherwise than one that is sent, so it is given again. */
  async function bySecret() {
    await update("--auth-method", "client_secret_jwt");
    const words = ["app", "rotate-secret", "--workspace", "workflow", DEMO_APP.client_id, "--secret-stdin", "--keep-old", "0"];
    await demo.grantry(words, DEMO_APP.client_secret);
  }

  for (const [method, become] of Object.entries({ private_key_jwt: byKey, client_secret_jwt: bySecret })) {
    test(`jose makes an assertion that is good once, and openid-client signs bob in, by ${method}`, async () => {
      await become();
      const program = await programs(demo);
      const text = (name) => program(name).replace("private-key.pem", join(home, "private-key.pem"));
      const client_assertion = (await node(text("Make a client assertion"))).stdout.trim();
      const ask = async () => {
        const client_assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        const body = new URLSearchParams({ grant_type: "client_credentials", client_assertion_type, client_assertion });
        return (await fetch(`${demo.workspace}/oauth2/token`, { method: "POST", body })).json();
      };
      assert.match((await ask()).access_token, /^gry_at_/);
      assert.equal((await ask()).error, "invalid_client");
      const { stdout } = await node(signingIn(demo, text("Sign in with a library")));
      assert.match(stdout, /email: 'bob@example.com'/);
    });
  }
});
