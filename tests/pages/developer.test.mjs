// The developer of an app: reads the docs page, registers an app, tries every grant.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BOB, DEMO_APP } from "../lib/demo.mjs";
import { signIn, signInAtHome, someone, theWorld } from "./world.mjs";

const world = theWorld();
const docs = () => `${world.demo.workspace}/oauth2`;
const callback = () => `${docs()}/grant`;

/** Fills in and sends the form that registers an app which may do everything. */
async function register(page, name, redirectUris = [callback()]) {
  await page.goto(`${docs()}/apps/new`);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Web app").check();
  await page.getByLabel("Redirect URIs").fill(redirectUris.join("\n"));
  for (const choice of await page.locator("input[name=grant], input[name=scope]").all()) {
    if (await choice.isEnabled()) await choice.check();
  }
  await page.locator("#save-app").click();
}

/** The credentials on the page that shows a new secret. */
async function credentials(page) {
  const client_secret = await page.locator("#client-secret").innerText();
  const client_id = await page.getByRole("group", { name: "client_id" }).innerText();
  return { client_id, client_secret };
}

/** What the script shows of the fragment, after it has taken it out of the address. */
async function shownFragment(page) {
  const fields = page.locator("#fragment-fields");
  await fields.waitFor();
  assert.equal(new URL(page.url()).hash, "");
  const [names, values] = [await fields.locator("dt").allInnerTexts(), await fields.locator("dd").allInnerTexts()];
  return new Map(names.map((name, index) => [name, values[index]]));
}

async function itWorked(page) {
  await page.getByText("It worked.").waitFor();
}

/** Allows the app where the browser is asked, and waits for the docs page's callback. */
async function allow(page) {
  await page.waitForURL((url) => /\/(consent|oauth2\/grant)$/.test(url.pathname));
  if (page.url().includes("/consent")) await page.locator("#consent-allow").click();
  await page.waitForURL((url) => url.pathname.endsWith("/oauth2/grant"));
}

test("the docs page names this host and the demo's app in requests that can be pasted", async (t) => {
  const page = await someone(t, world);
  await page.goto(docs());
  const text = await page.locator("main").innerText();
  assert.ok(text.includes(`${docs()}/token`));
  assert.ok(text.includes(DEMO_APP.client_id) && text.includes(DEMO_APP.client_secret));
  for (const grant of ["Authorization Code", "Implicit Grant", "Resource Owner Password Credentials", "Client Credentials", "Refresh Token"]) {
    await page.getByRole("heading", { name: grant, exact: false }).first().waitFor();
  }
});

for (const javaScriptEnabled of [true, false]) {
  test(`a developer registers an app and tries every grant, ${javaScriptEnabled ? "with" : "without"} JavaScript`, async (t) => {
    const page = await someone(t, world, { javaScriptEnabled });
    await page.goto(docs());
    await page.locator("#your-app").getByRole("link", { name: "Register an app" }).click();
    await signIn(page);
    await page.getByRole("heading", { name: "Register an app" }).waitFor();
    const name = `First app ${javaScriptEnabled}`;
    await register(page, name);
    const app = await credentials(page);

    await t.test("the secret is shown once", async () => {
      await page.getByRole("link", { name: "I have copied it" }).click();
      await page.getByRole("heading", { name, exact: true }).waitFor();
      assert.ok(!(await page.content()).includes(app.client_secret));
      await page.goBack();
      assert.ok(!(await page.content()).includes(app.client_secret));
    });

    const toDocs = () => page.goto(`${docs()}?app=${app.client_id}`);

    await t.test("authorization code, then refresh", async () => {
      await toDocs();
      await page.locator("#try-code-link").click();
      await allow(page);
      await page.getByRole("heading", { name: "A code has arrived" }).waitFor();
      await page.getByLabel("client_secret").fill(app.client_secret);
      await page.locator("#exchange").click();
      await itWorked(page);
      await page.getByRole("button", { name: "Refresh" }).click();
      await itWorked(page);
    });

    await t.test("implicit", async () => {
      await toDocs();
      await page.locator("#try-implicit-link").click();
      await allow(page);
      const fragment = javaScriptEnabled ? await shownFragment(page) : new URLSearchParams(new URL(page.url()).hash.slice(1));
      assert.match(fragment.get("access_token"), /^gry_at_/);
      assert.equal(fragment.has("refresh_token"), false);
    });

    await t.test("password", async () => {
      await toDocs();
      const form = page.locator("#try-password");
      await form.getByLabel("client_secret").fill(app.client_secret);
      await form.getByLabel("username").fill(BOB.username);
      await form.getByLabel("password", { exact: true }).fill(BOB.password);
      await form.getByRole("button").click();
      await itWorked(page);
    });

    await t.test("client credentials", async () => {
      await toDocs();
      const form = page.locator("#try-client-credentials");
      await form.getByLabel("client_secret").fill(app.client_secret);
      await form.getByRole("button").click();
      await itWorked(page);
    });

    await t.test("a refusal names the error and the rule", async () => {
      await toDocs();
      const form = page.locator("#try-client-credentials");
      await form.getByLabel("client_secret").fill("not the secret");
      await form.getByRole("button").click();
      await page.getByRole("alert").getByText("invalid_client").waitFor();
      await page.getByRole("alert").getByRole("link", { name: /RFC 6749/ }).waitFor();
    });
  });
}

test("a visitor gets a token for the demo's app without typing anything", async (t) => {
  const page = await someone(t, world);
  for (const form of ["#try-client-credentials", "#try-password"]) {
    await page.goto(docs());
    await page.locator(form).getByRole("button").click();
    await itWorked(page);
  }
});

describe("the app portal", () => {
  test("says what is wrong with a redirect URI, and saves nothing", async (t) => {
    const page = await someone(t, world);
    await signInAtHome(page, world.demo);
    const wrong = ["javascript:alert(1)", "https://app.example/#fragment", "https://user@app.example/", "http://app.example/"];
    await register(page, "Careless", wrong);
    const errors = page.locator("#redirect_uris-error li");
    assert.equal(await errors.count(), wrong.length, await page.locator("main").innerText());
    await page.goto(`${docs()}/apps?q=Careless`);
    await page.getByRole("heading", { name: "Nothing found" }).waitFor();
  });

  test("takes settings for OpenID Connect, and says what is wrong with them", async (t) => {
    const page = await someone(t, world, { javaScriptEnabled: false });
    await signInAtHome(page, world.demo);
    await register(page, "Bookshop");
    const { client_id } = await credentials(page);
    const [signedOut, maxAge] = [page.getByLabel("Addresses to go to after signing out"), page.getByLabel("A sign-in is good for")];

    await page.goto(`${docs()}/apps/${client_id}/edit`);
    assert.ok(!(await signedOut.isVisible()) && !(await maxAge.isVisible()), "a newcomer sees few fields");
    await page.getByText("Signing out, and links for people").click();
    await page.getByText("Advanced", { exact: true }).click();
    await signedOut.fill("https://app.example/bye\nhttps://app.example/#bye");
    await maxAge.fill("a day");
    await page.locator("#save-app").click();
    await page.locator("#post_logout_redirect_uris-error").getByText("Line 2").waitFor();
    await page.locator("#default_max_age-error").waitFor();
    assert.ok((await signedOut.isVisible()) && (await maxAge.isVisible()), "what is wrong is open");

    await signedOut.fill("https://app.example/bye");
    await maxAge.fill("86400");
    await page.getByLabel("ID tokens are signed by").selectOption("EdDSA");
    await page.getByLabel("Users are known as").selectOption("pairwise");
    await page.getByLabel("ID tokens always say when").check();
    await page.locator("#save-app").click();
    await page.getByText("Saved.").waitFor();
    const facts = await page.locator("main").innerText();
    for (const fact of [world.demo.workspace, "EdDSA", "pairwise", "https://app.example/bye"]) assert.ok(facts.includes(fact), fact);

    await page.locator("#edit-app").click();
    assert.ok(await page.getByLabel("ID tokens always say when").isChecked());
    await page.getByText("Advanced", { exact: true }).click();
    await page.getByLabel("ID tokens always say when").uncheck();
    await page.locator("#save-app").click();
    await page.locator("#edit-app").click();
    assert.ok(!(await page.getByLabel("ID tokens always say when").isChecked()));
    assert.equal(await maxAge.inputValue(), "86400");
  });

  test("finds, edits, rotates and deletes an app", async (t) => {
    const page = await someone(t, world);
    await signInAtHome(page, world.demo);
    await register(page, "Billing");
    const first = await credentials(page);
    const service = (app) => world.demo.post("token", { grant_type: "client_credentials" }, app);

    await page.goto(`${docs()}/apps`);
    await page.getByRole("searchbox").fill("bill");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByRole("link", { name: "Billing" }).click();
    await page.locator("#edit-app").click();
    await page.getByLabel("Name", { exact: true }).fill("Invoices");
    await page.locator("#save-app").click();
    await page.getByText("Saved.").waitFor();
    await page.getByRole("heading", { name: "Invoices" }).waitFor();

    await page.locator("#rotate-secret").click();
    await page.locator("#confirm").click();
    const second = await credentials(page);
    assert.notEqual(second.client_secret, first.client_secret);
    for (const app of [first, second]) assert.ok((await service(app)).access_token, "both secrets work");
    await page.getByRole("link", { name: "I have copied it" }).click();
    await page.getByRole("link", { name: "Retire now" }).click();
    await page.locator("#confirm").click();
    await page.getByRole("heading", { name: "Invoices" }).waitFor();
    assert.equal((await service(first)).error, "invalid_client");

    await page.locator("#delete-app").click();
    await page.getByLabel("Type “Invoices” to confirm").fill("Something else");
    await page.locator("#confirm").click();
    await page.locator("#confirm_name-error").waitFor();
    await page.getByLabel("Type “Invoices” to confirm").fill("Invoices");
    await page.locator("#confirm").click();
    await page.getByText("The app has been deleted.").waitFor();
    assert.equal((await service(second)).error, "invalid_client");
  });

  test("shows developers their own apps, and an admin all of them", async (t) => {
    const [carol, bob, admin] = [await someone(t, world), await someone(t, world), await someone(t, world)];
    const user = await world.demo.addUser({ username: "carol", password: "a password of her own" });
    await signInAtHome(carol, world.demo, user);
    await signInAtHome(bob, world.demo);
    await signInAtHome(admin, world.demo, { username: "admin", password: "admin" });
    await register(carol, "Carol's app");
    const { client_id } = await credentials(carol);

    await bob.goto(`${docs()}/apps?q=Carol`);
    await bob.getByRole("heading", { name: "Nothing found" }).waitFor();
    assert.equal((await bob.goto(`${docs()}/apps/${client_id}`)).status(), 404);
    await admin.goto(`${docs()}/apps?q=Carol`);
    await admin.getByRole("link", { name: "Carol's app" }).waitFor();
  });
});
