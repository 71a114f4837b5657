// Server-sent events, as the HTML standard defines the stream: text comes in pieces of any size,
// whole events come out.

export class EventStreamParser {
  #rest = "";
  #start = true;
  #event = "";
  #data = [];

  // The events that `text` completes, in order: {event, data}.
  push(text) {
    if (this.#start && text.length > 0) {
      this.#start = false;
      if (text[0] === "\uFEFF") text = text.slice(1);
    }
    const events = [];
    const buffer = this.#rest + text;
    let from = 0;
    for (let at = Math.max(0, this.#rest.length - 1); at < buffer.length; at++) {
      const character = buffer[at];
      if (character !== "\n" && character !== "\r") continue;
      // A line may end in CR LF, and the LF may still be on its way.
      if (character === "\r" && at + 1 === buffer.length) break;
      this.#line(buffer.slice(from, at), events);
      if (character === "\r" && buffer[at + 1] === "\n") at++;
      from = at + 1;
    }
    this.#rest = buffer.slice(from);
    return events;
  }

  #line(line, events) {
    if (line === "") {
      if (this.#data.length > 0) {
        events.push({ event: this.#event || "message", data: this.#data.join("\n") });
      }
      this.#event = "";
      this.#data = [];
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;  // a comment: the server's sign of life
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value[0] === " ") value = value.slice(1);
    if (field === "data") this.#data.push(value);
    if (field === "event") this.#event = value;
  }
}
