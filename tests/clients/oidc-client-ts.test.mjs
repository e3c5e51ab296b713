// oidc-client-ts, the client of the single-page apps, in a real browser and on an origin of its own.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { test } from "node:test";
import { signIn, someone, theWorld } from "../pages/world.mjs";

const FILES = {
  "/": ["text/html", "spa/index.html"],
  "/app.js": ["text/javascript", "spa/app.js"],
  "/oidc-client-ts.js": ["text/javascript", "node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js"],
};

const world = theWorld();

/** The app at its own site: for a browser, `localhost` is another one than the server's. */
async function singlePageApp(demo) {
  const server = createServer(async ({ url }, response) => {
    const [type, file] = FILES[new URL(url, origin).pathname] ?? ["text/javascript"];
    response.setHeader("content-type", type);
    response.end(file ? await readFile(new URL(file, import.meta.url)) : settings);
  });
  await once(server.listen(0, "localhost").unref(), "listening");
  const origin = `http://localhost:${server.address().port}`;
  const { client_id } = await demo.registerApp({
    name: "Single page",
    type: "spa",
    "redirect-uri": `${origin}/`,
    "post-logout-redirect-uri": `${origin}/?goodbye`,
  });
  const settings = `export default ${JSON.stringify({ authority: demo.workspace, client_id })}`;
  return origin;
}

test("bob signs in to a single-page app, stays for a while, and leaves", async (t) => {
  const page = await someone(t, world);
  const origin = await singlePageApp(world.demo);
  const shows = (text) => page.getByText(text, { exact: true }).waitFor();

  await page.goto(origin);
  await shows("nobody");
  await page.locator("#sign-in").click();
  await signIn(page);
  await page.locator("#consent-allow").click();
  await shows("Bob Baker <bob@example.com>");

  for (let time = 0; time < 2; time++) {
    await page.locator("#refresh").click();
    await shows("refreshed true for Bob Baker");
  }

  await page.locator("#sign-out").click();
  await shows("signed out");
  await page.goto(origin);
  await page.locator("#sign-in").click();
  await page.getByLabel("Password").waitFor();
});
