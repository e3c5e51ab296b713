// Session Management §3.2: tells a page whether its session_state is still that of this browser.
"use strict";

const name = `${document.currentScript.dataset.cookie}=`;

const browserState = () => {
  const cookie = document.cookie.split("; ").find((pair) => pair.startsWith(name));
  return cookie ? cookie.slice(name.length) : "";
};

const hash = async (text) => {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(digest))).replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
};

// The message is the client_id, a space, and the session_state: a hash, a dot, and its salt.
const answer = async (message, origin) => {
  const [, client, claimed, salt] = /^(.+) ([\w-]+)\.([\w-]+)$/.exec(message) || [];
  if (!client) return "error";
  try {
    return (await hash(`${client} ${origin} ${browserState()} ${salt}`)) === claimed ? "unchanged" : "changed";
  } catch {
    return "error"; // hashes are only for secure pages, framed by such
  }
};

addEventListener("message", async ({ data, origin, source }) => {
  // A page without an origin could not be told from any other.
  if (typeof data === "string" && origin !== "null" && source) source.postMessage(await answer(data, origin), origin);
});
