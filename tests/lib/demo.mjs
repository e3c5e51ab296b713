// A running demo of the real binary, with a data directory of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const BINARY =
  process.env.GRANTRY_BIN ?? fileURLToPath(new URL("../../target/debug/grantry", import.meta.url));
const READY_WITHIN_MS = 30_000;

/** The demo's user, and its app, which may use every grant. */
export const BOB = { username: "bob", password: "secret" };
export const DEMO_APP = {
  client_id: "x-pm-local-client",
  client_secret: "179ad45c6ce2cb97cf1029e212046e81",
};

/** Starts `grantry demo` on a free port and waits until it is ready. */
export async function startDemo() {
  const dataDir = await mkdtemp(join(tmpdir(), "grantry-demo-"));
  const address = `127.0.0.1:${await freePort()}`;
  const server = spawn(BINARY, ["demo", "--listen", address, "--data-dir", dataDir], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const demo = new Demo(`http://${address}`, dataDir, server);
  try {
    await demo.ready();
  } catch (error) {
    await demo.stop();
    throw error;
  }
  return demo;
}

class Demo {
  #server;
  #dataDir;
  #log = "";

  constructor(url, dataDir, server) {
    this.url = url;
    /** The issuer: what every URL of the demo's workspace begins with. */
    this.workspace = `${url}/workflow`;
    this.#dataDir = dataDir;
    this.#server = server;
    for (const stream of [server.stdout, server.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk) => (this.#log += chunk));
    }
    process.once("exit", () => server.kill("SIGKILL"));
  }

  async ready() {
    const deadline = Date.now() + READY_WITHIN_MS;
    while (Date.now() < deadline && this.#server.exitCode === null) {
      const answer = await fetch(`${this.url}/readyz`).catch(() => null);
      if (answer?.ok) return;
      await pause(50);
    }
    throw new Error(`the demo did not get ready:\n${this.#log}`);
  }

  /** Runs `grantry …` beside the running server, and returns the object that it prints. */
  async grantry(words, input) {
    const stdin = input === undefined ? "ignore" : "pipe";
    const command = spawn(BINARY, [...words, "--json", "--data-dir", this.#dataDir], {
      stdio: [stdin, "pipe", "pipe"],
    });
    // A command that ends before it reads says so by its exit status, not by this broken pipe.
    command.stdin?.on("error", () => {}).end(input);
    const [output, error, [status]] = await Promise.all([
      text(command.stdout),
      text(command.stderr),
      once(command, "close"),
    ]);
    if (status !== 0) throw new Error(`grantry ${words.join(" ")}: exit ${status}\n${error}`);
    return JSON.parse(output);
  }

  /** Registers an app in the demo's workspace, e.g. `{ name, type: "spa", "redirect-uri": [uri] }`. */
  registerApp(options) {
    const flags = Object.entries(options).flatMap(([flag, values]) =>
      [values].flat().flatMap((value) => [`--${flag}`, value]),
    );
    return this.grantry(["app", "create", "--workspace", "workflow", ...flags]);
  }

  /** Adds a user to the demo's workspace. */
  async addUser({ username, password }) {
    const flags = ["--workspace", "workflow", "--username", username, "--password-stdin"];
    await this.grantry(["user", "create", ...flags], password);
    return { username, password };
  }

  /** Posts a form to an endpoint as an app, e.g. `post("token", { grant_type: … }, app)`. */
  async post(endpoint, parameters, app = DEMO_APP) {
    const pair = `${app.client_id}:${app.client_secret}`;
    const answer = await fetch(`${this.workspace}/oauth2/${endpoint}`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(pair).toString("base64")}` },
      body: new URLSearchParams(parameters),
    });
    return answer.json();
  }

  async stop() {
    if (this.#server.exitCode === null) {
      this.#server.kill("SIGTERM");
      await once(this.#server, "exit");
    }
    await rm(this.#dataDir, { recursive: true, force: true });
  }
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}
