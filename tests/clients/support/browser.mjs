// Headless Chromium, driven by the DevTools protocol over a pair of pipes (descriptors 3 and 4;
// messages end in NUL).
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

const patience = 60000;  // milliseconds, for a machine with other things to do

class Pipe {
  #process;
  #next = 1;
  #waiting = new Map();
  #listeners = [];
  #rest = "";

  constructor(process) {
    this.#process = process;
    process.stdio[4].setEncoding("utf8");
    process.stdio[4].on("data", (text) => this.#read(text));
    process.on("exit", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("the browser has gone"));
    });
  }

  send(method, params = {}, sessionId = undefined) {
    const id = this.#next++;
    this.#process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method}: no answer`)), patience);
      timer.unref();
      this.#waiting.set(id, { resolve, reject, timer, method });
    });
  }

  listen(listener) { this.#listeners.push(listener); }

  #read(text) {
    const messages = (this.#rest + text).split("\0");
    this.#rest = messages.pop();
    for (const message of messages.map((each) => JSON.parse(each))) {
      const waiting = this.#waiting.get(message.id);
      if (!waiting) {
        for (const listener of this.#listeners) listener(message);
        continue;
      }
      this.#waiting.delete(message.id);
      clearTimeout(waiting.timer);
      if (message.error) waiting.reject(new Error(`${waiting.method}: ${message.error.message}`));
      else waiting.resolve(message.result);
    }
  }
}

// A tab with storage of its own.
class Tab {
  problems = [];  // exceptions and console errors, violations of the page's policy among them
  requests = [];  // addresses that the tab has asked for
  dialogs = [];
  #pipe;
  #session;
  #context;
  #target;

  static async open(pipe, url, { width = 1100, height = 800, touch = false, dark = false } = {}) {
    const tab = new Tab();
    tab.#pipe = pipe;
    tab.#context = (await pipe.send("Target.createBrowserContext")).browserContextId;
    tab.#target = (await pipe.send("Target.createTarget",
                                   { url: "about:blank", browserContextId: tab.#context })).targetId;
    tab.#session = (await pipe.send("Target.attachToTarget", { targetId: tab.#target, flatten: true })).sessionId;
    pipe.listen((message) => { if (message.sessionId === tab.#session) tab.#heard(message); });
    await tab.send("Page.enable");
    await tab.send("Runtime.enable");
    await tab.send("Log.enable");
    await tab.send("Network.enable");
    await tab.send("Emulation.setDeviceMetricsOverride",
                   { width, height, deviceScaleFactor: 1, mobile: touch });
    if (touch) await tab.send("Emulation.setTouchEmulationEnabled", { enabled: true });
    await tab.send("Emulation.setEmulatedMedia",
                   { features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }] });
    await tab.goto(url);
    return tab;
  }

  send(method, params) { return this.#pipe.send(method, params, this.#session); }

  #heard({ method, params }) {
    if (method === "Runtime.exceptionThrown") this.problems.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    if (method === "Log.entryAdded" && params.entry.level === "error") {
      this.problems.push(`${params.entry.text} ${params.entry.url ?? ""}`.trim());
    }
    if (method === "Runtime.consoleAPICalled" && params.type === "error") {
      this.problems.push(params.args.map((each) => each.value ?? each.description).join(" "));
    }
    if (method === "Network.requestWillBeSent") this.requests.push(params.request.url);
    if (method === "Page.javascriptDialogOpening") {
      this.dialogs.push(params.message);
      this.send("Page.handleJavaScriptDialog", { accept: false }).catch(() => {});
    }
  }

  async goto(url) {
    await this.send("Page.navigate", { url });
    await this.until("document.readyState === 'complete' && location.href !== 'about:blank'");
  }

  // The value of an expression in the page.
  async value(expression) {
    const { result, exceptionDetails } = await this.send(
        "Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true, userGesture: true, allowUnsafeEvalBlockedByCSP: false });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  // Waits until an expression is true, and returns its value.
  async until(expression) {
    const end = Date.now() + patience;
    for (;;) {
      const value = await this.value(expression).catch((error) => {
        if (/context|navigat/i.test(error.message)) return false;  // between two documents
        throw error;
      });
      if (value) return value;
      if (Date.now() > end) throw new Error(`never true: ${expression}\n${await this.value("document.body.innerText")}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  text(selector) { return this.value(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? null`); }
  click(selector) { return this.value(`document.querySelector(${JSON.stringify(selector)}).click()`); }
  type(text) { return this.send("Input.insertText", { text }); }

  async press(key, { shift = false } = {}) {
    const codes = { Enter: 13, Escape: 27, Tab: 9, " ": 32 };
    const event = { key, code: key === " " ? "Space" : key, windowsVirtualKeyCode: codes[key],
                    modifiers: shift ? 8 : 0 };
    const text = { Enter: "\r", " ": " " }[key];
    await this.send("Input.dispatchKeyEvent", { type: text ? "keyDown" : "rawKeyDown", text, ...event });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
  }

  async screenshot(file) {
    const { data } = await this.send("Page.captureScreenshot", { format: "png" });
    await writeFile(file, Buffer.from(data, "base64"));
  }

  async close() {
    await this.#pipe.send("Target.closeTarget", { targetId: this.#target });
    await this.#pipe.send("Target.disposeBrowserContext", { browserContextId: this.#context });
  }
}

export class Browser {
  #process;
  #pipe;
  #profile;

  static async start() {
    const browser = new Browser();
    browser.#profile = await mkdtemp(path.join(tmpdir(), "redbolt-browser-"));
    browser.#process = spawn(
        process.env.CHROMIUM ?? "chromium",
        ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--mute-audio",
         "--remote-debugging-pipe", `--user-data-dir=${browser.#profile}`, "about:blank"],
        { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    browser.#pipe = new Pipe(browser.#process);
    await browser.#pipe.send("Browser.getVersion");
    return browser;
  }

  open(url, options) { return Tab.open(this.#pipe, url, options); }

  async stop() {
    const gone = new Promise((resolve) => this.#process.once("exit", resolve));
    await this.#pipe.send("Browser.close").catch(() => {});
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), 10000);
    await gone;
    clearTimeout(timer);
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
