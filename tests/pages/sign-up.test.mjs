// Making an account: on the way to an app, with and without scripts, and when something is not as it should be.

import assert from "node:assert/strict";
import { test } from "node:test";
import { BOB } from "../lib/demo.mjs";
import { anApp, signIn, signInAtHome, signUp, someone, theWorld } from "./world.mjs";

const world = theWorld();
const PASSWORD = "correct horse";

for (const javaScriptEnabled of [true, false]) {
  const script = javaScriptEnabled ? "with" : "without";
  test(`an app sends ann to make an account, and gets to know her, ${script} JavaScript`, async (t) => {
    const page = await someone(t, world, { javaScriptEnabled });
    const app = await anApp(t, world.demo, { name: "Photo printer" });
    const ann = { username: `ann-${script}`, password: PASSWORD, name: "Ann Miller" };
    await page.goto(app.authorizationUrl({ prompt: "create", scope: "openid profile" }));
    await page.getByRole("heading", { name: "Create an account" }).waitFor();
    await signUp(page, ann);
    await page.locator("#consent-allow").click();

    const { access_token } = await app.redeem((await app.answer(page)).code);
    const userinfo = await fetch(`${world.demo.workspace}/oauth2/userinfo`, {
      headers: { authorization: `Bearer ${access_token}` },
    });
    assert.equal((await userinfo.json()).name, ann.name);

    const elsewhere = await someone(t, world, { javaScriptEnabled });
    await signInAtHome(elsewhere, world.demo, ann);
  });
}

test("a name that is taken is told, and another one works", async (t) => {
  const page = await someone(t, world);
  await page.goto(`${world.demo.workspace}/account`);
  await page.locator("#sign-up").click();
  await signUp(page, { ...BOB, password: PASSWORD, name: "Another Bob" });
  await page.getByText("This user name is taken.").waitFor();
  assert.equal(await page.getByLabel("Your name").inputValue(), "Another Bob");
  assert.equal(await page.getByLabel("Password").inputValue(), "");
  await signUp(page, { username: "bob2", password: PASSWORD, name: "Another Bob" });
  await page.waitForURL(`${world.demo.workspace}/account`);
  await page.getByRole("heading", { name: "Your account" }).waitFor();
});

test("bob, who has an account, signs in instead and comes to the app", async (t) => {
  const page = await someone(t, world);
  const app = await anApp(t, world.demo, { name: "Photo printer" });
  await page.goto(app.authorizationUrl({ prompt: "create" }));
  await page.locator("#login").click();
  await signIn(page);
  await page.locator("#consent-allow").click();
  assert.ok((await app.answer(page)).code);
});

test("where it is switched off, the login page does not offer it", async (t) => {
  const page = await someone(t, world);
  const update = (value) => world.demo.grantry(["workspace", "update", "workflow", "--sign-up", value]);
  await update("off");
  t.after(() => update("on"));
  await page.goto(`${world.demo.workspace}/login`);
  await page.locator("#login-submit").waitFor();
  assert.equal(await page.locator("#sign-up").count(), 0);
  const answer = await page.goto(`${world.demo.workspace}/sign-up`);
  assert.equal(answer.status(), 404);
});
