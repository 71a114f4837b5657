// One view for each message. An answer's view is drawn again as it grows, and touches only what
// has changed.
import { element, icon, iconButton } from "./elements.mjs";
import { copyText, MarkdownView } from "./markdown_view.mjs";

export class QuestionView {
  element;

  constructor(message, onEdit) {
    const edit = iconButton("edit", "Edit and ask again", onEdit);
    this.element = element("article", { class: "question", "aria-label": "You" },
                           element("div", { class: "bubble" }, message.content),
                           element("div", { class: "actions" }, edit));
  }
}

const seconds = (value) => value < 0.1 ? "a moment" : value < 10 ? `${value.toFixed(1)} s` : `${Math.round(value)} s`;

function prettyArguments(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

class ThinkingView {
  #label = element("span", {}, "Thinking…");
  #text = element("div", { class: "thought" });
  element = element("details", { class: "thinking" },
                    element("summary", {}, icon("thought"), this.#label), this.#text);

  show(answer) {
    this.element.hidden = answer.reasoning.trim() === "";
    if (this.#text.textContent !== answer.reasoning.trim()) {
      this.#text.textContent = answer.reasoning.trim();
    }
    const done = answer.thoughtSeconds !== null || answer.finish !== null;
    this.element.classList.toggle("live", !done);
    this.#label.textContent = !done ? "Thinking…"
        : answer.thoughtSeconds === null ? "Thought" : `Thought for ${seconds(answer.thoughtSeconds)}`;
  }
}

class CallView {
  #name = element("code");
  #state = element("span", { class: "state" });
  #arguments = element("code");
  #result = element("code");
  #resultPart = element("div", {}, element("h3", {}, "Result"), element("pre", { tabindex: "0" }, this.#result));
  element = element("details", { class: "call" },
                    element("summary", {}, icon("tool"), this.#name, this.#state),
                    element("div", {}, element("h3", {}, "Arguments"),
                            element("pre", { tabindex: "0" }, this.#arguments)),
                    this.#resultPart);

  show(call, result, ended) {
    this.#name.textContent = call.name || "…";
    this.#arguments.textContent = prettyArguments(call.arguments);
    this.#resultPart.hidden = result === undefined;
    this.#result.textContent = result ?? "";
    const failed = result?.startsWith("error:");
    this.#state.textContent = result !== undefined ? (failed ? "failed" : `= ${result}`)
                                                   : ended ? "not run" : "calling…";
    this.element.classList.toggle("failed", Boolean(failed));
  }
}

const endings = {
  length: "The answer was cut: the limit of tokens or of the context is reached.",
  content_filter: "The answer was withheld.",
};

function figuresText(figures) {
  const parts = [`${figures.tokens} tokens`];
  if (figures.tokensPerSecond) parts.push(`${figures.tokensPerSecond.toFixed(1)} tokens/s`);
  const cached = figures.cachedTokens > 0 ? `, ${figures.cachedTokens} cached` : "";
  parts.push(`${figures.promptTokens} prompt tokens${cached}`);
  return parts.join(" · ");
}

export class AnswerView {
  #thinking = new ThinkingView();
  #markdown = new MarkdownView();
  #calls = [];
  #callList = element("div", { class: "calls" });
  #waiting = element("div", { class: "waiting", role: "img", "aria-label": "Waiting for the answer" },
                     element("span"), element("span"), element("span"));
  #note = element("p", { class: "note" });
  #problemText = element("span");
  #problem;
  #figures = element("span", { class: "figures" });
  #again;
  #copy;
  #actions;
  element;

  // actions: {regenerate}
  constructor(answer, actions) {
    this.#copy = iconButton("copy", "Copy answer", () => copyText(this.#copy, answer.content));
    this.#again = iconButton("again", "Regenerate", actions.regenerate);
    const retry = element("button", { type: "button" }, "Try again");
    retry.addEventListener("click", actions.regenerate);
    this.#problem = element("div", { class: "problem", role: "alert" }, icon("problem"), this.#problemText, retry);
    this.#actions = element("div", { class: "actions" }, this.#copy, this.#again, this.#figures);
    this.element = element("article", { class: "answer", "aria-label": "Answer" }, this.#thinking.element,
                           this.#markdown.element, this.#callList, this.#waiting, this.#note, this.#problem,
                           this.#actions);
  }

  // results: of tools, by the id of the call. isLast: of the conversation.
  show(answer, { results, isLast, isLive }) {
    this.#thinking.show(answer);
    this.#markdown.show(answer.content);
    this.#markdown.element.hidden = answer.content === "";
    answer.calls.filter(Boolean).forEach((call, i) => {
      if (!this.#calls[i]) {
        this.#calls[i] = new CallView();
        this.#callList.append(this.#calls[i].element);
      }
      this.#calls[i].show(call, results.get(call.id), !isLive);
    });
    const silent = answer.content === "" && answer.reasoning === "" && answer.calls.length === 0;
    this.#waiting.hidden = !isLive || !silent;
    this.#note.textContent = answer.finish === "aborted" && !answer.problem
        ? "Stopped." : endings[answer.finish] ?? "";
    this.#note.hidden = isLive || this.#note.textContent === "";
    this.#problem.hidden = answer.problem === null;
    this.#problemText.textContent = answer.problem ?? "";
    this.#figures.textContent = answer.figures ? figuresText(answer.figures) : "";
    this.#copy.hidden = answer.content === "";
    this.#again.hidden = !isLast || answer.problem !== null;
    this.element.classList.toggle("live", isLive);
    this.element.setAttribute("aria-busy", String(isLive));
    // What led to a call is not the end of the answer.
    const hasActions = [this.#copy, this.#again].some((button) => !button.hidden) || answer.figures;
    this.#actions.hidden = isLive || !hasActions || (answer.calls.length > 0 && !isLast);
  }
}
