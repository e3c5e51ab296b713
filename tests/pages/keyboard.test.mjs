// Signing in and deciding with the keyboard alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { BOB } from "../lib/demo.mjs";
import { anApp, someone, theWorld } from "./world.mjs";

const world = theWorld();
const MOST_STOPS = 40;

/** Presses Tab until the element has the focus, which must be visible. */
async function tabTo(page, selector) {
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    await page.keyboard.press("Tab");
    const focused = page.locator(`${selector}:focus`);
    if (await focused.count()) {
      const ring = await focused.evaluate((element) => getComputedStyle(element).outlineStyle);
      assert.notEqual(ring, "none", `${selector} does not show that it has the focus`);
      return;
    }
  }
  throw new Error(`Tab never came to ${selector}`);
}

test("bob signs in, unticks a scope and allows the rest, without a mouse", async (t) => {
  const page = await someone(t, world);
  const app = await anApp(t, world.demo, { name: "Photo printer" });

  await page.goto(app.authorizationUrl());
  // Chromium gives the focus that the page asks for a moment after the page has loaded.
  await page.locator("#username:focus").waitFor();
  await page.keyboard.type(BOB.username);
  await tabTo(page, "#password");
  await page.keyboard.type(BOB.password);
  await page.keyboard.press("Enter");

  await page.waitForURL("**/consent**");
  const unwanted = await page.getByRole("checkbox").first().getAttribute("value");
  await tabTo(page, `input[value="${unwanted}"]`);
  await page.keyboard.press("Space");
  await tabTo(page, "#consent-allow");
  await page.keyboard.press("Enter");

  const { scope } = await app.redeem((await app.answer(page)).code);
  assert.ok(!scope.split(" ").includes(unwanted), scope);
});

test("ann makes an account on her way to an app, without a mouse", async (t) => {
  const page = await someone(t, world);
  const app = await anApp(t, world.demo, { name: "Photo printer" });
  await page.goto(app.authorizationUrl());
  await page.locator("#username:focus").waitFor();
  await tabTo(page, "#sign-up");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/sign-up**");
  await page.locator("#username:focus").waitFor();
  await page.keyboard.type("ann");
  await tabTo(page, "#display_name");
  await page.keyboard.type("Ann Miller");
  await tabTo(page, "#password");
  await page.keyboard.type("correct horse");
  await tabTo(page, "#sign-up-submit");
  await page.keyboard.press("Enter");
  await page.locator("#consent-allow").waitFor();
  await tabTo(page, "#consent-allow");
  await page.keyboard.press("Enter");
  assert.ok((await app.answer(page)).code);
});

test("bob tries OpenID Connect on the docs page, without a mouse", async (t) => {
  const page = await someone(t, world);
  await page.goto(`${world.demo.workspace}/oauth2`);
  await page.locator("#try-openid-link").press("Enter");
  await page.locator("#username:focus").waitFor();
  await page.keyboard.type(BOB.username);
  await tabTo(page, "#password");
  await page.keyboard.type(BOB.password);
  await page.keyboard.press("Enter");
  await page.locator("#consent-allow").waitFor();
  await tabTo(page, "#consent-allow");
  await page.keyboard.press("Enter");
  await page.locator("#exchange").waitFor();
  await tabTo(page, "#exchange");
  await page.keyboard.press("Enter");
  await page.getByText("All passed").waitFor();
  await tabTo(page, "#ask-userinfo + form button");
  await page.keyboard.press("Enter");
  await page.getByText("bob@example.com").waitFor();
});

test("the first Tab on a page leads past its navigation", async (t) => {
  const page = await someone(t, world);
  await page.goto(`${world.demo.workspace}/oauth2`);
  await page.keyboard.press("Tab");
  await page.getByRole("link", { name: "Skip to the content" }).press("Enter");
  assert.equal(await page.locator(":focus").getAttribute("id"), "main");
});
