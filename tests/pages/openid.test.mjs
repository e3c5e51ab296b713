// The developer of an app that signs people in: tries OpenID Connect on the docs page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DEMO_APP } from "../lib/demo.mjs";
import { signIn, signInAtHome, someone, theWorld } from "./world.mjs";

const world = theWorld();
const docs = () => `${world.demo.workspace}/oauth2`;

/** Follows the live link to the callback, whoever is signed in. */
async function toCallback(page) {
  await page.goto(docs());
  await page.locator("#try-openid-link").click();
  if (page.url().includes("/login")) await signIn(page);
  await page.waitForURL((url) => /\/(consent|oauth2\/grant)$/.test(url.pathname));
  if (page.url().includes("/consent")) await page.locator("#consent-allow").click();
  await page.getByRole("heading", { name: "A code has arrived" }).waitFor();
}

/** Each check of the page: its status, what was expected, and what was found. */
async function checks(page) {
  await page.locator("#id-token-checks").waitFor();
  return page.locator("#id-token-checks li").evaluateAll((rows) =>
    rows.map((row) => {
      const [expected, found] = [...row.querySelectorAll("dd")].map((value) => value.innerText);
      return { status: row.querySelector(".status").innerText, expected, found };
    }),
  );
}

for (const javaScriptEnabled of [true, false]) {
  test(`a developer sees an ID token verified and UserInfo answered, ${javaScriptEnabled ? "with" : "without"} JavaScript`, async (t) => {
    const page = await someone(t, world, { javaScriptEnabled });
    await toCallback(page);
    const nonce = await page.locator("#nonce").inputValue();
    await page.locator("#exchange").click();

    const rows = await checks(page);
    assert.equal(rows.length, 7);
    assert.deepEqual([...new Set(rows.map(({ status }) => status))], ["ok"]);
    const found = rows.map((row) => row.found);
    for (const value of ["RS256", world.demo.workspace, DEMO_APP.client_id, nonce]) assert.ok(found.includes(value), value);

    const shown = async (name) => JSON.parse(await page.getByRole("group", { name, exact: true }).innerText());
    const [header, claims] = [await shown("Header of the ID token"), await shown("Claims of the ID token")];
    const { keys } = await shown("Answer of step 2");
    assert.ok(keys.some(({ kid }) => kid === header.kid));
    assert.equal(claims.nonce, nonce);

    await page.getByRole("button", { name: "Ask UserInfo" }).click();
    await page.getByRole("heading", { name: "Ask UserInfo" }).waitFor();
    const userinfo = await shown("Answer of step 1");
    assert.equal(userinfo.email, "bob@example.com");
    assert.equal(userinfo.sub, claims.sub);
    assert.equal(await page.locator(".checks .status").innerText(), "ok");
  });
}

test("a fragment without an ID token offers nothing to verify", async (t) => {
  const page = await someone(t, world);
  await page.goto(`${docs()}/grant#access_token=gry_at_x`);
  await page.locator("#fragment-fields").waitFor();
  assert.equal(await page.locator("#fragment-verify").isVisible(), false);
});

test("a wrong nonce is pointed out", async (t) => {
  const page = await someone(t, world);
  await toCallback(page);
  const nonce = await page.locator("#nonce").inputValue();
  await page.locator("#nonce").fill("another");
  await page.locator("#exchange").click();
  const wrong = (await checks(page)).filter(({ status }) => status !== "ok");
  assert.deepEqual(wrong, [{ status: "wrong", expected: "another", found: nonce }]);
  await page.getByRole("alert").getByText("An app must refuse this ID token").waitFor();
});

test("an ID token in the fragment is decoded by the page's script, and verified with what came beside it", async (t) => {
  const page = await someone(t, world);
  await signInAtHome(page, world.demo);
  const request = new URLSearchParams({
    response_type: "code id_token token",
    client_id: DEMO_APP.client_id,
    redirect_uri: `${docs()}/grant`,
    scope: "openid",
    nonce: "n-of-this-test",
  });
  await page.goto(`${docs()}/authorize?${request}`);
  await page.locator("#consent-allow").click();
  const claims = JSON.parse(await page.locator("#fragment-fields .lines").innerText());
  assert.equal(claims.nonce, "n-of-this-test");
  assert.equal(await page.locator("#fragment-fields .lines").count(), 1, "an opaque access token is no JWT");

  await page.getByLabel("nonce").fill("n-of-this-test");
  await page.getByRole("button", { name: "Verify the ID token" }).click();
  const rows = await checks(page);
  assert.equal(rows.length, 8);
  assert.deepEqual([...new Set(rows.map(({ status }) => status))], ["ok"]);
  await page.getByRole("button", { name: "Ask UserInfo" }).click();
  await page.getByText("bob@example.com").or(page.getByText(claims.sub)).first().waitFor();
});
