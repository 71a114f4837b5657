// OpenAI's own Node SDK against the server with the demo model. Expected answers are those of
// tools/demo-model/prompts.json.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";

import { modelName, Redbolt, until } from "../support/redbolt.mjs";

const calculator = {
  type: "function",
  function: {
    name: "calculator",
    description: "Evaluates an arithmetic expression.",
    parameters: { type: "object", properties: { expression: { type: "string" } }, required: ["expression"] },
  },
};

// The control tokens, one of which would end the answer.
const endless = { 1017: -100, 1018: -100, 1019: -100 };

describe("OpenAI's SDK", { concurrency: false }, () => {
  let redbolt, client;
  before(async () => {
    redbolt = await Redbolt.start(["--parallel", "2"]);
    client = new OpenAI({ baseURL: `${redbolt.url}/v1`, apiKey: "unused", maxRetries: 0 });
  });
  after(() => redbolt?.stop());

  const create = (content, rest = {}) => client.chat.completions.create({
    model: modelName, messages: [{ role: "user", content }], temperature: 0, max_tokens: 96, ...rest,
  });

  test("an answer in one piece", async () => {
    const answer = await create("What is 2+2?");
    assert.equal(answer.object, "chat.completion");
    assert.equal(answer.choices[0].message.role, "assistant");
    assert.equal(answer.choices[0].message.content, "2 + 2 is 4.");
    assert.equal(answer.choices[0].finish_reason, "stop");
    assert.match(answer.id, /^chatcmpl-/);
    assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
    assert.ok(answer.usage.prompt_tokens > 5);
    assert.ok(Math.abs(answer.created - Date.now() / 1000) < 600);
  });

  test("the same, as a stream with usage", async () => {
    const stream = await create("What is the capital of Italy?", { stream: true, stream_options: { include_usage: true } });
    let text = "";
    const ids = new Set();
    const reasons = [];
    let usage;
    for await (const chunk of stream) {
      assert.equal(chunk.object, "chat.completion.chunk");
      ids.add(chunk.id);
      text += chunk.choices[0]?.delta.content ?? "";
      if (chunk.choices[0]?.finish_reason) reasons.push(chunk.choices[0].finish_reason);
      if (chunk.usage) {
        assert.deepEqual(chunk.choices, []);
        usage = chunk.usage;
      }
    }
    assert.equal(text, "The capital of Italy is Rome.");
    assert.deepEqual(reasons, ["stop"]);
    assert.equal(ids.size, 1);
    assert.ok(usage.completion_tokens > 4);
  });

  test("the SDK's helper that gathers a stream", async () => {
    const deltas = [];
    const stream = client.chat.completions.stream({
      model: modelName, temperature: 0, messages: [{ role: "user", content: "Give me a smile." }],
    }).on("content.delta", ({ delta }) => deltas.push(delta));
    const final = await stream.finalChatCompletion();
    assert.equal(final.choices[0].message.content, "Here is a smile: 😊");
    assert.equal(deltas.join(""), "Here is a smile: 😊");
    assert.ok(deltas.length > 3);
  });

  test("several turns, and the cache that they share", async () => {
    const first = [{ role: "user", content: "My name is Anna." }];
    const greeting = await client.chat.completions.create({ model: modelName, temperature: 0, messages: first });
    assert.equal(greeting.choices[0].message.content, "Nice to meet you, Anna!");
    const second = [...first, greeting.choices[0].message, { role: "user", content: "What is my name?" }];
    const answer = await client.chat.completions.create({ model: modelName, temperature: 0, messages: second });
    assert.equal(answer.choices[0].message.content, "Your name is Anna.");
    assert.ok(answer.usage.prompt_tokens_details.cached_tokens > 5, JSON.stringify(answer.usage));
  });

  test("thinking comes apart from the answer", async () => {
    const answer = await create("What is 17+8? /think");
    assert.equal(answer.choices[0].message.content.trim(), "17 + 8 is 25.");
    assert.match(answer.choices[0].message.reasoning_content, /25\.\s*$/);
    assert.ok(!JSON.stringify(answer).includes("<think>"));
    let content = "", reasoning = "";
    for await (const { choices: [choice] } of await create("What is 12+19? Think step by step.", { stream: true })) {
      content += choice?.delta.content ?? "";
      reasoning += choice?.delta.reasoning_content ?? "";
    }
    assert.equal(content.trim(), "12 + 19 is 31.");
    assert.match(reasoning, /31\.\s*$/);
  });

  test("thinking left off", async () => {
    const answer = await create("What is 5+6?", { chat_template_kwargs: { enable_thinking: false } });
    assert.equal(answer.choices[0].message.content, "5 + 6 is 11.");
    assert.ok(!answer.choices[0].message.reasoning_content);
  });

  test("a call of the calculator, its result fed back and answered", async () => {
    const messages = [{ role: "user", content: "What is 123+456?" }];
    const asked = await client.chat.completions.create({ model: modelName, temperature: 0, messages, tools: [calculator] });
    const { message, finish_reason: reason } = asked.choices[0];
    assert.equal(reason, "tool_calls");
    assert.equal(message.tool_calls.length, 1);
    assert.equal(message.tool_calls[0].type, "function");
    assert.equal(message.tool_calls[0].function.name, "calculator");
    assert.deepEqual(JSON.parse(message.tool_calls[0].function.arguments), { expression: "123+456" });
    messages.push(message, { role: "tool", tool_call_id: message.tool_calls[0].id, content: "579" });
    const answer = await client.chat.completions.create({ model: modelName, temperature: 0, messages, tools: [calculator] });
    assert.equal(answer.choices[0].message.content, "123 + 456 is 579.");
    assert.equal(answer.choices[0].finish_reason, "stop");
  });

  test("the SDK runs the tool by itself, over a stream", async () => {
    const expressions = [];
    const runner = client.chat.completions.runTools({
      model: modelName, temperature: 0, stream: true, messages: [{ role: "user", content: "What is 123+456?" }],
      tools: [{ type: "function", function: {
        ...calculator.function,
        parse: JSON.parse,
        function: ({ expression }) => {
          expressions.push(expression);
          return "579";
        },
      } }],
    });
    assert.equal(await runner.finalContent(), "123 + 456 is 579.");
    assert.deepEqual(expressions, ["123+456"]);
  });

  test("deltas of a call: the name once, the arguments in pieces that join", async () => {
    const stream = await create("What is 123+456?", { stream: true, tools: [calculator] });
    const parts = [];
    for await (const { choices: [choice] } of stream) parts.push(...(choice?.delta.tool_calls ?? []));
    assert.equal(parts.filter((part) => part.id).length, 1);
    assert.equal(parts.filter((part) => part.function?.name).length, 1);
    assert.ok(parts.every((part) => part.index === 0));
    assert.deepEqual(JSON.parse(parts.map((part) => part.function?.arguments ?? "").join("")), { expression: "123+456" });
  });

  test("tool_choice", async () => {
    const none = await create("What is 123+456?", { tools: [calculator], tool_choice: "none" });
    assert.equal(none.choices[0].message.tool_calls, undefined);
    for (const choice of ["required", { type: "function", function: { name: "calculator" } }]) {
      const forced = await create("What is the capital of Italy?", { tools: [calculator], tool_choice: choice, max_tokens: 200 });
      const [call] = forced.choices[0].message.tool_calls;
      assert.equal(call.function.name, "calculator");
      assert.equal(typeof JSON.parse(call.function.arguments).expression, "string");
    }
  });

  test("an answer in a form that zod describes, parsed by the SDK", async () => {
    // Nothing in it can go on for ever: a model of four million parameters would.
    const form = z.object({ sum: z.number().int(), unit: z.enum(["apples", "pears"]), sure: z.boolean(),
                            colours: z.array(z.enum(["red", "green"])).max(3), note: z.union([z.null(), z.string().max(20)]) });
    const answer = await client.chat.completions.parse({
      model: modelName, temperature: 0, max_tokens: 300, messages: [{ role: "user", content: "What is 2+2?" }],
      response_format: zodResponseFormat(form, "sum"),
    });
    const { parsed } = answer.choices[0].message;
    assert.ok(form.safeParse(parsed).success, JSON.stringify(answer.choices[0]));
  });

  test("a JSON object", async () => {
    const answer = await create("What is 2+2?", { response_format: { type: "json_object" }, max_tokens: 300 });
    if (answer.choices[0].finish_reason === "stop") {
      const value = JSON.parse(answer.choices[0].message.content);
      assert.ok(value !== null && typeof value === "object" && !Array.isArray(value));
    } else {
      assert.match(answer.choices[0].message.content, /^\s*\{/);
    }
  });

  test("stop, max_tokens, n, seed, logit_bias", async () => {
    const stopped = await create("What is the capital of Italy?", { stop: [" is"] });
    assert.equal(stopped.choices[0].message.content, "The capital of Italy");
    assert.equal(stopped.choices[0].finish_reason, "stop");
    const short = await create("What is the capital of Italy?", { max_tokens: 3 });
    assert.equal(short.choices[0].finish_reason, "length");
    assert.equal(short.usage.completion_tokens, 3);
    const several = await create("Hello!", { n: 3 });
    assert.deepEqual(several.choices.map(({ index }) => index), [0, 1, 2]);
    const drawn = await Promise.all([1, 2].map(() => create("Tell me a joke.", { temperature: 1.5, seed: 7 })));
    assert.equal(drawn[0].choices[0].message.content, drawn[1].choices[0].message.content);
  });

  test("logprobs", async () => {
    const answer = await create("What is 2+2?", { logprobs: true, top_logprobs: 3 });
    const { content } = answer.choices[0].logprobs;
    assert.equal(content.map(({ token }) => token).join(""), "2 + 2 is 4.");
    for (const token of content) {
      assert.ok(token.logprob <= 0);
      assert.equal(token.top_logprobs.length, 3);
      assert.equal(token.top_logprobs[0].token, token.token);  // greedy: the most probable
      assert.ok(Math.abs(token.top_logprobs[0].logprob - token.logprob) < 1e-6);
    }
  });

  test("completions without chat", async () => {
    const prompt = "<|im_start|>user\nWhat is 2+2?<|im_end|>\n<|im_start|>assistant\n";
    const answer = await client.completions.create({ model: modelName, prompt, temperature: 0, max_tokens: 32 });
    assert.equal(answer.choices[0].text, "2 + 2 is 4.");
    let text = "";
    for await (const chunk of await client.completions.create({ model: modelName, prompt, temperature: 0, max_tokens: 32, stream: true })) {
      text += chunk.choices[0]?.text ?? "";
    }
    assert.equal(text, "2 + 2 is 4.");
  });

  test("models", async () => {
    const names = [];
    for await (const model of client.models.list()) names.push(model.id);
    assert.ok(names.length >= 1);
    const one = await client.models.retrieve(modelName);
    assert.equal(one.object, "model");
  });

  const refusals = {
    "a model that is not here": [{ model: "gpt-4o" }, 404, OpenAI.NotFoundError, /gpt-4o/, null],
    "a number that is a word": [{ temperature: "hot" }, 400, OpenAI.BadRequestError, /temperature/, "temperature"],
    "messages that are none": [{ messages: "hello" }, 400, OpenAI.BadRequestError, /messages/, "messages"],
    "a role that nobody has": [{ messages: [{ role: "pope", content: "x" }] }, 400, OpenAI.BadRequestError, /role/, "messages[0].role"],
    "a tool without a name": [{ tools: [{ type: "function", function: {} }] }, 400, OpenAI.BadRequestError, /name/, "tools[0]"],
    "a prompt longer than the context": [{ messages: [{ role: "user", content: "seven plus eight ".repeat(2000) }] },
                                         400, OpenAI.BadRequestError, /context/, null],
  };
  for (const [name, [fields, status, kind, message, param]] of Object.entries(refusals)) {
    test(`refused: ${name}`, async () => {
      await assert.rejects(create("x", fields), (error) => {
        assert.ok(error instanceof kind, `${error.constructor.name}: ${error.message}`);
        assert.equal(error.status, status);
        assert.match(error.message, message);
        if (param) assert.equal(error.param, param);
        return true;
      });
    });
  }

  test("embeddings: a clear refusal, for this model has none", async () => {
    await assert.rejects(client.embeddings.create({ model: modelName, input: "x" }), (error) => {
      assert.equal(error.status, 400);
      assert.match(error.message, /embedding/i);
      return true;
    });
  });

  test("a stream that the client leaves stops within a moment", async () => {
    await redbolt.idle();
    const stream = await create("Hello!", { stream: true, max_tokens: 900, temperature: 2, min_p: 0, top_p: 1, top_k: 0,
                                            logit_bias: endless });
    let chunks = 0;
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta && ++chunks === 5) break;  // the SDK aborts the request
    }
    await redbolt.idle();
    const controller = new AbortController();
    const request = client.chat.completions.create(
        { model: modelName, messages: [{ role: "user", content: "Hello!" }], max_tokens: 900, temperature: 2,
          logit_bias: endless }, { signal: controller.signal });
    request.catch(() => {});
    await until("the request at work", async () => (await redbolt.slots()).some((slot) => slot.is_processing));
    controller.abort();
    await assert.rejects(request, OpenAI.APIUserAbortError);
    await redbolt.idle();
    assert.equal((await create("What is 2+2?")).choices[0].message.content, "2 + 2 is 4.");
  });

  test("many at once, all right", async () => {
    const sums = Array.from({ length: 12 }, (_, i) => [i, (i * 7) % 11]);
    const answers = await Promise.all(sums.map(([a, b]) => create(`What is ${a}+${b}?`)));
    answers.forEach((answer, i) => {
      const [a, b] = sums[i];
      assert.equal(answer.choices[0].message.content, `${a} + ${b} is ${a + b}.`);
    });
  });
});
