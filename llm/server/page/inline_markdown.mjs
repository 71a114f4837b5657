// Markdown inside a paragraph: emphasis, code, links. Text in, a tree of plain objects out:
//   "text" · {type: "strong" | "em" | "del", children} · {type: "code", text}
//   {type: "link", href, children} · {type: "break"}
// Whatever the text is, the work grows with its length and not faster.

const punctuation = /[!-/:-@[-`{-~]/;
const white = /\s/;
const special = /[\\`*_~[\]<\nh]/g;
const bareUrl = /https?:\/\/[^\s<>"'`]+/y;
const bracketedUrl = /<(https?:\/\/[^\s<>]+)>/y;
const lineBreakTag = /<br ?\/?>/iy;
const destination = /\(\s{0,9}(<[^<>\n]{0,2000}>|[^\s()<>]{0,2000}(?:\([^\s()<>]{0,200}\)[^\s()<>]{0,2000}){0,4})(?:\s{1,9}(?:"[^"]{0,500}"|'[^']{0,500}'))?\s{0,9}\)/y;

// The address if it is one that a click may open, or null.
export function safeUrl(text) {
  let url;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
}

function matchAt(expression, text, at) {
  expression.lastIndex = at;
  return expression.exec(text);
}

// Where each run of back quotes of a length ends a code span that began before: positions by length.
class BackQuotes {
  #positions = new Map();
  #next = new Map();

  constructor(text) {
    for (const run of text.matchAll(/`+/g)) {
      const list = this.#positions.get(run[0].length) ?? [];
      list.push(run.index);
      this.#positions.set(run[0].length, list);
    }
  }

  closing(length, after) {
    const list = this.#positions.get(length) ?? [];
    let at = this.#next.get(length) ?? 0;
    while (at < list.length && list[at] < after) at++;
    this.#next.set(length, at);
    return at < list.length ? list[at] : -1;
  }
}

function delimiter(text, at) {
  const char = text[at];
  let end = at;
  while (text[end] === char) end++;
  const before = at === 0 ? " " : text[at - 1];
  const after = end === text.length ? " " : text[end];
  const left = !white.test(after) &&
      (!punctuation.test(after) || white.test(before) || punctuation.test(before));
  const right = !white.test(before) &&
      (!punctuation.test(before) || white.test(after) || punctuation.test(after));
  const inWord = char === "_";
  return {
    type: "delimiter",
    char,
    length: end - at,
    count: end - at,  // of them, not used yet
    canOpen: left && (!inWord || !right || punctuation.test(before)),
    canClose: right && (!inWord || !left || punctuation.test(after)),
  };
}

const plain = (part) => part.type === "delimiter" ? part.char.repeat(part.count)
                        : part.type === "bracket" ? "["
                                                  : part;

// Neighbouring texts as one, and what has remained of delimiters as text.
function merged(parts) {
  const nodes = [];
  for (const part of parts) {
    const node = plain(part);
    if (typeof node === "string" && typeof nodes.at(-1) === "string") {
      nodes[nodes.length - 1] += node;
    } else if (node !== "") {
      nodes.push(node);
    }
  }
  return nodes;
}

function markOf(opener, closer) {
  if (closer.char === "~") return opener.count === 2 && closer.count === 2 ? 2 : 0;
  // A run that could do both pairs only if the lengths do not add up to a multiple of three.
  const both = opener.canClose || closer.canOpen;
  if (both && (opener.length + closer.length) % 3 === 0 &&
      (opener.length % 3 !== 0 || closer.length % 3 !== 0)) {
    return 0;
  }
  return opener.count >= 2 && closer.count >= 2 ? 2 : 1;
}

// CommonMark's rules for emphasis, with a stack: each pair takes what lies above its opener.
function emphasized(parts) {
  const out = [];
  const openers = [];        // positions in `out`
  const bottoms = new Map(); // how far down a search for an opener is known to fail
  const close = (closer) => {
    const key = `${closer.char}${closer.canOpen}${closer.length % 3}`;
    for (let i = openers.length - 1; i >= (bottoms.get(key) ?? 0); i--) {
      const opener = out[openers[i]];
      const use = opener.char === closer.char ? markOf(opener, closer) : 0;
      if (use === 0) continue;
      const children = merged(out.splice(openers[i] + 1));
      opener.count -= use;
      openers.length = opener.count === 0 ? i : i + 1;
      for (const [each, bottom] of bottoms) bottoms.set(each, Math.min(bottom, openers.length));
      if (opener.count === 0) out.pop();
      closer.count -= use;
      const type = closer.char === "~" ? "del" : use === 2 ? "strong" : "em";
      out.push({ type, children });
      return true;
    }
    bottoms.set(key, openers.length);
    return false;
  };
  for (const part of parts) {
    if (part.type !== "delimiter") {
      out.push(part);
      continue;
    }
    if (part.canClose) while (part.count > 0 && close(part));
    if (part.count === 0) continue;
    if (part.canOpen) openers.push(out.length);
    out.push(part);
  }
  return merged(out);
}

// A link's label has no links in it.
const withoutLinks = (nodes) => nodes.flatMap((node) => node.type === "link" ? node.children : [node]);

// Trailing punctuation is the sentence's, and so is a bracket that the address does not open.
function trimmedUrl(url) {
  let end = url.length;
  let open = 0;
  for (const character of url) open += character === "(" ? 1 : character === ")" ? -1 : 0;
  for (; end > 0; end--) {
    const last = url[end - 1];
    if (last === ")" && open < 0) open++;
    else if (!/[.,:;!?*_~\]]/.test(last)) break;
  }
  return url.slice(0, end);
}

class InlineParser {
  #text;
  #at = 0;
  #parts = [];
  #brackets = [];  // positions in #parts
  #quotes;

  constructor(text) {
    this.#text = text;
    this.#quotes = new BackQuotes(text);
  }

  parse() {
    const text = this.#text;
    while (this.#at < text.length) {
      special.lastIndex = this.#at;
      const next = special.exec(text)?.index ?? text.length;
      if (next > this.#at) this.#take(text.slice(this.#at, next), next - this.#at);
      if (next < text.length) this.#special(text[next]);
    }
    return emphasized(this.#parts);
  }

  #take(part, length) {
    this.#parts.push(part);
    this.#at += length;
  }

  #special(character) {
    switch (character) {
      case "\\": return this.#backslash();
      case "`": return this.#code();
      case "[":
        this.#brackets.push(this.#parts.length);
        return this.#take({ type: "bracket" }, 1);
      case "]": return this.#link();
      case "<": return this.#angle();
      case "h": return this.#address();
      case "\n": return this.#newline();
      default: {
        const run = delimiter(this.#text, this.#at);
        return this.#take(run, run.count);
      }
    }
  }

  #backslash() {
    const next = this.#text[this.#at + 1] ?? "";
    if (next === "\n") return this.#take({ type: "break" }, 2);
    if (punctuation.test(next)) return this.#take(next, 2);
    return this.#take("\\", 1);
  }

  #code() {
    const text = this.#text;
    let end = this.#at;
    while (text[end] === "`") end++;
    const length = end - this.#at;
    const close = this.#quotes.closing(length, end);
    if (close < 0) return this.#take("`".repeat(length), length);
    let inside = text.slice(end, close).replaceAll("\n", " ");
    if (inside.length > 2 && inside.startsWith(" ") && inside.endsWith(" ") && inside.trim()) {
      inside = inside.slice(1, -1);
    }
    return this.#take({ type: "code", text: inside }, close + length - this.#at);
  }

  #link() {
    const opener = this.#brackets.pop();
    if (opener === undefined) return this.#take("]", 1);
    const found = matchAt(destination, this.#text, this.#at + 1);
    const href = found && safeUrl(found[1].replace(/^<|>$/g, ""));
    if (!href) return this.#take("]", 1);
    const children = withoutLinks(emphasized(this.#parts.splice(opener).slice(1)));
    // An image would be a request to somewhere else: it becomes a link.
    const before = this.#parts.at(-1);
    if (typeof before === "string" && before.endsWith("!")) {
      this.#parts[this.#parts.length - 1] = before.slice(0, -1);
    }
    this.#brackets = [];
    return this.#take({ type: "link", href, children: children.length ? children : [href] },
                      1 + found[0].length);
  }

  #angle() {
    if (matchAt(lineBreakTag, this.#text, this.#at)) {
      return this.#take({ type: "break" }, lineBreakTag.lastIndex - this.#at);
    }
    const found = matchAt(bracketedUrl, this.#text, this.#at);
    const href = found && safeUrl(found[1]);
    if (!href) return this.#take("<", 1);
    return this.#take({ type: "link", href, children: [found[1]] }, found[0].length);
  }

  #address() {
    const before = this.#text[this.#at - 1] ?? " ";
    const found = /[\w:]/.test(before) ? null : matchAt(bareUrl, this.#text, this.#at);
    const url = found && trimmedUrl(found[0]);
    const href = url && safeUrl(url);
    if (!href) return this.#take("h", 1);
    return this.#take({ type: "link", href, children: [url] }, url.length);
  }

  #newline() {
    const last = this.#parts.at(-1);
    if (typeof last === "string") this.#parts[this.#parts.length - 1] = last.trimEnd();
    this.#take({ type: "break" }, 1);
  }
}

export const parseInline = (text) => new InlineParser(text).parse();
