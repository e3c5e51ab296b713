// The programs of the docs page, run as they stand with the libraries that they name.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startDemo } from "../lib/demo.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const run = promisify(execFile);

describe("the docs page's programs", () => {
  let demo, page;

  before(async () => {
    demo = await startDemo();
    page = await (await fetch(`${demo.workspace}/oauth2`)).text();
  });
  after(() => demo?.stop());

  function program(name) {
    const [, text] = page.match(new RegExp(`aria-label="${name}: JavaScript"><code>([^]*?)</code>`));
    return text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(code));
  }

  const node = (text) => run(process.execPath, ["--input-type=module", "--eval", text], { cwd: HERE });

  /** What the sign-in with openid-client prints last, with the ID token and its nonce. */
  async function signIn() {
    const callback = `${demo.workspace}/oauth2/grant`;
    const { stdout } = await node(`
      import { authorize } from "./user.mjs";
      ${program("Sign in with a library").replace('"CALLBACK_URL"', `(await authorize(url.href, "${callback}")).href`)}
      console.log(JSON.stringify([tokens.id_token, nonce]));`);
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
