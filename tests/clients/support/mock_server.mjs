// A server that says what a test has written down: the page is tested against it for everything
// that a model of four million parameters would not say.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const embed = fileURLToPath(new URL("../../../llm/server/page/embed.py", import.meta.url));

// The page as the build makes it, and the header that goes with it.
async function builtPage() {
  const folder = await mkdtemp(path.join(tmpdir(), "redbolt-page-"));
  try {
    const html = path.join(folder, "page.html");
    const source = path.join(folder, "page.cpp");
    await promisify(execFile)("python3", ["-B", embed, html, source]);
    const policy = /policy =\s*R"page\((.*?)\)page"/s.exec(await readFile(source, "utf8"))[1];
    return { html: await readFile(html), policy };
  } finally {
    await rm(folder, { recursive: true });
  }
}

export const delta = (part, finish = null) =>
    ({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "mock",
       choices: [{ index: 0, delta: part, finish_reason: finish }] });
export const content = (text) => delta({ content: text });
export const thought = (text) => delta({ reasoning_content: text });
export const finish = (reason = "stop") => delta({}, reason);
export const usage = (prompt, completion, cached, speed) =>
    ({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "mock", choices: [],
       usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion,
                prompt_tokens_details: { cached_tokens: cached } },
       timings: { predicted_per_second: speed } });
export const call = (index, id, name, text) =>
    delta({ tool_calls: [{ index, id, type: "function", function: { name, arguments: text } }] });

export class MockServer {
  requests = [];  // bodies of chat requests
  hungUp = 0;     // streams that the client left before their end
  key = null;
  loading = false;
  status = {
    model: "qwen3:32b", context: 16384, slots: { total: 4, busy: 1 }, waiting: 0, tokens_per_second: 41.7,
    device: { name: "Radeon RX 7900 XTX", emulated: false, temperature_celsius: 61.4 },
    arena: { bytes: 25.4e9, used_bytes: 19.8e9 },
  };
  models = ["qwen3:32b"];
  // async (body, stream) → {status, error, headers} for a refusal; else it has sent what there is.
  answer = async () => {};
  #server;
  #page;

  static async start() {
    const mock = new MockServer();
    mock.#page = await builtPage();
    mock.#server = createServer((request, response) => mock.#serve(request, response));
    await new Promise((resolve) => mock.#server.listen(0, "127.0.0.1", resolve));
    mock.url = `http://127.0.0.1:${mock.#server.address().port}`;
    return mock;
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request, response) {
    const json = (status, body, headers = {}) => {
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(JSON.stringify(body));
    };
    if (request.url === "/") {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8",
                                "content-security-policy": this.#page.policy });
      return response.end(this.#page.html);
    }
    if (request.url === "/health") {
      return this.loading ? json(503, { error: { message: "The model is being loaded: 43 %." } }) : json(200, { status: "ok" });
    }
    if (this.key && request.headers.authorization !== `Bearer ${this.key}`) {
      return json(401, { error: { message: "This server wants an API key.", type: "authentication_error",
                                  param: null, code: "invalid_api_key" } });
    }
    if (request.url === "/status") return json(200, this.status);
    if (request.url === "/v1/models") return json(200, { object: "list", data: this.models.map((id) => ({ id })) });
    if (request.url === "/v1/chat/completions") return this.#chat(request, response, json);
    return json(404, { error: { message: `There is nothing at ${request.url}.` } });
  }

  async #chat(request, response, json) {
    let text = "";
    for await (const piece of request.setEncoding("utf8")) text += piece;
    const body = JSON.parse(text);
    this.requests.push(body);
    let ended = false;
    response.on("close", () => { if (!ended) this.hungUp++; });
    const stream = {
      get open() { return !response.destroyed; },
      raw: (piece) => {
        if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(piece);
      },
      send: (...events) => events.forEach((event) => stream.raw(`data: ${JSON.stringify(event)}\n\n`)),
      done: () => {
        ended = true;
        stream.raw("data: [DONE]\n\n");
        response.end();
      },
      breakOff: () => {
        ended = true;
        response.destroy();
      },
      end: () => {
        ended = true;
        response.end();
      },
    };
    const refusal = await this.answer(body, stream);
    if (!refusal) return;
    ended = true;
    json(refusal.status, { error: refusal.error }, refusal.headers);
  }
}
