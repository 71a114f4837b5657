// The page as redbolt-llm serves it, with the demo model on an emulated card.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Browser } from "../support/browser.mjs";
import { modelName, Redbolt } from "../support/redbolt.mjs";

describe("the page that redbolt-llm serves", { concurrency: false }, () => {
  let redbolt, browser, tab;
  before(async () => {
    [redbolt, browser] = await Promise.all([Redbolt.start(["--ui"]), Browser.start()]);
    tab = await browser.open(redbolt.url);
    await tab.until("!document.getElementById('status-model').hidden");
    // The demo model is at its best without chance.
    await tab.click("#open-settings");
    await tab.value("document.querySelector('[name=temperature]').value = '0'");
    await tab.click("#settings .main");
  });
  after(async () => {
    if (process.env.REDBOLT_SCREENSHOTS && tab) await tab.screenshot(`${process.env.REDBOLT_SCREENSHOTS}/served.png`);
    await tab?.close();
    await browser?.stop();
    await redbolt?.stop();
  });

  const ask = async (question) => {
    const before = await tab.value("document.querySelectorAll('.question').length");
    await tab.value("document.getElementById('prompt').focus()");
    await tab.type(question);
    await tab.press("Enter");
    await tab.until(`document.querySelectorAll('.question').length === ${before + 1}`);
    await tab.until("document.getElementById('stop').hidden && !document.querySelector('.answer.live')");
    assert.deepEqual(await tab.value("[...document.querySelectorAll('.problem:not([hidden]) > span')].map((each) => each.innerText)"), []);
  };
  const lastAnswer = () => tab.value("[...document.querySelectorAll('.answer .markdown')].at(-1).innerText.trim()");

  test("the strip tells model, memory and card", async () => {
    assert.ok((await tab.text("#status-model-value")).includes(modelName));
    assert.match(await tab.text("#status-arena-value"), /^[\d.]+ [MG]iB of 23\.\d GiB|^[\d.]+ of 23\.\d GiB/);
    assert.equal(await tab.text("#status-device-value"), "emulated card");
  });

  test("an answer, a thought, a calculation", async () => {
    await ask("What is the capital of Italy?");
    assert.equal(await lastAnswer(), "The capital of Italy is Rome.");
    await ask("What is 17+15? Think step by step.");
    assert.equal(await lastAnswer(), "17 + 15 is 32.");
    assert.match(await tab.value("[...document.querySelectorAll('.thought')].at(-1).textContent"), /32\.$/);
    await ask("What is 123+456?");
    assert.equal(await lastAnswer(), "123 + 456 is 579.");
    assert.match(await tab.value("[...document.querySelectorAll('.call summary')].at(-1).innerText"), /calculator\s*= 579/);
    assert.match(await tab.value("[...document.querySelectorAll('.figures')].at(-1).innerText"), /^\d+ tokens · [\d.]+ tokens\/s · \d+ prompt tokens, \d+ cached$/);
    assert.deepEqual(tab.problems, []);
  });

  test("stopped, the server stops too", async () => {
    await tab.click("#open-settings");
    await tab.value("document.querySelector('[name=temperature]').value = '2'");
    await tab.click("#settings .main");
    await tab.value("document.getElementById('prompt').focus()");
    await tab.type("Tell me everything. Think step by step.");
    await tab.press("Enter");
    await tab.until("document.querySelector('.answer.live') !== null");
    await tab.press("Escape");
    await tab.until("!document.querySelector('.answer.live')");
    await redbolt.idle();
    assert.deepEqual(tab.problems, []);
  });
});
