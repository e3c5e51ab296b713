// Every page, light and dark, on a phone and on a desk: a picture in target/screenshots, nothing that scrolls sideways,
// nothing that axe-core finds wrong for people who see, hear or point differently.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import { BOB, DEMO_APP } from "../lib/demo.mjs";
import { anApp, signIn, signInAtHome, signUp, someone, theWorld } from "./world.mjs";

const PICTURES = fileURLToPath(new URL("../../target/screenshots/", import.meta.url));
const SCHEMES = ["light", "dark"];
const WIDTHS = [360, 1280];
const HEIGHT = 800;
const LOGOS = "https://logos.example";
const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><circle cx="32" cy="32" r="30" fill="teal"/></svg>';

const world = theWorld();
const docs = () => `${world.demo.workspace}/oauth2`;

/** Looks at the page in every way. */
async function look(page, name) {
  await mkdir(PICTURES, { recursive: true });
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    for (const width of WIDTHS) {
      const view = `${name}-${width}-${colorScheme}`;
      await page.setViewportSize({ width, height: HEIGHT });
      await page.screenshot({ path: `${PICTURES}${view}.png`, fullPage: true });
      assert.deepEqual(await tooWide(page), [], `${view} scrolls sideways`);
      assert.deepEqual(await violations(page), [], view);
    }
  }
}

/** The elements that stick out, if the page can be scrolled sideways. */
function tooWide(page) {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const sticksOut = (element) => element.getBoundingClientRect().right > clientWidth;
    return [...document.querySelectorAll("body *")].filter(sticksOut).map((element) => element.outerHTML.slice(0, 120));
  });
}

async function violations(page) {
  await page.evaluate(axe.source);
  const found = await page.evaluate(() => globalThis.axe.run());
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
}

/** Each page of a story, in order: how to get there from the one before. */
function story(title, chapters) {
  describe(title, () => {
    test("looked at", async (t) => {
      const page = await someone(t, world);
      const app = await anApp(t, world.demo, { name: "Photo printer" });
      for (const [name, goThere] of Object.entries(chapters)) {
        await t.test(name, async () => {
          await goThere(page, app);
          await look(page, name);
        });
      }
    });
  });
}

async function fillInApp(page, name, redirectUri) {
  await page.goto(`${docs()}/apps/new`);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Web app").check();
  await page.getByLabel("Redirect URIs").fill(redirectUri);
  await page.locator("#save-app").click();
}

async function toApp(page) {
  await page.goto(`${docs()}/apps`);
  await page.getByRole("link", { name: "My app" }).click();
}

async function follow(page, selector) {
  await page.locator(selector).click();
  await page.waitForLoadState();
}

story("a visitor", {
  home: (page) => page.goto(world.demo.url),
  "unknown-workspace": (page) => page.goto(`${world.demo.url}/nowhere/oauth2`),
  docs: (page) => page.goto(docs()),
  "error-unknown-app": (page) => page.goto(`${docs()}/authorize?response_type=code&client_id=nobody`),
  "callback-empty": (page) => page.goto(`${docs()}/grant`),
  "callback-error": (page) => page.goto(`${docs()}/grant?error=access_denied&error_description=no&iss=${world.demo.workspace}`),
  "try-refused": async (page) => {
    await page.goto(docs());
    await page.locator("#try-client-credentials").getByLabel("client_secret").fill("wrong");
    await page.locator("#try-client-credentials").getByRole("button").click();
    await page.getByRole("alert").waitFor();
  },
  "try-worked": async (page) => {
    await page.goto(docs());
    await page.locator("#try-password").getByRole("button").click();
    await page.getByText("It worked.").waitFor();
  },
});

story("an end user", {
  login: (page, app) => page.goto(app.authorizationUrl()),
  "login-wrong": async (page) => {
    await signIn(page, { ...BOB, password: "guess" });
    await page.getByRole("alert").waitFor();
  },
  "sign-up": (page) => follow(page, "#sign-up"),
  "sign-up-wrong": async (page) => {
    await signUp(page, { ...BOB, password: "the password of another" });
    await page.locator("#username-error").waitFor();
    await page.locator("#password").fill("short");
    await page.locator("#username").fill("Bob");
    await page.locator("form[action$='/sign-up']").evaluate((form) => (form.noValidate = true));
    await page.locator("#sign-up-submit").click();
    await page.locator("#password-error").waitFor();
  },
  consent: async (page) => {
    await follow(page, "#login");
    await signIn(page);
    await page.locator("#consent-allow").waitFor();
  },
  account: async (page, app) => {
    await page.locator("#consent-allow").click();
    await app.redeem((await app.answer(page)).code);
    await page.goto(`${world.demo.workspace}/account`);
  },
  choose: (page, app) => page.goto(`${app.authorizationUrl()}&prompt=select_account`),
  "sign-up-signed-in": (page) => page.goto(`${world.demo.workspace}/sign-up`),
  profile: (page) => page.goto(`${world.demo.workspace}/account/profile`),
  "profile-wrong": async (page) => {
    for (const field of ["email", "picture", "birthdate"]) await page.locator(`#${field}`).fill("something else");
    await page.locator("#save-profile").click();
    await page.locator("#picture-error").waitFor();
  },
  withdraw: async (page) => {
    await page.goto(`${world.demo.workspace}/account`);
    await page.getByRole("link", { name: "Withdraw access of Photo printer" }).click();
  },
  password: (page) => page.goto(`${world.demo.workspace}/account/password`),
  "password-wrong": async (page) => {
    for (const field of ["current", "new", "repeat"]) await page.locator(`#${field}`).fill(`${field} password`);
    await page.locator("#password-submit").click();
    await page.locator(".field-error").first().waitFor();
  },
  logout: (page, app) => page.goto(`${docs()}/logout?client_id=${app.credentials.client_id}`),
  "signed-out": async (page) => {
    await page.goto(`${world.demo.workspace}/account`);
    await page.getByRole("banner").getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Signed out" }).waitFor();
  },
});

story("a developer", {
  "apps-none": async (page) => {
    const dora = { username: "dora", password: "the developer's password" };
    await signInAtHome(page, world.demo, await world.demo.addUser(dora));
    await page.goto(`${docs()}/apps`);
  },
  "app-new": (page) => page.goto(`${docs()}/apps/new`),
  "app-new-wrong": async (page) => {
    await fillInApp(page, "", "http://app.example/#fragment");
    await page.locator("#redirect_uris-error").waitFor();
  },
  "app-secret": async (page) => {
    await fillInApp(page, "My app", `${docs()}/grant`);
    await page.locator("#client-secret").waitFor();
  },
  apps: (page) => page.goto(`${docs()}/apps`),
  app: (page) => toApp(page),
  "app-edit": (page) => follow(page, "#edit-app"),
  "app-edit-everything": async (page) => {
    for (const summary of await page.locator("summary").all()) await summary.click();
    await page.locator("#default_max_age").waitFor();
  },
  "app-edit-wrong": async (page) => {
    await page.getByLabel("Addresses to go to after signing out").fill("https://app.example/#bye");
    await page.getByLabel("A sign-in is good for").fill("a day");
    await page.locator("#save-app").click();
    await page.locator("#default_max_age-error").waitFor();
  },
  "app-with-openid": async (page) => {
    await page.getByLabel("Addresses to go to after signing out").fill("https://app.example/bye");
    await page.getByLabel("A sign-in is good for").fill("");
    await page.getByLabel("Back-channel logout URI").fill("https://app.example/signed-out");
    await page.getByLabel("Logo", { exact: true }).fill(`${LOGOS}/logo.svg`);
    await page.getByLabel("Privacy policy").fill("https://app.example/privacy");
    await page.getByLabel("Terms of service").fill("https://app.example/terms");
    await page.locator("#save-app").click();
    await page.getByText("Saved.").waitFor();
  },
  "consent-with-logo": async (page) => {
    await page.route(`${LOGOS}/**`, (route) => route.fulfill({ contentType: "image/svg+xml", body: LOGO }));
    const client_id = await page.locator("#client-id").innerText();
    await page.goto(`${docs()}/authorize?response_type=code&client_id=${client_id}&scope=*`);
    await page.locator("#consent-allow").waitFor();
    assert.ok(await page.locator("img.logo").evaluate((image) => image.naturalWidth > 0));
  },
  "login-with-logo": async (page) => {
    await page.getByRole("link", { name: "Not you?" }).click();
    await page.locator("#login-submit").waitFor();
    assert.ok(await page.locator("img.logo").evaluate((image) => image.naturalWidth > 0));
  },
  "app-rotate": async (page) => {
    await toApp(page);
    await follow(page, "#rotate-secret");
  },
  "app-delete": async (page) => {
    await toApp(page);
    await follow(page, "#delete-app");
  },
  "docs-own-app": (page) => page.goto(docs()),
  "callback-code": async (page) => {
    await page.goto(`${docs()}/authorize?response_type=code&client_id=${DEMO_APP.client_id}&scope=*&redirect_uri=${docs()}/grant`);
    await page.locator("#consent-allow").click();
    await page.getByRole("heading", { name: "A code has arrived" }).waitFor();
  },
  "openid-exchanged": async (page) => {
    await page.goto(`${docs()}?app=${DEMO_APP.client_id}`);
    await follow(page, "#try-openid-link");
    await follow(page, "#exchange");
    await page.getByText("All passed").waitFor();
  },
  "openid-userinfo": async (page) => {
    await page.getByRole("button", { name: "Ask UserInfo" }).click();
    await page.getByRole("heading", { name: "Ask UserInfo" }).waitFor();
  },
  "openid-wrong": async (page) => {
    await page.goto(`${docs()}?app=${DEMO_APP.client_id}`);
    await follow(page, "#try-openid-link");
    await page.locator("#nonce").fill("another");
    await follow(page, "#exchange");
    await page.getByRole("alert").waitFor();
  },
  "openid-fragment": async (page) => {
    const redirect = `redirect_uri=${docs()}/grant&nonce=n`;
    await page.goto(`${docs()}/authorize?response_type=id_token&client_id=${DEMO_APP.client_id}&scope=openid&${redirect}`);
    await page.locator("#consent-allow").click();
    await page.locator("#fragment-fields").waitFor();
  },
  "openid-fragment-verified": async (page) => {
    await page.getByLabel("nonce").fill("n");
    await page.locator("#verify").click();
    await page.getByText("All passed").waitFor();
  },
  "apps-of-everyone": async (page) => {
    await page.context().clearCookies();
    await signInAtHome(page, world.demo, { username: "admin", password: "admin" });
    await page.goto(`${docs()}/apps`);
  },
});
