// Ollama's own JavaScript client against the server with the demo model.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Ollama } from "ollama";

import { modelName, Redbolt } from "../support/redbolt.mjs";

const calculator = {
  type: "function",
  function: {
    name: "calculator",
    description: "Evaluates an arithmetic expression.",
    parameters: { type: "object", properties: { expression: { type: "string" } }, required: ["expression"] },
  },
};
const options = { temperature: 0, repeat_penalty: 1, num_predict: 96 };

describe("Ollama's client", { concurrency: false }, () => {
  let redbolt, client;
  before(async () => {
    redbolt = await Redbolt.start();
    client = new Ollama({ host: redbolt.url });
  });
  after(() => redbolt?.stop());

  const ask = (content) => [{ role: "user", content }];

  test("list, version", async () => {
    const { models } = await client.list();
    assert.ok(models.some(({ name, model }) => `${name} ${model}`.includes("redbolt-demo")), JSON.stringify(models));
    assert.ok(models[0].size > 1e6);
    assert.match((await client.version()).version, /^\d+\.\d+/);
  });

  test("chat", async () => {
    const answer = await client.chat({ model: modelName, messages: ask("What is 2+2?"), options });
    assert.equal(answer.message.role, "assistant");
    assert.equal(answer.message.content, "2 + 2 is 4.");
    assert.equal(answer.done, true);
    assert.equal(answer.done_reason, "stop");
    assert.ok(answer.eval_count > 3);
    assert.ok(answer.prompt_eval_count > 5);
    assert.ok(answer.total_duration > 0);
  });

  test("chat, as a stream", async () => {
    let text = "";
    let last;
    for await (const part of await client.chat({ model: modelName, messages: ask("What is the capital of Italy?"), stream: true, options })) {
      text += part.message.content;
      last = part;
    }
    assert.equal(text, "The capital of Italy is Rome.");
    assert.equal(last.done, true);
    assert.ok(last.eval_duration > 0);
  });

  test("generate", async () => {
    const answer = await client.generate({ model: modelName, prompt: "What is 2+2?", options });
    assert.equal(answer.response, "2 + 2 is 4.");
    assert.equal(answer.done, true);
    let text = "";
    for await (const part of await client.generate({ model: modelName, prompt: "What is 2+2?", stream: true, options })) text += part.response;
    assert.equal(text, "2 + 2 is 4.");
  });

  test("thinking", async () => {
    const answer = await client.chat({ model: modelName, messages: ask("What is 17+8? /think"), think: true, options });
    assert.equal(answer.message.content.trim(), "17 + 8 is 25.");
    assert.match(answer.message.thinking, /25\.\s*$/);
  });

  test("a call of the calculator, its result fed back and answered", async () => {
    const messages = ask("What is 123+456?");
    const asked = await client.chat({ model: modelName, messages, tools: [calculator], options });
    assert.deepEqual(asked.message.tool_calls.map((call) => call.function.name), ["calculator"]);
    assert.deepEqual(asked.message.tool_calls[0].function.arguments, { expression: "123+456" });
    messages.push(asked.message, { role: "tool", tool_name: "calculator", content: "579" });
    const answer = await client.chat({ model: modelName, messages, tools: [calculator], options });
    assert.equal(answer.message.content, "123 + 456 is 579.");
  });

  test("an answer in a form", async () => {
    const format = { type: "object", properties: { sum: { type: "integer" }, sure: { type: "boolean" } },
                     required: ["sum", "sure"], additionalProperties: false };
    const answer = await client.chat({ model: modelName, messages: ask("What is 2+2?"), format, options: { ...options, num_predict: 200 } });
    const value = JSON.parse(answer.message.content);
    assert.deepEqual(Object.keys(value).sort(), ["sum", "sure"]);
    assert.ok(Number.isInteger(value.sum));
    assert.equal(typeof value.sure, "boolean");
  });

  test("a model that is not here", async () => {
    await assert.rejects(client.chat({ model: "llama9:1t", messages: ask("x") }), (error) => {
      assert.equal(error.status_code, 404);
      assert.match(error.message, /llama9/);
      return true;
    });
  });

  test("abort stops the answer", async () => {
    const stream = await client.chat({ model: modelName, messages: ask("Hello!"), stream: true,
                                       options: { temperature: 2, num_predict: 900 } });
    const reading = (async () => { for await (const part of stream) if (part.message.content) stream.abort(); })();
    await reading.catch((error) => assert.match(error.name, /Abort/));
    await redbolt.idle();
  });
});
