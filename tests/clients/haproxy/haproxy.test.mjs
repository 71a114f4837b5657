// Two servers with two emulated cards behind HAProxy, by docs/haproxy.cfg: they share the load, one is killed, the next
// requests are answered, and it comes back. The lines it prints are the figures of docs/serving.md.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { freePort, modelName, Redbolt, until } from "../support/redbolt.mjs";

const configuration = fileURLToPath(new URL("../../../docs/haproxy.cfg", import.meta.url));
const address = ({ url }) => new URL(url).host;
const endless = { 1017: -100, 1018: -100, 1019: -100 };  // without the tokens that end an answer

// Of 40: each has as many at once as the other, so what each answers is as its speed on a busy machine.
const fairShare = 4;

describe("two cards behind HAProxy", { concurrency: false }, () => {
  let a, b, haproxy, url;
  let said = "";
  before(async () => {
    [a, b] = await Promise.all([Redbolt.start(["--parallel", "4"]), Redbolt.start(["--parallel", "4"])]);
    const front = `127.0.0.1:${await freePort()}`;
    url = `http://${front}`;
    haproxy = spawn("haproxy", ["-db", "-f", configuration], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, REDBOLT_FRONT: front, REDBOLT_A: address(a), REDBOLT_B: address(b) },
    });
    for (const stream of [haproxy.stdout, haproxy.stderr]) stream.setEncoding("utf8").on("data", (text) => { said += text; });
    await until("HAProxy", () => fetch(`${url}/health`).then(({ ok }) => ok, () => false));
  });
  after(async () => {
    if (haproxy && haproxy.exitCode === null) {
      const gone = new Promise((resolve) => haproxy.once("exit", resolve));
      haproxy.kill("SIGTERM");
      await gone;
    }
    await Promise.all([a?.stop(), b?.stop()]);
  });

  const post = (content, rest = {}) => fetch(`${url}/v1/chat/completions`, {
    method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: modelName, temperature: 0, max_tokens: 48, messages: [{ role: "user", content }], ...rest }),
  });

  // {server, text, began} of an answer to a sum.
  async function sum(n) {
    const [left, right] = [n % 20, (n * 7) % 20];
    const response = await post(`What is ${left}+${right}?`);
    const body = await response.json();
    assert.equal(response.status, 200, JSON.stringify(body));
    assert.equal(body.choices[0].message.content, `${left} + ${right} is ${left + right}.`);
    return response.headers.get("x-redbolt-server");
  }

  async function sums(count, atOnce) {
    const servers = { a: 0, b: 0 };
    let next = 0;
    await Promise.all(Array.from({ length: atOnce }, async () => {
      while (next < count) servers[await sum(next++)]++;
    }));
    return servers;
  }

  test("both answer, and share the load", async (t) => {
    const began = performance.now();
    const servers = await sums(40, 4);
    t.diagnostic(`40 requests, 4 at once: a answered ${servers.a}, b ${servers.b}, in ${((performance.now() - began) / 1000).toFixed(1)} s`);
    assert.ok(servers.a >= fairShare && servers.b >= fairShare, JSON.stringify(servers));
  });

  test("a stream passes as it comes", async () => {
    const response = await post("What is the capital of Italy?", { stream: true });
    let pieces = 0;
    let text = "";
    const decoder = new TextDecoder();
    for await (const bytes of response.body) {
      pieces++;
      text += decoder.decode(bytes, { stream: true });
    }
    assert.ok(pieces > 3, `${pieces} pieces`);
    assert.ok(text.trimEnd().endsWith("data: [DONE]"));
  });

  // Reads a long stream: {server, whole}, and calls `started` at its first token.
  async function longStream(started) {
    const response = await post("Hello!", { stream: true, max_tokens: 300, temperature: 1.5, logit_bias: endless });
    const server = response.headers.get("x-redbolt-server");
    let text = "";
    const decoder = new TextDecoder();
    try {
      for await (const bytes of response.body) {
        text += decoder.decode(bytes, { stream: true });
        if (text.includes("\"content\"")) started(server);
      }
    } catch {
      // The connection broke: `whole` tells.
    }
    return { server, whole: text.includes("data: [DONE]") };
  }

  test("one is killed: its streams break, those of the other do not, the next requests are answered", async (t) => {
    const started = [];
    const streams = Array.from({ length: 4 }, () => {
      let tell;
      started.push(new Promise((resolve) => { tell = resolve; }));
      return longStream(tell);
    });
    await Promise.all(started);
    await a.server.stop("SIGKILL");
    const began = performance.now();
    const first = await sum(1);
    const waited = performance.now() - began;
    assert.equal(first, "b");
    const servers = await sums(20, 4);
    assert.deepEqual(servers, { a: 0, b: 20 });
    const ended = await Promise.all(streams);
    const count = (server, whole) => ended.filter((each) => each.server === server && each.whole === whole).length;
    t.diagnostic(`killed a with ${count("a", false)} streams on it, which broke; the ${count("b", true)} on b went on to their end`);
    t.diagnostic(`the next request was answered in ${waited.toFixed(0)} ms, and 20 of 20 after it, all by b`);
    assert.equal(count("a", true), 0);
    assert.equal(count("b", false), 0);
    assert.ok(count("a", false) >= 1 && count("b", true) >= 1, JSON.stringify(ended));
  });

  test("it comes back, and gets its share again", async (t) => {
    const { port } = new URL(a.url);
    await a.serve(["--parallel", "4"], Number(port));
    const began = performance.now();
    await until("requests for a", async () => await sum(2) === "a" || await sum(3) === "a");
    t.diagnostic(`a was used again ${((performance.now() - began) / 1000).toFixed(1)} s after it could answer`);
    const servers = await sums(40, 4);
    assert.ok(servers.a >= fairShare && servers.b >= fairShare, `${JSON.stringify(servers)}\n${said}`);
  });
});
