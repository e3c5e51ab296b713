// The user's own page: the profile, where one is signed in, and the password.

import assert from "node:assert/strict";
import { test } from "node:test";
import { signIn, signInAtHome, someone, theWorld } from "./world.mjs";

const world = theWorld();

/** A user that no other test signs in, so that each sees only its own sessions. */
async function aUser(username) {
  return world.demo.addUser({ username, password: `${username}'s first password` });
}

async function signedIn(t, user, userAgent) {
  const page = await someone(t, world, { userAgent });
  await signInAtHome(page, world.demo, user);
  return page;
}

async function mustSignInAgain(page) {
  await page.goto(`${world.demo.workspace}/account`);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
}

async function isStillSignedIn(page) {
  await page.goto(`${world.demo.workspace}/account`);
  await page.getByRole("heading", { name: "Your account" }).waitFor();
}

test("alice signs out where she is", async (t) => {
  const page = await signedIn(t, await aUser("alice"));
  await page.getByRole("banner").getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Signed out" }).waitFor();
  await mustSignInAgain(page);
});

test("carol signs out one other browser", async (t) => {
  const carol = await aUser("carol");
  const [here, there, elsewhere] = [await signedIn(t, carol), await signedIn(t, carol), await signedIn(t, carol)];
  await here.reload();
  const sessions = here.locator("#sessions li");
  assert.equal(await sessions.count(), 3);
  const others = sessions.filter({ hasNotText: "this browser" });
  await others.first().getByRole("button", { name: "Sign out" }).click();
  await here.getByText("That browser has been signed out.").waitFor();
  assert.equal(await sessions.count(), 2);

  const stillIn = [];
  for (const page of [there, elsewhere]) {
    await page.goto(`${world.demo.workspace}/account`);
    stillIn.push(await page.getByRole("heading", { name: "Your account" }).isVisible());
  }
  assert.deepEqual(stillIn.sort(), [false, true]);
});

test("dave signs out all other browsers, then everywhere", async (t) => {
  const dave = await aUser("dave");
  const [here, there] = [await signedIn(t, dave), await signedIn(t, dave)];
  await here.reload();
  await here.locator("#sign-out-others").click();
  await here.getByText("All other browsers have been signed out.").waitFor();
  await mustSignInAgain(there);
  await isStillSignedIn(here);
  await here.locator("#sign-out-all").click();
  await mustSignInAgain(here);
});

test("erin changes her password, and other browsers have to know it", async (t) => {
  const erin = await aUser("erin");
  const password = "a longer phrase than before";
  const [here, there] = [await signedIn(t, erin), await signedIn(t, erin)];
  const change = async (current, next, repeat) => {
    await here.getByLabel("Current password").fill(current);
    await here.getByLabel("New password", { exact: true }).fill(next);
    await here.getByLabel("New password again").fill(repeat);
    await here.locator("#password-submit").click();
  };

  await here.locator("#change-password").click();
  await change("a guess", password, password);
  await here.locator("#current-error").waitFor();
  await change(erin.password, password, "something else entirely");
  await here.locator("#repeat-error").waitFor();
  await change(erin.password, password, password);
  await here.getByText("Your password has been changed.").waitFor();

  await mustSignInAgain(there);
  await signIn(there, erin);
  await there.getByText("User name or password is wrong.").waitFor();
  await signIn(there, { ...erin, password });
  await there.getByRole("heading", { name: "Your account" }).waitFor();
});

test("frank says who he is, and takes back what he would rather not say", async (t) => {
  const page = await signedIn(t, await aUser("frank"));
  const save = () => page.locator("#save-profile").click();
  const saved = () => page.getByText("Your profile has been saved.").waitFor();

  await page.locator("#edit-profile").click();
  await page.getByLabel("Full name").fill("Frank Farmer");
  await page.getByLabel("Email").fill("frank@example.com");
  await page.getByLabel("Picture").fill("javascript:alert(1)");
  await page.getByLabel("Street and number").fill("1 Field Road\nBarn");
  await save();
  await page.locator("#picture-error").waitFor();
  assert.equal(await page.getByLabel("Full name").inputValue(), "Frank Farmer", "what was typed stays");
  await page.getByLabel("Picture").fill("https://example.com/frank.png");
  await save();
  await saved();
  await page.getByText("frank@example.com").waitFor();
  await page.getByText("Frank Farmer").waitFor();

  const known = () => world.demo.grantry(["user", "show", "--workspace", "workflow", "frank"]);
  const { claims } = await known();
  assert.equal(claims.picture, "https://example.com/frank.png");
  assert.deepEqual(claims.address, { street_address: "1 Field Road\nBarn" });

  await page.locator("#edit-profile").click();
  assert.equal(await page.getByLabel("Street and number").inputValue(), "1 Field Road\nBarn");
  for (const field of ["Picture", "Email", "Street and number"]) await page.getByLabel(field).fill("");
  await save();
  await saved();
  const { name, updated_at } = (await known()).claims;
  assert.deepEqual((await known()).claims, { name, updated_at });
});
