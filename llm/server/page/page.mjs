// The page: what the reader does, and what follows from it.
import { answerCall } from "./calculator.mjs";
import { applyChunk, newAnswer, requestBody, restoredMessages } from "./conversation.mjs";
import { ConversationView } from "./conversation_view.mjs";
import { byId } from "./elements.mjs";
import { Server } from "./server.mjs";
import { Settings } from "./settings.mjs";
import { StatusStrip } from "./status.mjs";
import { load, store } from "./storage.mjs";
import { startTheme } from "./theme.mjs";

const mostRounds = 8;  // of tool calls after one question

class Chat {
  #server = new Server();
  #settings = new Settings();
  #messages = restoredMessages(load("conversation"));
  #running = null;  // the AbortController of the answer that is coming
  #keyTold = false;
  #prompt = byId("prompt");
  #view = new ConversationView({
    regenerate: () => this.#regenerate(),
    edit: (index) => this.#edit(index),
  });
  #status;

  constructor() {
    this.#server.key = load("key") ?? "";
    this.#listen();
    this.#show();
    this.#status = new StatusStrip(this.#server, (problem) => this.#heard(problem));
    this.#prompt.focus();
  }

  #listen() {
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send(this.#prompt.value);
    });
    this.#prompt.addEventListener("input", () => this.#fit());
    this.#prompt.addEventListener("keydown", (event) => {
      // Where there is no Shift key at hand, Enter is for lines.
      const sends = event.key === "Enter" && !event.shiftKey && !event.isComposing;
      if (!sends || matchMedia("(pointer: coarse)").matches) return;
      event.preventDefault();
      this.#send(this.#prompt.value);
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#running && !document.querySelector("dialog[open]")) this.#stop();
    });
    byId("stop").addEventListener("click", () => this.#stop());
    byId("new-chat").addEventListener("click", () => this.#clear());
    byId("key-form").addEventListener("submit", (event) => this.#takeKey(event));
    byId("key-cancel").addEventListener("click", () => byId("key").close());
    byId("enter-key").addEventListener("click", () => this.#askForKey());
    for (const button of document.querySelectorAll("#welcome button")) {
      button.addEventListener("click", () => this.#send(button.textContent));
    }
    addEventListener("pagehide", () => this.#save());
  }

  #show() {
    const live = this.#running !== null;
    this.#view.show(this.#messages, live);
    byId("send").hidden = live;
    byId("stop").hidden = !live;
    byId("new-chat").disabled = this.#messages.length === 0;
  }

  #fit() {
    this.#prompt.style.height = "auto";
    this.#prompt.style.height = `${Math.min(this.#prompt.scrollHeight + 2, innerHeight * 0.4)}px`;
    byId("send").disabled = this.#prompt.value.trim() === "";
  }

  #say(text) { byId("announcement").textContent = text; }

  #save() {
    const kept = this.#messages.length > 0 ? JSON.stringify(this.#messages) : null;
    if (!store("conversation", kept)) this.#say("The browser does not keep this conversation.");
  }

  #send(text) {
    if (this.#running || text.trim() === "") return;
    this.#prompt.value = "";
    this.#fit();
    this.#messages.push({ role: "user", content: text.trim() });
    this.#view.follow();
    this.#answer();
  }

  #stop() {
    this.#running?.abort();
    this.#prompt.focus();
  }

  #clear() {
    this.#stop();
    this.#messages = [];
    this.#save();
    this.#show();
    this.#say("A new conversation.");
    this.#prompt.focus();
  }

  #regenerate() {
    if (this.#running) return;
    const question = this.#messages.findLastIndex(({ role }) => role === "user");
    this.#messages.length = question + 1;
    this.#view.follow();
    this.#answer();
    this.#prompt.focus();
  }

  #edit(index) {
    this.#stop();
    this.#prompt.value = this.#messages[index].content;
    this.#messages.length = index;
    this.#save();
    this.#show();
    this.#fit();
    this.#prompt.focus();
  }

  // Answers the last question: as many requests as the model makes calls.
  async #answer() {
    const running = new AbortController();
    const messages = this.#messages;
    this.#running = running;
    this.#say("Answering…");
    for (let round = 0; round < mostRounds; round++) {
      const answer = await this.#request(messages, running.signal);
      if (answer.problem || ["aborted", "length"].includes(answer.finish) || !answer.calls.some(Boolean)) break;
      for (const call of answer.calls.filter(Boolean)) {
        messages.push({ role: "tool", id: call.id, content: answerCall(call) });
      }
    }
    if (this.#running === running) this.#running = null;
    if (this.#messages !== messages) return;
    const last = messages.findLast(({ role }) => role === "assistant");
    this.#say(last.problem ?? (last.finish === "aborted" ? "Stopped." : "The answer is complete."));
    this.#save();
    this.#show();
    this.#status.refresh();
  }

  async #request(messages, signal) {
    const body = requestBody(messages, this.#settings.values);
    const answer = newAnswer();
    messages.push(answer);
    const show = () => { if (this.#messages === messages) this.#show(); };
    show();
    let thoughtBegan = null;
    try {
      await this.#server.chat(body, signal, (chunk) => {
        applyChunk(answer, chunk);
        const speaks = answer.content.trim() !== "" || answer.calls.length > 0;
        if (answer.reasoning) thoughtBegan ??= performance.now();
        if (answer.reasoning && speaks) answer.thoughtSeconds ??= (performance.now() - thoughtBegan) / 1000;
        show();
      });
      answer.finish ??= "stop";
    } catch (problem) {
      this.#ended(answer, problem);
    }
    return answer;
  }

  #ended(answer, problem) {
    answer.finish = "aborted";
    if (problem.name === "AbortError") return;
    const wait = problem.retryAfter ? ` Try again in ${problem.retryAfter} s.` : "";
    answer.problem = `${problem.message}${wait}`;
    if (problem.kind === "key") this.#askForKey();
  }

  // What the status strip meets tells how the server is before anybody asks something.
  #heard(problem) {
    const kind = problem?.kind ?? null;
    byId("notice").hidden = problem === null;
    byId("enter-key").hidden = kind !== "key";
    if (problem) byId("notice-text").textContent = kind === "key" ? "This server wants an API key." : problem.message;
    if (kind === "key" && !this.#keyTold) this.#askForKey();
    if (!problem && !this.modelsKnown) this.#learnModels();
  }

  async #learnModels() {
    this.modelsKnown = true;
    const { data = [] } = await this.#server.json("/v1/models").catch(() => ({}));
    this.#settings.offerModels(data.map(({ id }) => id).filter((id) => typeof id === "string"));
  }

  #askForKey() {
    this.#keyTold = true;
    byId("key-value").value = this.#server.key;
    if (!byId("key").open) byId("key").showModal();
  }

  #takeKey(event) {
    event.preventDefault();
    this.#server.key = byId("key-value").value.trim();
    store("key", this.#server.key || null, { forTab: !byId("key-keep").checked });
    byId("key").close();
    this.#status.refresh();
    const last = this.#messages.at(-1);
    if (last?.problem) this.#regenerate();
  }
}

startTheme();
new Chat();
