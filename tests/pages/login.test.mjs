// Signing in when something is not as it should be.

import assert from "node:assert/strict";
import { test } from "node:test";
import { BOB } from "../lib/demo.mjs";
import { anApp, signIn, signInAtHome, someone, theWorld } from "./world.mjs";

const world = theWorld();

test("a wrong password is told, and the right one then works", async (t) => {
  const page = await someone(t, world);
  const app = await anApp(t, world.demo, { name: "Photo printer" });
  await page.goto(app.authorizationUrl());
  await signIn(page, { ...BOB, password: "guess" });
  await page.getByRole("alert").getByText("User name or password is wrong.").waitFor();
  assert.equal(await page.getByLabel("User name").inputValue(), BOB.username);
  assert.equal(await page.getByLabel("Password").inputValue(), "");
  await signIn(page);
  await page.locator("#consent-allow").click();
  assert.ok((await app.answer(page)).code);
});

test("an unknown user hears the same as one with a wrong password", async (t) => {
  const page = await someone(t, world);
  await page.goto(`${world.demo.workspace}/login`);
  await signIn(page, { username: "nobody", password: "guess" });
  await page.getByRole("alert").getByText("User name or password is wrong.").waitFor();
});

test("a form of another browser is refused, and the fresh one works", async (t) => {
  const [page, stranger] = [await someone(t, world), await someone(t, world)];
  for (const each of [page, stranger]) await each.goto(`${world.demo.workspace}/login`);
  const formToken = 'form[action$="/login"] input[name=form_token]';
  const foreign = await stranger.locator(formToken).inputValue();
  await page.locator(formToken).evaluate((input, foreign) => (input.value = foreign), foreign);
  await signIn(page);
  await page.getByRole("alert").getByText("Please sign in again here.").waitFor();
  await signIn(page);
  await page.waitForURL((url) => !url.pathname.endsWith("/login"));
});

test("signing in brings bob to the page that he wanted", async (t) => {
  const page = await someone(t, world);
  await page.goto(`${world.demo.workspace}/oauth2/apps`);
  await signIn(page);
  await page.waitForURL(`${world.demo.workspace}/oauth2/apps`);
});

test("an app that is not known is explained here, and nobody is sent anywhere", async (t) => {
  const page = await someone(t, world);
  const request = "response_type=code&client_id=nobody&redirect_uri=https://attacker.example/";
  const answer = await page.goto(`${world.demo.workspace}/oauth2/authorize?${request}`);
  assert.equal(answer.status(), 400);
  assert.equal(new URL(page.url()).origin, world.demo.url);
  await page.getByText("invalid_request").or(page.getByText("invalid_client")).first().waitFor();
  await page.getByText("Request id").waitFor();
});

test("nobody can frame a page, and no page is kept by the browser", async (t) => {
  const page = await someone(t, world);
  await signInAtHome(page, world.demo);
  const headers = (await page.reload()).headers();
  assert.match(headers["content-security-policy"], /frame-ancestors 'none'/);
  assert.doesNotMatch(headers["content-security-policy"], /unsafe-inline|unsafe-eval/);
  assert.match(headers["cache-control"], /no-store/);
  assert.equal(headers["referrer-policy"], "no-referrer");
  assert.equal(headers["x-content-type-options"], "nosniff");
});
