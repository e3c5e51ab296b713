// What every browser test starts from: a running demo, a browser, people in front of it, and apps of other makers.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { BOB, startDemo } from "../lib/demo.mjs";

const WITHIN_MS = 10_000;

/** One demo and one browser for all tests of a file. */
export function theWorld() {
  const world = {};
  before(async () => {
    world.demo = await startDemo();
    world.browser = await chromium.launch({
      executablePath: process.env.GRANTRY_TEST_CHROMIUM ?? "/usr/bin/chromium",
      args: ["--disable-gpu", "--disable-quic", "--disable-sync"],
    });
  });
  after(async () => {
    await world.browser?.close();
    await world.demo?.stop();
  });
  return world;
}

/** A page in a browser profile of its own. Whatever its console complains about fails the test. */
export async function someone(t, { browser }, options = {}) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(WITHIN_MS);
  const complaints = [];
  const complain = (text) => complaints.push(text);
  context.on("weberror", (error) => complain(error.error().message));
  context.on("console", (message) => {
    // A page that was refused is news of the server's, and comes below if it was not asked for by the person.
    const isNews = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !isNews) complain(message.text());
  });
  context.on("response", (response) => {
    const asked = response.request().resourceType() === "document";
    if (response.status() >= 400 && !asked) complain(`${response.status()} for ${response.url()}`);
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints, []);
  });
  return context.newPage();
}

/** Fills in the login form of the page. */
export async function signIn(page, { username, password } = BOB) {
  await page.getByLabel("User name").fill(username);
  await page.getByLabel("Password").fill(password);
  await page.locator("#login-submit").click();
}

/** Fills in the page that makes an account. */
export async function signUp(page, { username, password, name = "" }) {
  await page.getByLabel("User name").fill(username);
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.locator("#sign-up-submit").click();
}

/** Goes to the login page first, and ends on the user's own page. */
export async function signInAtHome(page, demo, user = BOB) {
  await page.goto(`${demo.workspace}/account`);
  await signIn(page, user);
  await page.getByRole("heading", { name: "Your account" }).waitFor();
}

/** An app somewhere else: registered with the demo, and with a callback on an origin of its own. */
export async function anApp(t, demo, { name, type = "web", ...options }) {
  const site = new Site();
  const server = createServer((request, response) => {
    if (site.receive(request.url)) return;
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><title>${name}</title><p>Back in ${name}`);
  });
  await once(server.listen(0, "127.0.0.1").unref(), "listening");
  const origin = `http://127.0.0.1:${server.address().port}`;
  const callback = `${origin}/callback`;
  const credentials = await demo.registerApp({ name, type, "redirect-uri": callback, ...options });
  return new App({ demo, name, origin, callback, credentials, site });
}

/** Registers, as an admin does, that the app wants to be told in a frame at /out, and people back at /bye. */
export async function registerLogout(page, app) {
  await page.goto(`${app.demo.workspace}/oauth2/apps/${app.credentials.client_id}/edit`);
  await page.getByText("Signing out, and links for people").click();
  await page.getByText("Advanced", { exact: true }).click();
  await page.locator("#post_logout_redirect_uris").fill(`${app.origin}/bye`);
  await page.locator("#frontchannel_logout_uri").fill(`${app.origin}/out`);
  await page.locator("#frontchannel_logout_session_required").check();
  await page.locator("#save-app").click();
  await page.getByText("Saved.").waitFor();
}

/** What an app was asked for by browsers. */
class Site {
  #requests = [];
  #waiting = [];
  hanging = new Set();

  /** Whether the request stays without an answer. */
  receive(url) {
    const [path] = url.split("?");
    this.#requests.push({ path, url });
    this.#waiting.filter((it) => it.path === path).forEach(({ resolve }) => resolve(url));
    return this.hanging.has(path);
  }

  /** The last request for this path, as soon as there is one. */
  request(path) {
    const known = this.#requests.findLast((it) => it.path === path);
    return known?.url ?? new Promise((resolve) => this.#waiting.push({ path, resolve }));
  }
}

class App {
  constructor({ site, ...rest }) {
    Object.assign(this, { site, ...rest });
  }

  /** The last request for a path of the app, as soon as there is one. */
  request(path) {
    return this.site.request(path);
  }

  /** From now on this path is not answered. */
  hang(path) {
    this.site.hanging.add(path);
  }

  /** A fresh authorization request. */
  authorizationUrl(parameters = {}) {
    const request = new URLSearchParams({
      response_type: "code",
      client_id: this.credentials.client_id,
      redirect_uri: this.callback,
      scope: "*",
      state: randomUUID(),
      ...parameters,
    });
    return `${this.demo.workspace}/oauth2/authorize?${request}`;
  }

  /** What the browser brings back to the app; checked to come from this workspace. */
  async answer(page) {
    await page.waitForURL((url) => url.href.startsWith(this.callback));
    const answer = new URL(page.url()).searchParams;
    assert.equal(answer.get("iss"), this.demo.workspace);
    return Object.fromEntries(answer);
  }

  /** The tokens that a code buys. */
  redeem(code) {
    const request = { grant_type: "authorization_code", code, redirect_uri: this.callback };
    return this.demo.post("token", request, this.credentials);
  }

  /** Whether the app's token is still good. */
  async isActive(token) {
    return (await this.demo.post("introspect", { token }, this.credentials)).active;
  }
}
