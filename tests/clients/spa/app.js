// A single-page app as the README of oidc-client-ts has it: no server of its own, no secret, PKCE.

import settings from "./settings.js";

const here = `${location.origin}/`;
const manager = new oidc.UserManager({
  ...settings,
  redirect_uri: here,
  post_logout_redirect_uri: `${here}?goodbye`,
  scope: "openid profile email",
  loadUserInfo: true,
});

function show(text) {
  document.querySelector("#state").textContent = text;
}

function on(id, act) {
  document.querySelector(id).onclick = act;
}

async function arrive() {
  const query = new URLSearchParams(location.search);
  if (query.has("goodbye")) {
    await manager.signoutRedirectCallback();
    return show("signed out");
  }
  if (query.has("state")) {
    const { profile } = await manager.signinRedirectCallback();
    history.replaceState({}, "", here);
    return show(`${profile.name} <${profile.email}>`);
  }
  show("nobody");
}

on("#sign-in", () => manager.signinRedirect());
on("#sign-out", () => manager.signoutRedirect({ state: "so long" }));
on("#refresh", async () => {
  const before = await manager.getUser();
  const after = await manager.signinSilent();
  const rotated = before.access_token !== after.access_token && before.refresh_token !== after.refresh_token;
  show(`refreshed ${rotated} for ${after.profile.name}`);
});
await arrive();
