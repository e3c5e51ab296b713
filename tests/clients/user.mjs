// The person's part, by plain HTTP: a browser follows redirects, fills in forms, and stops where an app would take over.

import { BOB } from "../lib/demo.mjs";

const MOST_STEPS = 10;

/** Signs in and decides; returns the URL at which the browser would come back to the app. */
export const authorize = (url, redirectUri, decision) => new Browser().visit(url, redirectUri, decision);

/** A browser with its cookies, and bob in front of it. */
export class Browser {
  #cookies = new Map();

  /** Goes to `url`; returns what would reach the app at `appUri`: a URL, or a POST where a page sends a form there. */
  async visit(url, appUri, decision = "allow") {
    let next = { url, method: "GET" };
    for (let step = 0; step < MOST_STEPS; step++) {
      if (next.url.startsWith(appUri)) return next.body ? new Request(next.url, next) : new URL(next.url);
      const answer = await this.#send(next);
      const location = answer.headers.get("location");
      next = location
        ? { url: new URL(location, next.url).href, method: "GET" }
        : fillIn(await answer.text(), next.url, appUri, decision);
    }
    throw new Error(`not back at ${appUri} after ${MOST_STEPS} steps, but at ${next.url}`);
  }

  async #send({ url, method, body }) {
    const cookie = [...this.#cookies].map((pair) => pair.join("=")).join("; ");
    const answer = await fetch(url, { method, body, headers: { cookie }, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      this.#cookies.set(name, value);
    }
    return answer;
  }
}

/** The request that the page's login or consent form would make, or the one that goes to the app by itself. */
function fillIn(page, url, appUri, decision) {
  const isMeant = (action) => action.startsWith(appUri) || /\/(login|consent)$/.test(action);
  const forms = [...page.matchAll(/<form[^>]*>[^]*?<\/form>/g)].map(([form]) => form);
  const form = forms.find((form) => isMeant(attribute(form, "action")));
  if (!form) throw new Error(`no login or consent form at ${url}, and none for ${appUri}:\n${page}`);
  const fields = new URLSearchParams();
  for (const [input] of form.matchAll(/<input[^>]*>/g)) {
    if (/type="hidden"|\schecked/.test(input)) fields.append(attribute(input, "name"), attribute(input, "value"));
  }
  if (form.includes('name="password"')) {
    fields.append("username", BOB.username);
    fields.append("password", BOB.password);
  } else if (form.includes('name="decision"')) {
    fields.append("decision", decision);
  }
  return { url: new URL(attribute(form, "action"), url).href, method: "POST", body: fields };
}

function attribute(tag, name) {
  const value = tag.match(new RegExp(`\\s${name}="([^"]*)"`))?.[1] ?? "";
  return value.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(code)).replaceAll("&amp;", "&");
}
