// The page's requests. Everything that can go wrong becomes a ServerProblem with a sentence.
import { EventStreamParser } from "./sse.mjs";

export class ServerProblem extends Error {
  // kind: "unreachable", "key", "busy", "loading", "refused", "broken"
  constructor(kind, message, retryAfter = null) {
    super(message);
    this.kind = kind;
    this.retryAfter = retryAfter;
  }
}

const problemKinds = { 401: "key", 403: "key", 429: "busy", 503: "loading" };

// What an error body says: OpenAI's form, a bare string, or nothing that can be read.
export function errorText(body, status) {
  const said = body?.error?.message ?? body?.error ?? body?.message;
  const sentence = typeof said === "string" && said !== "" ? said : `The server answered ${status}.`;
  const field = body?.error?.param;
  return typeof field === "string" && field && !sentence.includes(field) ? `${sentence} (${field})`
                                                                         : sentence;
}

async function problemOf(response) {
  const body = await response.json().catch(() => null);
  const seconds = Number(response.headers.get("retry-after"));
  return new ServerProblem(problemKinds[response.status] ?? "refused", errorText(body, response.status),
                           Number.isFinite(seconds) && seconds > 0 ? seconds : null);
}

export class Server {
  key = "";

  async #fetch(path, options = {}) {
    const headers = { ...(options.body ? { "content-type": "application/json" } : {}) };
    if (this.key) headers.authorization = `Bearer ${this.key}`;
    let response;
    try {
      response = await fetch(path, { ...options, headers, cache: "no-store" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ServerProblem("unreachable", "The server cannot be reached. Is redbolt-llm serve still running?");
    }
    if (!response.ok) throw await problemOf(response);
    return response;
  }

  async json(path) {
    const response = await this.#fetch(path, { signal: AbortSignal.timeout(10000) });
    return response.json();
  }

  // Calls onChunk with each event of the answer. Aborting `signal` ends it with an AbortError.
  async chat(body, signal, onChunk) {
    const response = await this.#fetch("/v1/chat/completions",
                                       { method: "POST", body: JSON.stringify(body), signal });
    const parser = new EventStreamParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        for (const { data } of parser.push(value)) {
          if (data === "[DONE]") return;
          onChunk(parsedChunk(data));
        }
      }
    } catch (error) {
      if (error.name === "AbortError" || error instanceof ServerProblem) throw error;
      throw new ServerProblem("broken", "The connection broke before the answer was complete.");
    } finally {
      reader.cancel().catch(() => {});
    }
    throw new ServerProblem("broken", "The connection ended before the answer was complete.");
  }
}

function parsedChunk(data) {
  let chunk;
  try {
    chunk = JSON.parse(data);
  } catch {
    throw new ServerProblem("broken", "The server sent something that is not JSON.");
  }
  if (chunk?.error) throw new ServerProblem("refused", errorText(chunk, 500));
  return chunk ?? {};
}
