// Runs a command beside a demo, for clients of other languages: `node beside-demo.mjs go test ./...`.
//
// The command finds the issuer in GRANTRY_ISSUER, and in GRANTRY_HANDS a URL that does for it what no client does itself.
// POST {…}/app, with the flags of `grantry app create`: registers an app; the answer is what the command prints, JSON.
// POST {…}/bob, with `url`, `app_uri` and the name of a `browser`: lets bob go to the URL; the answer is the URL at which
// his browser comes to the app.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { startDemo } from "../lib/demo.mjs";
import { Browser } from "./user.mjs";

const demo = await startDemo();
const browsers = new Map();

const hands = {
  "/app": async (flags) => JSON.stringify(await demo.registerApp(several(flags))),
  "/bob": async (form) => {
    const name = form.get("browser");
    if (!browsers.has(name)) browsers.set(name, new Browser());
    return (await browsers.get(name).visit(form.get("url"), form.get("app_uri"))).href;
  },
};

/** A flag may come more than once. */
function several(flags) {
  return Object.fromEntries([...flags.keys()].map((flag) => [flag, flags.getAll(flag)]));
}

const server = createServer(async (request, response) => {
  try {
    response.end(await hands[request.url](new URLSearchParams(await text(request))));
  } catch (error) {
    response.writeHead(500).end(`${error.stack}\n`);
  }
}).listen(0, "127.0.0.1");
await once(server, "listening");

const [command, ...words] = process.argv.slice(2);
const hand = `http://127.0.0.1:${server.address().port}`;
const child = spawn(command, words, {
  stdio: "inherit",
  env: { ...process.env, GRANTRY_ISSUER: demo.workspace, GRANTRY_HANDS: hand },
});
const [status] = await once(child, "exit");
await demo.stop();
process.exit(status ?? 1);
