// The page in headless Chromium, against a server that says what each test needs.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";

import { Browser } from "../support/browser.mjs";
import { call, content, finish, MockServer, thought, usage } from "../support/mock_server.mjs";

const idle = "document.getElementById('stop').hidden && !document.querySelector('.answer.live')";

describe("the page", { concurrency: false }, () => {
  let browser, mock, tab;
  before(async () => { browser = await Browser.start(); });
  after(() => browser.stop());
  beforeEach(async () => { mock = await MockServer.start(); });
  afterEach(async () => {
    await tab?.close();
    tab = null;
    await mock.stop();
  });

  const open = async (options) => {
    tab = await browser.open(mock.url, options);
    await tab.until("!document.getElementById('status-model').hidden || document.querySelector('#key').open || !document.getElementById('notice').hidden");
    return tab;
  };
  const ask = async (question, { wait = true } = {}) => {
    const before = await tab.value("document.querySelectorAll('.question').length");
    await tab.value("document.getElementById('prompt').focus()");
    await tab.type(question);
    await tab.press("Enter");
    // Drawn at the next frame.
    await tab.until(`document.querySelectorAll('.question').length === ${before + 1}`);
    if (wait) await tab.until(idle);
  };
  const says = (...events) => async (body, stream) => {
    stream.send(...events);
    stream.done();
  };
  const expected = (...patterns) => {
    tab.problems = tab.problems.filter((problem) => !patterns.some((pattern) => pattern.test(problem)));
  };
  const answerText = () => tab.value("[...document.querySelectorAll('.answer .markdown')].at(-1).innerText.trim()");

  test("an answer is shown while it comes, and what is drawn stays", async () => {
    let release;
    const gate = new Promise((resolve) => { release = resolve; });
    mock.answer = async (body, stream) => {
      stream.send(content("First **para"), content("graph**.\n\nSec"));
      await gate;
      stream.send(content("ond."), finish(), usage(12, 7, 5, 33.25));
      stream.done();
    };
    await open();
    await ask("Go", { wait: false });
    await tab.until("document.querySelectorAll('.markdown p').length === 2");
    assert.equal(await tab.text(".markdown strong"), "paragraph");
    assert.equal(await tab.value("document.querySelector('.answer').getAttribute('aria-busy')"), "true");
    assert.equal(await tab.value("document.getElementById('send').hidden"), true);
    await tab.value("window.kept = document.querySelector('.markdown p'); 0");
    release();
    await tab.until(idle);
    assert.equal(await answerText(), "First paragraph.\n\nSecond.");
    assert.ok(await tab.value("window.kept === document.querySelector('.markdown p')"));
    assert.equal(await tab.text(".figures"), "7 tokens · 33.3 tokens/s · 12 prompt tokens, 5 cached");
    assert.equal(await tab.text("#announcement"), "The answer is complete.");
    assert.deepEqual(mock.requests[0].messages, [{ role: "user", content: "Go" }]);
    assert.equal(mock.requests[0].stream, true);
    assert.deepEqual(tab.problems, []);
  });

  test("thinking is folded away and opens by keyboard", async () => {
    mock.answer = says(thought("I wonder"), thought(" <b>why</b>."), content("Because."), finish());
    await open();
    await ask("Why?");
    assert.equal(await tab.value("document.querySelector('.thinking').open"), false);
    assert.match(await tab.text(".thinking summary"), /^Thought for/);
    await tab.value("document.querySelector('.thinking summary').focus()");
    await tab.press("Enter");
    await tab.until("document.querySelector('.thinking').open");
    assert.equal(await tab.text(".thought"), "I wonder <b>why</b>.");
    assert.equal(await answerText(), "Because.");
  });

  test("a tool's call, its result, and the answer to it", async () => {
    mock.answer = async (body, stream) => {
      const last = body.messages.at(-1);
      if (last.role === "tool") stream.send(content(`It is ${last.content}.`), finish());
      else {
        stream.send(call(0, "call_a", "calculator", ""), call(0, undefined, undefined, "{\"expression\":"),
                    call(0, undefined, undefined, " \"(1+2)*3.5\"}"), call(1, "call_b", "rm", "{"), finish("tool_calls"));
      }
      stream.done();
    };
    await open();
    await ask("How much?");
    await tab.until("document.querySelectorAll('.answer').length === 2");
    await tab.until(idle);
    assert.equal(await answerText(), "It is error: there is no tool \"rm\".");
    const [, second] = mock.requests;
    assert.deepEqual(second.messages.slice(1), [
      { role: "assistant", content: "", tool_calls: [
        { id: "call_a", type: "function", function: { name: "calculator", arguments: "{\"expression\": \"(1+2)*3.5\"}" } },
        { id: "call_b", type: "function", function: { name: "rm", arguments: "{}" } }] },  // "{" would be refused
      { role: "tool", tool_call_id: "call_a", content: "10.5" },
      { role: "tool", tool_call_id: "call_b", content: "error: there is no tool \"rm\"" },
    ]);
    assert.equal(second.tools[0].function.name, "calculator");
    assert.match(await tab.text(".call summary"), /calculator\s*= 10\.5/);
    await tab.value("document.querySelector('.call').open = true");
    assert.match(await tab.text(".call"), /Arguments\s*\{\s*"expression": "\(1\+2\)\*3\.5"\s*\}\s*Result\s*10\.5/);
    assert.deepEqual(tab.problems, []);
  });

  test("a call that is cut off is not run, and does not spoil what follows", async () => {
    mock.answer = async (body, stream) => {
      if (mock.requests.length === 1) stream.send(content("Let me see."), call(0, "call_a", "calculator", "{\"expr"), finish("length"));
      else stream.send(content("Again."), finish());
      stream.done();
    };
    await open();
    await ask("Go");
    assert.match(await tab.text(".call summary"), /not run/);
    assert.match(await tab.text(".note"), /cut/);
    assert.equal(mock.requests.length, 1);
    await ask("Go on");
    await tab.until("document.querySelectorAll('.answer').length === 2");
    await tab.until(idle);
    assert.deepEqual(mock.requests[1].messages[1], { role: "assistant", content: "Let me see." });
  });

  test("nothing that a model writes becomes markup, script or a request", async () => {
    const attacks = [
      "<img src=x onerror=\"window.pwned=1\">", "<script>window.pwned=1</script>",
      "<svg onload=window.pwned=1>", "<iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
      "[click](javascript:window.pwned=1)", "[click](<java\nscript:window.pwned=1>)", "<javascript:window.pwned=1>",
      "![x](https://evil.example/leak.png)", "![x](http://127.0.0.1:1/leak)", "[a](data:text/html,<script>pwned=1</script>)",
      "[a](https://ok.example/\"onmouseover=\"window.pwned=1)", "`<img src=x onerror=pwned=1>`",
      "```html\n<img src=x onerror=pwned=1>\n```", "```\"><img src=x onerror=pwned=1>\ncode\n```",
      "| <img src=x onerror=pwned=1> | b |\n|---|---|\n| <script>pwned=1</script> | [x](javascript:pwned=1) |",
      "# <style>*{display:none}</style>", "- <a href=javascript:pwned=1>x</a>", "> <form action=https://evil.example><input>",
      "<base href=https://evil.example>", "<link rel=stylesheet href=https://evil.example/x.css>",
      "<meta http-equiv=refresh content='0;url=https://evil.example'>", "<math><mtext><img src=x onerror=pwned=1>",
      "</script><script>pwned=1</script>", "\u202e<details open ontoggle=pwned=1>", "<div id=prompt>", "{{constructor.constructor('pwned=1')()}}",
    ];
    const text = attacks.join("\n\n");
    mock.answer = async (body, stream) => {
      if (body.messages.at(-1).role === "tool") return void stream.send(thought(text), content(text), finish()), stream.done();
      for (const character of text) stream.send(content(character));
      stream.send(call(0, text, text, text), finish("tool_calls"));
      stream.done();
    };
    mock.status.model = attacks[0];
    mock.status.device.name = attacks[1];
    mock.models = attacks.slice(0, 3);
    await open();
    await ask(attacks[0] + attacks[2]);
    await tab.until("document.querySelectorAll('.answer').length === 2");
    await tab.until(idle);
    await tab.value("document.querySelectorAll('details').forEach((each) => { each.open = true; })");
    for (const reload of [false, true]) {
      if (reload) {
        await tab.goto(mock.url);
        await tab.until("document.querySelectorAll('.answer').length === 2");
      }
      const names = await tab.value("[...new Set([...document.querySelectorAll('#messages *')].map((each) => each.localName))].sort()");
      const allowed = new Set("a article blockquote br button code details div em figcaption figure h3 h4 h5 h6 hr input li ol p pre span strong summary svg table tbody td th thead tr ul use".split(" "));
      assert.deepEqual(names.filter((name) => !allowed.has(name)), []);
      const links = await tab.value("[...document.querySelectorAll('#messages a')].map((each) => [each.protocol, each.rel])");
      assert.ok(links.length > 0);
      for (const [protocol, rel] of links) {
        assert.match(protocol, /^https?:$/);
        assert.match(rel, /\bnoopener\b/);
      }
      const handlers = await tab.value("[...document.querySelectorAll('#messages *')].filter((each) => each.getAttributeNames().some((name) => name.startsWith('on') || name === 'style')).length");
      assert.equal(handlers, 0);
      assert.equal(await tab.value("window.pwned"), undefined);
    }
    assert.ok((await tab.text("#messages")).includes(attacks[0]));
    assert.deepEqual(tab.requests.filter((url) => !url.startsWith(mock.url) && !url.startsWith("data:")), []);
    assert.deepEqual(tab.dialogs, []);
    assert.deepEqual(tab.problems, []);
  });

  test("the policy stops script and markup that the page does not have", async () => {
    await open();
    const tried = await tab.value(`(() => {
      const outcome = {};
      try { document.body.insertAdjacentHTML("beforeend", "<b>x</b>"); } catch (error) { outcome.html = error.name; }
      try { eval("1"); } catch (error) { outcome.eval = error.name; }
      try { const script = document.createElement("script"); script.textContent = "window.pwned = 1"; document.body.append(script); }
      catch (error) { outcome.script = error.name; }
      return { ...outcome, pwned: window.pwned };
    })()`);
    assert.equal(tried.html, "TypeError");
    assert.ok(["EvalError", "TypeError"].includes(tried.eval), tried.eval);
    assert.equal(tried.pwned, undefined);
    assert.equal(await tab.value("fetch('https://evil.example/').then(() => 'sent', () => 'stopped')"), "stopped");
    assert.deepEqual(tab.requests.filter((url) => url.startsWith("https://evil")).length <= 1, true);
  });

  test("Esc stops an answer, the server hears of it, and it can be made again", async () => {
    mock.answer = async (body, stream) => {
      if (mock.requests.length === 1) return void stream.send(content("Half an"));
      stream.send(content("A whole answer."), finish());
      stream.done();
    };
    await open();
    await ask("Go", { wait: false });
    await tab.until("document.querySelector('.markdown')?.innerText === 'Half an'");
    await tab.press("Escape");
    await tab.until(idle);
    await tab.until("document.querySelector('.note').innerText === 'Stopped.'");
    assert.equal(await answerText(), "Half an");
    while (mock.hungUp === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(await tab.value("document.activeElement.id"), "prompt");
    await tab.click("[aria-label='Regenerate']");
    await tab.until("document.querySelector('.markdown')?.innerText === 'A whole answer.'");
    assert.deepEqual(mock.requests[1].messages, mock.requests[0].messages);
    assert.equal(await tab.value("document.querySelectorAll('.answer').length"), 1);
    assert.deepEqual(tab.problems, []);
  });

  test("a slow stream shows every piece by itself, whatever comes between", async () => {
    const next = [];
    mock.answer = async (body, stream) => {
      stream.raw(": still reading the prompt\n\n");
      for (const piece of ["da", "ta: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"é", "a\"}}]}\r\n\r", "\n: ping\n\n",
                           "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" b\"}}]}\n\n"]) {
        await new Promise((resolve) => next.push(resolve));
        stream.raw(piece);
      }
      stream.send(finish());
      stream.done();
    };
    await open();
    await ask("Go", { wait: false });
    await tab.until("document.querySelector('.waiting:not([hidden])') !== null");
    for (let i = 0; i < 5; i++) {
      while (next.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      if (i === 4) await tab.until("document.querySelector('.markdown').innerText === 'éa'");
      next.shift()();
    }
    await tab.until("document.querySelector('.markdown').innerText === 'éa b'");
  });

  const failures = {
    "a 400 names the field": [() => ({ status: 400, error: { message: "It has to be a number.", param: "temperature" } }),
                              "It has to be a number. (temperature)"],
    "a 404 says what is missing": [() => ({ status: 404, error: { message: "There is no model \"x\"." } }), "There is no model \"x\"."],
    "a 429 says when to come back": [() => ({ status: 429, error: { message: "All slots are taken." }, headers: { "retry-after": "7" } }),
                                     "All slots are taken. Try again in 7 s."],
    "an error in the stream": [(body, stream) => {
      stream.send(content("Begun"), { error: { message: "The card has gone." } });
      stream.end();
    }, "The card has gone."],
    "a stream without an end": [(body, stream) => {
      stream.send(content("Begun"));
      stream.end();
    }, "The connection ended before the answer was complete."],
    "a connection that breaks": [(body, stream) => {
      stream.send(content("Begun"));
      setTimeout(stream.breakOff, 50);
    }, "The connection broke before the answer was complete."],
    "events that are not JSON": [(body, stream) => {
      stream.raw("data: {oops\n\n");
      stream.done();
    }, "The server sent something that is not JSON."],
  };
  for (const [name, [answer, sentence]] of Object.entries(failures)) {
    test(`errors: ${name}`, async () => {
      mock.answer = async (body, stream) => mock.requests.length > 1 ? says(content("Better."), finish())(body, stream)
                                                                     : answer(body, stream);
      await open();
      await ask("Go");
      assert.equal(await tab.text(".problem > span"), sentence);
      assert.equal(await tab.text("#announcement"), sentence);
      await tab.click(".problem button");
      await tab.until("document.querySelector('.markdown')?.innerText === 'Better.'");
      expected(/Failed to load resource/);
      assert.deepEqual(tab.problems, []);
    });
  }

  test("a server that has gone, and is back", async () => {
    await open();
    const { url } = mock;
    await mock.stop();
    await ask("Go");
    assert.match(await tab.text(".problem > span"), /cannot be reached/);
    await tab.until("!document.getElementById('notice').hidden");
    assert.match(await tab.text("#notice-text"), /cannot be reached/);
    assert.ok(url);
  });

  test("a model that is being loaded", async () => {
    mock.loading = true;
    await open();
    await tab.until("document.getElementById('notice-text').innerText.includes('43 %')");
    mock.status = { model: "m", device: {}, arena: {} };
    mock.loading = false;
    await tab.until("document.getElementById('notice').hidden");
    assert.equal(await tab.text("#status-model-value"), "m");
    assert.equal(await tab.value("document.getElementById('status-temperature').hidden"), true);
  });

  test("a key is asked for, used, and kept only if wanted", async () => {
    mock.key = "s3cret";
    mock.answer = says(content("Welcome."), finish());
    await open();
    await tab.until("document.querySelector('#key').open");
    await tab.type("wrong");
    await tab.press("Enter");
    await tab.until("!document.getElementById('notice').hidden");
    await tab.click("#enter-key");
    await tab.value("document.getElementById('key-value').value = ''");
    await tab.value("document.getElementById('key-value').focus()");
    await tab.type("s3cret");
    await tab.press("Enter");
    await tab.until("!document.getElementById('status-model').hidden");
    await ask("Hello");
    assert.equal(await answerText(), "Welcome.");
    assert.equal(await tab.value("JSON.stringify(localStorage).includes('s3cret')"), false);
    await tab.goto(mock.url);
    await tab.until("!document.getElementById('status-model').hidden");
    expected(/Failed to load resource/);
    assert.deepEqual(tab.problems, []);
  });

  test("the status strip", async () => {
    await open();
    assert.equal(await tab.text("#status-model-value"), "qwen3:32b");
    assert.equal(await tab.text("#status-arena-value"), "18.4 of 23.7 GiB");
    assert.equal(await tab.text("#status-speed-value"), "41.7 tok/s");
    assert.equal(await tab.text("#status-temperature-value"), "61 °C");
    mock.status.waiting = 3;
    mock.status.device.emulated = true;
    await tab.until("!document.getElementById('status-waiting').hidden");
    assert.equal(await tab.text("#status-waiting-value"), "3 waiting");
    assert.equal(await tab.text("#status-device-value"), "emulated card");
  });

  test("settings go with the request, and stay", async () => {
    mock.answer = says(content("Yes."), finish());
    await open();
    await tab.click("#open-settings");
    await tab.value("document.querySelector('[name=system]').focus()");
    await tab.type("Be brief.");
    await tab.value("document.querySelector('[name=temperature]').focus()");
    await tab.type("3");
    await tab.click("#settings .main");
    assert.equal(await tab.value("document.getElementById('settings').open"), true);  // 3 is too hot
    await tab.value("document.querySelector('[name=temperature]').value = '0.25'; document.querySelector('[name=top_k]').value = '40'");
    await tab.value("document.querySelector('[name=thinking]').value = 'off'; document.querySelector('[name=calculator]').checked = false");
    await tab.click("#settings .main");
    await tab.until("!document.getElementById('settings').open");
    await tab.goto(mock.url);
    await tab.until("!document.getElementById('status-model').hidden");
    await ask("Go");
    const { messages, temperature, top_k, chat_template_kwargs, tools, seed, max_tokens } = mock.requests[0];
    assert.deepEqual(messages, [{ role: "system", content: "Be brief." }, { role: "user", content: "Go" }]);
    assert.deepEqual({ temperature, top_k, chat_template_kwargs, tools, seed, max_tokens },
                     { temperature: 0.25, top_k: 40, chat_template_kwargs: { enable_thinking: false },
                       tools: undefined, seed: undefined, max_tokens: undefined });
    await tab.click("#open-settings");
    await tab.click("#settings-reset");
    await tab.click("#settings .main");
    await ask("Again");
    assert.equal(mock.requests[1].temperature, undefined);
    assert.equal(mock.requests[1].messages[0].role, "user");
  });

  test("a conversation outlives the page, goes on, can be changed and cleared", async () => {
    mock.answer = async (body, stream) => says(content(`Answer ${body.messages.length}.`), finish())(body, stream);
    await open();
    await ask("One");
    await tab.goto(mock.url);
    await tab.until("document.querySelectorAll('.answer').length === 1");
    await ask("Two");
    assert.deepEqual(mock.requests[1].messages.map(({ content }) => content), ["One", "Answer 1.", "Two"]);
    await tab.value("document.querySelectorAll('[aria-label=\"Edit and ask again\"]')[1].click()");
    assert.equal(await tab.value("document.getElementById('prompt').value"), "Two");
    await tab.until("document.querySelectorAll('.question').length === 1");
    await tab.type(" and a half");
    await tab.press("Enter");
    await tab.until("document.querySelectorAll('.answer').length === 2");
    await tab.until(idle);
    assert.equal(mock.requests[2].messages.at(-1).content, "Two and a half");
    await tab.click("#new-chat");
    await tab.until("document.querySelectorAll('#messages > *').length === 0");
    assert.equal(await tab.value("localStorage.getItem('redbolt.conversation')"), null);
    await tab.goto(mock.url);
    await tab.until("!document.getElementById('welcome').hidden");
  });

  for (const stored of ["{", "[1,null,{\"role\":\"assistant\",\"calls\":[null,{\"id\":5}],\"figures\":{}},{\"role\":\"user\"}]", "\"x\"", "[[[]]]"]) {
    test(`a stored conversation that is none: ${stored}`, async () => {
      mock.answer = says(content("Fine."), finish());
      await open();
      await tab.value(`localStorage.setItem('redbolt.conversation', ${JSON.stringify(stored)}); localStorage.setItem('redbolt.settings', ${JSON.stringify(stored)})`);
      await tab.value("window.onpagehide = (event) => event.stopImmediatePropagation()");
      await tab.goto(`${mock.url}/?again`).catch(() => {});
      await tab.goto(mock.url);
      await ask("Go");
      await tab.until("[...document.querySelectorAll('.markdown')].at(-1)?.innerText === 'Fine.'");
      expected(/Failed to load resource/);
      assert.deepEqual(tab.problems, []);
    });
  }

  test("by keyboard alone", async () => {
    mock.answer = says(content("Done."), finish());
    await open();
    assert.equal(await tab.value("document.activeElement.id"), "prompt");
    await tab.type("one");
    await tab.press("Enter", { shift: true });
    await tab.type("two");
    assert.equal(await tab.value("document.getElementById('prompt').value"), "one\ntwo");
    await tab.press("Tab");
    assert.equal(await tab.value("document.activeElement.id"), "send");
    await tab.press("Enter");
    await tab.until("document.querySelectorAll('.answer').length === 1");
    await tab.until(idle);
    assert.equal(mock.requests[0].messages[0].content, "one\ntwo");
    // From the top: every stop has a name, can be seen, and the way ends at the composer.
    await tab.value("document.activeElement.blur(); document.body.tabIndex = -1; document.body.focus()");
    const stops = [];
    for (let i = 0; i < 20 && stops.at(-1) !== "prompt"; i++) {
      await tab.press("Tab");
      stops.push(await tab.value("document.activeElement.id || document.activeElement.getAttribute('aria-label')"));
      assert.ok(await tab.value("document.activeElement.matches(':focus-visible') && getComputedStyle(document.activeElement.id === 'prompt' ? document.getElementById('composer') : document.activeElement).borderColor !== ''"));
    }
    assert.deepEqual(stops, ["new-chat", "theme", "open-settings", "log", "Edit and ask again", "Copy answer", "Regenerate", "prompt"]);
  });

  test("everything that can be operated has a name for screen readers", async () => {
    mock.answer = says(thought("t"), content("```js\nx\n```\n\n- [ ] a\n\n[l](https://l.example)\n\n|a|b|\n|-|-|\n|c|d|"), finish());
    await open();
    await ask("Go");
    await tab.click("#open-settings");
    const { nodes } = await tab.send("Accessibility.getFullAXTree");
    await tab.value("document.getElementById('settings').close()");
    const after = await tab.send("Accessibility.getFullAXTree");
    const operated = new Set(["button", "textbox", "combobox", "checkbox", "spinbutton", "link", "meter", "dialog", "log"]);
    const seen = new Set();
    for (const node of [...nodes, ...after.nodes]) {
      if (node.ignored || !operated.has(node.role?.value)) continue;
      seen.add(node.role.value);
      assert.ok(node.name?.value, `a ${node.role.value} without a name`);
    }
    for (const role of ["button", "textbox", "spinbutton", "link", "meter", "dialog", "log"]) assert.ok(seen.has(role), role);
  });

  test("light, dark, and as the system has it", async () => {
    await open({ dark: true });
    const brightness = () => tab.value("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((sum, each) => sum + Number(each), 0)");
    assert.ok(await brightness() < 150);
    await tab.click("#theme");
    assert.equal(await tab.value("document.getElementById('theme').getAttribute('aria-label')"), "Theme: light");
    assert.ok(await brightness() > 600);
    await tab.goto(mock.url);
    assert.ok(await brightness() > 600);
    await tab.click("#theme");
    assert.ok(await brightness() < 150);
  });

  for (const width of [320, 375, 768]) {
    test(`nothing is wider than a screen of ${width} pixels`, async () => {
      mock.answer = says(content(`${"w".repeat(300)}\n\n\`\`\`\n${"c".repeat(300)}\n\`\`\`\n\n|${"head|".repeat(20)}\n|${"-|".repeat(20)}\n|${"cell|".repeat(20)}\n\nhttps://a.example/${"u".repeat(200)}`),
                         call(0, "c", "calculator", `{"expression":"${"1+".repeat(100)}1"}`), finish("stop"));
      await open({ width, height: 600, touch: true });
      await tab.value("document.getElementById('prompt').value = 'q'.repeat(200); document.getElementById('prompt').dispatchEvent(new Event('input'))");
      await tab.click("#send");
      await tab.until("document.querySelectorAll('.call').length > 0");
      await tab.value("document.querySelectorAll('details').forEach((each) => { each.open = true; })");
      assert.equal(await tab.value("document.documentElement.scrollWidth"), width);
      assert.ok(await tab.value("document.getElementById('log').scrollWidth <= document.getElementById('log').clientWidth"));
      const cut = await tab.value("[...document.querySelectorAll('#messages *')].filter((each) => each.scrollWidth > each.clientWidth + 1 && !['auto', 'scroll', 'visible'].includes(getComputedStyle(each).overflowX) && !each.matches('.state, .calls')).map((each) => each.className || each.localName)");
      assert.deepEqual(cut, []);
      assert.ok(await tab.value("document.getElementById('send').getBoundingClientRect().right <= innerWidth"));
      const small = await tab.value("[...document.querySelectorAll('header button, footer button')].filter((each) => each.offsetParent && each.getBoundingClientRect().height < 36).map((each) => each.id)");
      assert.deepEqual(small, []);
      await tab.click("#stop");
    });
  }

  test("the copy button copies the code as it is", async () => {
    const code = "if a:\n\tprint(\"<b>\")\n\n  # end";
    mock.answer = says(content(`\`\`\`py\n${code}\n\`\`\``), finish());
    await open();
    await ask("Go");
    await tab.value("window.copied = []; navigator.clipboard.writeText = async (text) => { window.copied.push(text); }; 0");
    await tab.click("[aria-label='Copy code']");
    await tab.until("document.querySelector('.code button').getAttribute('aria-label') === 'Copied'");
    assert.deepEqual(await tab.value("window.copied"), [code]);
  });

  test("the reader's place: the end while it grows, and where it was put", async () => {
    const gates = [];
    mock.answer = async (body, stream) => {
      for (let i = 0; i < 3; i++) {
        stream.send(content(`${"line\n\n".repeat(40)}end ${i}\n\n`));
        await new Promise((resolve) => gates.push(resolve));
      }
      stream.send(finish());
      stream.done();
    };
    await open();
    await ask("Go", { wait: false });
    const below = "(() => { const log = document.getElementById('log'); return log.scrollHeight - log.scrollTop - log.clientHeight; })()";
    await tab.until(`document.querySelector('.markdown')?.innerText.includes('end 0') && ${below} < 5`);
    await tab.value("document.getElementById('log').scrollTop = 100");
    await tab.until("!document.getElementById('latest').hidden");
    gates.shift()();
    await tab.until("document.querySelector('.markdown').innerText.includes('end 1')");
    assert.equal(await tab.value("document.getElementById('log').scrollTop"), 100);
    await tab.click("#latest");
    await tab.until(`${below} < 5`);
    while (gates.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    gates.shift()();
    await tab.until(`document.querySelector('.markdown').innerText.includes('end 2') && ${below} < 5`);
    await tab.click("#stop");
  });
});
