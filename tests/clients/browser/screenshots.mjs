// Pictures of the page to look at: node tests/clients/browser/screenshots.mjs FOLDER
import { mkdir } from "node:fs/promises";
import path from "node:path";

import { Browser } from "../support/browser.mjs";
import { call, content, finish, MockServer, thought, usage } from "../support/mock_server.mjs";

const essay = `A **Thunderbolt** box carries four lanes of PCIe. What matters:

1. *Bandwidth*, about 2.8 GB/s to the card; see [the notes](https://example.org/notes).
2. Latency, which is why commands are **batched**.
   - one doorbell for several tokens
   - no register reads

| model | size | tokens/s |
|:--|--:|--:|
| qwen3:32b | 19.8 GB | 41.7 |
| qwen2.5:14b | 9.0 GB | 78.2 |

\`\`\`cpp
// One step, replayed for each token.
for (int token = 0; token < count; ++token) {
  queue.submit("decode", 1);  // rings the doorbell
}
\`\`\`

> Weights stay on the card, so nothing large crosses the link.

Use \`redbolt-llm bench\` to measure it yourself.`;

const answers = {
  "Why is a card in a box fast enough?": (stream) => {
    stream.send(thought("The user asks about boxes. I should mention lanes, batching and what crosses the link."),
                content(essay), finish(), usage(48, 261, 32, 41.7));
    stream.done();
  },
  "What is 123+456?": (stream) => {
    stream.send(call(0, "call_1", "calculator", "{\"expression\":\"123+456\"}"), finish("tool_calls"));
    stream.done();
  },
  "Too much?": () => ({ status: 429, error: { message: "All slots are busy and 16 requests wait." }, headers: { "retry-after": "3" } }),
  "Slowly.": (stream) => stream.send(thought("Let me see")),
};

const screens = {
  light: {}, dark: { dark: true },
  phone: { width: 375, height: 740, touch: true }, small: { width: 320, height: 560, touch: true, dark: true },
};

const folder = process.argv[2] ?? "screenshots";
await mkdir(folder, { recursive: true });
const mock = await MockServer.start();
mock.answer = async (body, stream) => {
  const last = body.messages.at(-1);
  if (last.role !== "tool") return answers[last.content](stream);
  stream.send(content(`123 + 456 is ${last.content}.`), finish(), usage(212, 12, 180, 42.5));
  return stream.done();
};
const browser = await Browser.start();
const settled = () => new Promise((resolve) => setTimeout(resolve, 400));
for (const [name, options] of Object.entries(screens)) {
  const tab = await browser.open(mock.url, options);
  const picture = async (what) => {
    await settled();
    await tab.screenshot(path.join(folder, `${name}-${what}.png`));
  };
  await tab.until("!document.getElementById('status-model').hidden");
  await picture("welcome");
  for (const question of Object.keys(answers)) {
    await tab.value(`document.getElementById('prompt').value = ${JSON.stringify(question)}; document.getElementById('prompt').dispatchEvent(new Event('input'))`);
    await tab.click("#send");
    if (question === "Slowly.") break;
    await tab.until("!document.querySelector('.answer.live') && document.querySelector('.answer')");
    await settled();
    if (question.startsWith("Why")) {
      await tab.value("document.querySelector('.thinking').open = true; document.getElementById('log').scrollTop = 0");
      await picture("answer");
    }
  }
  await picture("talk");
  await tab.click("#open-settings");
  await picture("settings");
  await tab.close();
}
await browser.stop();
await mock.stop();
