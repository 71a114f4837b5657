// The list of messages, and the reader's place in it.
import { byId } from "./elements.mjs";
import { AnswerView, QuestionView } from "./message_views.mjs";

export class ConversationView {
  #list = byId("messages");
  #scroller = byId("log");
  #latest = byId("latest");
  #views = [];  // one per message; null for results of tools, which their calls show
  #follows = true;
  #frame = null;
  #actions;
  #state = null;

  // actions: {regenerate(), edit(index)}
  constructor(actions) {
    this.#actions = actions;
    this.#scroller.addEventListener("scroll", () => {
      const below = this.#scroller.scrollHeight - this.#scroller.scrollTop - this.#scroller.clientHeight;
      this.#follows = below < 60;
      this.#latest.hidden = below < 200;
    }, { passive: true });
    this.#latest.addEventListener("click", () => this.follow());
  }

  // Goes to the end and stays there while the answer grows.
  follow() {
    this.#follows = true;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  // Draws at the next frame, once, however often it is called.
  show(messages, live) {
    this.#state = { messages, live };
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      this.#draw();
    });
  }

  #draw() {
    const { messages, live } = this.#state;
    byId("welcome").hidden = messages.length > 0;
    const kept = this.#views.findIndex((view, i) => view?.message !== messages[i]);
    if (kept >= 0) for (const view of this.#views.splice(kept)) view.element?.remove();
    for (let i = this.#views.length; i < messages.length; i++) this.#add(messages[i], i);

    const results = new Map(messages.filter(({ role }) => role === "tool")
                                .map(({ id, content }) => [id, content]));
    const drawn = this.#views.map((view, i) => ({ view, i })).filter(({ view }) => view.answer);
    const last = drawn.at(-1)?.i;
    for (const { view, i } of drawn) {
      const isLast = i === last;
      const state = { results, isLast: isLast && !live, isLive: isLast && live };
      const known = JSON.stringify([isLast, state.isLive, view.message.calls.map(({ id }) => results.has(id))]);
      // Answers that are complete do not change.
      if (!isLast && view.known === known) continue;
      view.known = known;
      view.answer.show(view.message, state);
    }
    if (this.#follows) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #add(message, index) {
    const view = { message };
    if (message.role === "user") {
      view.element = new QuestionView(message, () => this.#actions.edit(index)).element;
    } else if (message.role === "assistant") {
      view.answer = new AnswerView(message, this.#actions);
      view.element = view.answer.element;
    }
    if (view.element) this.#list.append(view.element);
    this.#views.push(view);
  }
}
