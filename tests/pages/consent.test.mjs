// The end user: signs in for an app, allows a part, is not asked twice, takes it back. With and without JavaScript.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { anApp, signIn, someone, theWorld } from "./world.mjs";

const world = theWorld();

for (const javaScriptEnabled of [true, false]) {
  describe(`bob, ${javaScriptEnabled ? "with" : "without"} JavaScript`, () => {
    const bob = (t) => someone(t, world, { javaScriptEnabled });

    test("allows a part, is not asked again, is asked for more, and withdraws it all", async (t) => {
      const page = await bob(t);
      const app = await anApp(t, world.demo, { name: "Photo printer" });

      await page.goto(app.authorizationUrl({ state: "first" }));
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      await signIn(page);
      await page.getByRole("heading", { name: "Allow Photo printer?" }).waitFor();
      const unwanted = await page.getByRole("checkbox").first().getAttribute("value");
      await page.getByRole("checkbox").first().uncheck();
      await page.locator("#consent-allow").click();
      const first = await app.answer(page);
      assert.equal(first.state, "first");

      const tokens = await app.redeem(first.code);
      const granted = tokens.scope.split(" ");
      assert.ok(!granted.includes(unwanted), `${unwanted} was unticked and yet granted: ${tokens.scope}`);
      assert.equal(await app.isActive(tokens.access_token), true);

      await page.goto(app.authorizationUrl({ scope: tokens.scope }));
      assert.ok((await app.answer(page)).code, "the same again is granted without a question");

      await page.goto(app.authorizationUrl());
      await page.getByRole("heading", { name: "Allow Photo printer?" }).waitFor();
      await page.locator(`input[name=scope][value="${unwanted}"]`).check();
      await page.locator("#consent-allow").click();
      const more = await app.redeem((await app.answer(page)).code);
      assert.deepEqual(more.scope.split(" ").sort(), [...granted, unwanted].sort());

      await page.goto(`${world.demo.workspace}/account`);
      await page.getByRole("link", { name: "Withdraw access of Photo printer" }).click();
      await page.locator("#confirm").click();
      await page.getByText("Photo printer no longer has access.").waitFor();
      for (const token of [tokens.access_token, more.access_token, more.refresh_token]) {
        assert.equal(await app.isActive(token), false);
      }
      await page.goto(app.authorizationUrl({ scope: tokens.scope }));
      await page.getByRole("heading", { name: "Allow Photo printer?" }).waitFor();
    });

    for (const button of ["#consent-deny", "#cancel"]) {
      test(`says no by ${button}, and the app is told`, async (t) => {
        const page = await bob(t);
        const app = await anApp(t, world.demo, { name: "Nosy app" });
        await page.goto(app.authorizationUrl({ state: "s" }));
        await signIn(page);
        await page.locator(button).click();
        const { error, state } = await app.answer(page);
        assert.deepEqual({ error, state }, { error: "access_denied", state: "s" });
      });
    }

    test("cancels instead of signing in, and the app is told", async (t) => {
      const page = await bob(t);
      const app = await anApp(t, world.demo, { name: "Nosy app" });
      await page.goto(app.authorizationUrl());
      await page.locator("#cancel").click();
      assert.equal((await app.answer(page)).error, "access_denied");
    });

    test("signs in to two apps in two tabs at once", async (t) => {
      const one = await bob(t);
      const other = await one.context().newPage();
      const [printer, calendar] = [
        await anApp(t, world.demo, { name: "Printer" }),
        await anApp(t, world.demo, { name: "Calendar" }),
      ];
      await one.goto(printer.authorizationUrl({ state: "one" }));
      await other.goto(calendar.authorizationUrl({ state: "other" }));
      await signIn(one);
      await signIn(other);
      await one.locator("#consent-allow").click();
      await other.locator("#consent-allow").click();
      const answers = [await printer.answer(one), await calendar.answer(other)];
      assert.deepEqual(answers.map(({ state }) => state), ["one", "other"]);
      assert.ok((await printer.redeem(answers[0].code)).access_token);
      assert.ok((await calendar.redeem(answers[1].code)).access_token);
    });
  });
}

test("another site cannot say yes for bob", async (t) => {
  const page = await someone(t, world);
  const app = await anApp(t, world.demo, { name: "Impatient app" });
  await page.goto(app.authorizationUrl());
  await signIn(page);
  const form = page.locator('form[action$="/consent"]');
  const stolen = await form.evaluate((form) => ({
    action: form.action,
    fields: [...new FormData(form), ["decision", "allow"]],
  }));

  await page.goto(app.origin);
  await page.evaluate(({ action, fields }) => {
    const forged = document.body.appendChild(document.createElement("form"));
    Object.assign(forged, { action, method: "post" });
    for (const [name, value] of fields) {
      forged.append(Object.assign(document.createElement("input"), { name, value }));
    }
    forged.submit();
  }, stolen);

  await page.waitForURL(`${world.demo.workspace}/**`);
  await page.goto(app.authorizationUrl());
  await page.getByRole("heading", { name: "Allow Impatient app?" }).waitFor();
});

test("a page-less app exchanges its code in the browser, from its own origin", async (t) => {
  const page = await someone(t, world);
  const app = await anApp(t, world.demo, { name: "Single page", type: "spa" });
  const [verifier, challenge] = [
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
  ];
  await page.goto(app.authorizationUrl({ code_challenge: challenge, code_challenge_method: "S256" }));
  await signIn(page);
  await page.locator("#consent-allow").click();
  const { code, iss } = await app.answer(page);

  const tokens = await page.evaluate(
    async ({ iss, request }) => {
      const metadata = await (await fetch(`${iss}/.well-known/oauth-authorization-server`)).json();
      const answer = await fetch(metadata.token_endpoint, { method: "POST", body: new URLSearchParams(request) });
      return answer.json();
    },
    {
      iss,
      request: {
        grant_type: "authorization_code",
        client_id: app.credentials.client_id,
        redirect_uri: app.callback,
        code_verifier: verifier,
        code,
      },
    },
  );
  assert.ok(tokens.access_token, JSON.stringify(tokens));
});
