// The user's part of a grant, by plain HTTP: follow redirects, fill in the forms, stop at the app's redirect URI.

import { BOB } from "../lib/demo.mjs";

const MOST_STEPS = 10;

/** Signs in and decides; returns the URL at which the browser would come back to the app. */
export async function authorize(url, redirectUri, decision = "allow", user = BOB) {
  const cookies = new Map();
  let next = { url, method: "GET" };
  for (let step = 0; step < MOST_STEPS; step++) {
    const answer = await fetch(next.url, {
      method: next.method,
      body: next.body,
      headers: { cookie: [...cookies].map((pair) => pair.join("=")).join("; ") },
      redirect: "manual",
    });
    keepCookies(cookies, answer);
    const location = answer.headers.get("location");
    if (location) {
      next = { url: new URL(location, next.url).href, method: "GET" };
      if (next.url.startsWith(redirectUri)) return new URL(next.url);
    } else {
      next = fillIn(await answer.text(), next.url, decision, user);
    }
  }
  throw new Error(`not back at ${redirectUri} after ${MOST_STEPS} steps, but at ${next.url}`);
}

function keepCookies(cookies, answer) {
  for (const line of answer.headers.getSetCookie()) {
    const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
    cookies.set(name, value);
  }
}

/** The request that the page's login or consent form would make. */
function fillIn(page, url, decision, user) {
  const form = page.match(/<form(?=[^>]*action="[^"]*\/(?:login|consent)")[^>]*>[^]*?<\/form>/)?.[0];
  if (!form) throw new Error(`no login or consent form at ${url}:\n${page}`);
  const fields = new URLSearchParams();
  for (const [input] of form.matchAll(/<input[^>]*>/g)) {
    if (/type="hidden"|\schecked/.test(input)) fields.append(attribute(input, "name"), attribute(input, "value"));
  }
  if (form.includes('name="password"')) {
    fields.append("username", user.username);
    fields.append("password", user.password);
  } else {
    fields.append("decision", decision);
  }
  return { url: new URL(attribute(form, "action"), url).href, method: "POST", body: fields };
}

function attribute(tag, name) {
  const value = tag.match(new RegExp(`\\s${name}="([^"]*)"`))?.[1] ?? "";
  return value.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(code)).replaceAll("&amp;", "&");
}
