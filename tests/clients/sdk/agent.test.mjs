// An agent's request with 23 tools, as it comes: through curl's eyes (fetch) and OpenAI's SDK. The demo model has
// 1024 positions, so the whole request meets a clear refusal; what an agent sends when its context has 16k is counted
// by /tokenize, and goes through the server with a fake engine in tests/llm/server.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import OpenAI from "openai";

import { agentRequest } from "../support/agent_request.mjs";
import { modelName, Redbolt } from "../support/redbolt.mjs";

describe("an agent", { concurrency: false }, () => {
  let redbolt, client;
  before(async () => {
    redbolt = await Redbolt.start();
    client = new OpenAI({ baseURL: `${redbolt.url}/v1`, apiKey: "unused", maxRetries: 0 });
  });
  after(() => redbolt?.stop());

  test("a context that is too small is told in tokens", async () => {
    await assert.rejects(client.chat.completions.create(agentRequest({ model: modelName, systemCharacters: 20000 })), (error) => {
      assert.equal(error.status, 400);
      assert.equal(error.code, "context_length_exceeded");
      const numbers = error.message.match(/\d[\d,]*/g).map((text) => Number(text.replaceAll(",", "")));
      assert.ok(numbers.includes(1024) || numbers.includes(1023), error.message);
      assert.ok(numbers.some((number) => number > 5000), error.message);
      return true;
    });
  });
});
