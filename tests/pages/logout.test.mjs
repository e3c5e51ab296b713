// Signing out from an app: what the browser tells other apps, where it goes, and what a page of an app can find out.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { anApp, registerLogout, signIn, signInAtHome, someone, theWorld } from "./world.mjs";

const world = theWorld();
const ADMIN = { username: "admin", password: "admin" };

/** Apps that want to be told in a frame; the first also says where to go afterwards. */
async function theApps(t) {
  const admin = await someone(t, world);
  await signInAtHome(admin, world.demo, ADMIN);
  const apps = [];
  for (const name of ["Photo printer", "Notebook"]) {
    const app = await anApp(t, world.demo, { name, scope: "openid" });
    await registerLogout(admin, app);
    apps.push(app);
  }
  return apps;
}

/** Signs in to an app: its ID token, and the session_state of the answer. */
async function signInTo(page, app) {
  await page.goto(app.authorizationUrl({ scope: "openid", nonce: randomUUID() }));
  const login = page.getByRole("heading", { name: "Sign in" });
  const allow = page.locator("#consent-allow");
  await login.or(allow).or(page.getByText(`Back in ${app.name}`)).waitFor();
  if (await login.isVisible()) {
    await signIn(page);
    await allow.or(page.getByText(`Back in ${app.name}`)).waitFor();
  }
  if (await allow.isVisible()) await allow.click();
  const { code, session_state } = await app.answer(page);
  const { id_token } = await app.redeem(code);
  return { id_token, session_state };
}

function logoutUrl(app, id_token, state) {
  const request = new URLSearchParams({ id_token_hint: id_token, post_logout_redirect_uri: `${app.origin}/bye`, state });
  return `${world.demo.workspace}/oauth2/logout?${request}`;
}

function sidOf(id_token) {
  return JSON.parse(Buffer.from(id_token.split(".")[1], "base64url")).sid;
}

/** What the app's frame was loaded with, as soon as it was. */
async function toldInAFrame(app) {
  const url = new URL(await app.request("/out"), app.origin);
  return Object.fromEntries(url.searchParams);
}

/** What the frame of the workspace answers to a page of the app. */
function ask(page, message) {
  return page.evaluate(
    ([frameUrl, message]) =>
      new Promise((resolve) => {
        const frame = document.createElement("iframe");
        frame.src = frameUrl;
        addEventListener("message", ({ data, origin }) => {
          if (origin !== new URL(frameUrl).origin) return;
          frame.remove();
          resolve(data);
        });
        // Once, half a second after the page: as the conformance suite does.
        frame.onload = () => setTimeout(() => frame.contentWindow.postMessage(message, "*"), 500);
        document.body.append(frame);
      }),
    [`${world.demo.workspace}/oauth2/session`, message],
  );
}

test("bob signs out at one app, the other one is told, and he is back where he was", async (t) => {
  const [printer, notebook] = await theApps(t);
  const page = await someone(t, world);
  const { id_token } = await signInTo(page, printer);
  await signInTo(page, notebook);
  await page.goto(logoutUrl(printer, id_token, "a state & more"));
  await page.waitForURL((url) => url.pathname === "/bye");
  assert.equal(new URL(page.url()).search, "?state=a+state+%26+more");
  for (const app of [printer, notebook]) {
    assert.deepEqual(await toldInAFrame(app), { iss: world.demo.workspace, sid: sidOf(id_token) });
  }
  await page.goto(`${world.demo.workspace}/account`);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});

test("an app that does not answer holds bob up for three seconds at most", async (t) => {
  const [printer, notebook] = await theApps(t);
  const page = await someone(t, world);
  const { id_token } = await signInTo(page, printer);
  await signInTo(page, notebook);
  notebook.hang("/out");
  await page.goto(logoutUrl(printer, id_token, "1"), { waitUntil: "commit" });
  await page.waitForURL((url) => url.pathname === "/bye", { timeout: 8_000 });
});

test("without scripts the other app is told all the same, and a button leads back", async (t) => {
  const [printer, notebook] = await theApps(t);
  const page = await someone(t, world, { javaScriptEnabled: false });
  const { id_token } = await signInTo(page, printer);
  await signInTo(page, notebook);
  await page.goto(logoutUrl(printer, id_token, "2"));
  await page.getByRole("heading", { name: "Signed out" }).waitFor();
  assert.equal((await toldInAFrame(notebook)).sid, sidOf(id_token));
  await page.getByRole("link", { name: "Continue" }).click();
  await page.waitForURL(`${printer.origin}/bye?state=2`);
});

test("bob is asked when an app only says its name, and may stay", async (t) => {
  const [printer] = await theApps(t);
  const page = await someone(t, world);
  await signInTo(page, printer);
  const request = new URLSearchParams({
    client_id: printer.credentials.client_id,
    post_logout_redirect_uri: `${printer.origin}/bye`,
  });
  const url = `${world.demo.workspace}/oauth2/logout?${request}`;
  await page.goto(url);
  await page.getByText("Photo printer asks to sign you out").waitFor();
  await page.getByRole("link", { name: "Stay signed in" }).click();
  await page.getByRole("heading", { name: "Your account" }).waitFor();
  await page.goto(url);
  await page.locator("#logout-yes").click();
  await page.waitForURL(`${printer.origin}/bye`);
});

test("an app's own form signs bob out, though its browser sends no cookies with it", async (t) => {
  const [printer] = await theApps(t);
  const page = await someone(t, world);
  const { id_token } = await signInTo(page, printer);
  // Another host than the workspace's, so that the form comes from another site.
  await page.goto(printer.origin.replace("127.0.0.1", "localhost"));
  await page.evaluate(
    ([action, id_token, uri]) => {
      const form = document.createElement("form");
      Object.assign(form, { method: "post", action });
      for (const [name, value] of Object.entries({ id_token_hint: id_token, post_logout_redirect_uri: uri })) {
        const field = Object.assign(document.createElement("input"), { type: "hidden", name, value });
        form.append(field);
      }
      document.body.append(form);
      form.submit();
    },
    [`${world.demo.workspace}/oauth2/logout`, id_token, `${printer.origin}/bye`],
  );
  await page.waitForURL(`${printer.origin}/bye`);
  await page.goto(`${world.demo.workspace}/account`);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});

test("a page of an app finds out that bob is signed in, and that he is no longer", async (t) => {
  const [printer] = await theApps(t);
  const page = await someone(t, world);
  const { id_token, session_state } = await signInTo(page, printer);
  const { client_id } = printer.credentials;
  assert.equal(await ask(page, `${client_id} ${session_state}`), "unchanged");
  assert.equal(await ask(page, `another ${session_state}`), "changed");
  for (const nonsense of ["", client_id, `${client_id} x`, `${client_id} a.b.c`]) {
    assert.equal(await ask(page, nonsense), "error", nonsense);
  }
  await page.goto(logoutUrl(printer, id_token, "3"));
  await page.waitForURL((url) => url.pathname === "/bye");
  assert.equal(await ask(page, `${client_id} ${session_state}`), "changed");
});
