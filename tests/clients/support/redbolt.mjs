// The real thing: redboltd on an emulated card, and redbolt-llm serve with the demo model. Each
// test file has a pair of its own.
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const bin = process.env.REDBOLT_BIN ?? path.join(root, "build/release/bin");
export const modelFile = path.join(root, "tools/demo-model/redbolt-demo-Q4_K_M.gguf");
export const modelName = "redbolt-demo";
const patience = 120000;  // milliseconds

export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function until(what, condition) {
  const end = Date.now() + patience;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${patience / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

// A program that belongs to the test; what it says is in `output`.
class Program {
  output = "";
  #process;
  #gone;

  constructor(name, args) {
    this.#process = spawn(path.join(bin, name), args, { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => { this.output += text; });
    }
    this.#gone = new Promise((resolve) => this.#process.once("exit", resolve));
  }

  get pid() { return this.#process.pid; }
  get running() { return this.#process.exitCode === null && this.#process.signalCode === null; }

  async stop(signal = "SIGTERM") {
    if (this.running) this.#process.kill(signal);
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), 20000);
    await this.#gone;
    clearTimeout(timer);
    return this.#process.exitCode;
  }
}

export class Redbolt {
  server = null;
  model = modelFile;
  #folder;
  #daemon;
  #socket;

  // args: for `redbolt-llm serve`.
  static async start(args = []) {
    const redbolt = new Redbolt();
    redbolt.#folder = await mkdtemp(path.join(tmpdir(), "redbolt-clients-"));
    redbolt.#socket = path.join(redbolt.#folder, "redboltd.sock");
    try {
      // AMD's firmware is not needed: the emulated card takes images in the same formats.
      const firmware = path.join(redbolt.#folder, "firmware");
      await promisify(execFile)(path.join(bin, "redbolt-make-firmware"), [firmware]);
      redbolt.#daemon = new Program("redboltd", ["--device", "emulated", "--socket", redbolt.#socket,
                                                 "--firmware", firmware]);
      await until("redboltd's socket", () => {
        if (!redbolt.#daemon.running) throw new Error(`redboltd: ${redbolt.#daemon.output}`);
        return existsSync(redbolt.#socket);
      });
      await redbolt.serve(args);
    } catch (error) {
      await redbolt.stop();
      throw error;
    }
    return redbolt;
  }

  // Starts the server (anew) and waits until it can answer.
  async serve(args = [], port = undefined) {
    await this.server?.stop();
    port ??= await freePort();
    this.url = `http://127.0.0.1:${port}`;
    this.server = new Program("redbolt-llm", ["serve", "-m", modelFile, "--alias", modelName, "--port", String(port),
                                              "--socket", this.#socket, ...args]);
    await until("the server", async () => {
      if (!this.server.running) throw new Error(`redbolt-llm serve: ${this.server.output}`);
      return fetch(`${this.url}/health`).then(({ ok }) => ok, () => false);
    });
  }

  // Runs a program to its end: {code, output}.
  async run(name, args) {
    const program = new Program(name, [...args, "--socket", this.#socket]);
    await until(name, () => !program.running);
    return { code: await program.stop(), output: program.output };
  }

  slots(headers = {}) { return fetch(`${this.url}/slots`, { headers }).then((response) => response.json()); }

  // Until no slot works for anybody.
  async idle() {
    await until("idle slots", async () => (await this.slots()).every((slot) => !slot.is_processing));
  }

  async stop() {
    await this.server?.stop();
    await this.#daemon?.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
