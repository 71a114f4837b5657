// Emphasis, code and links against CommonMark's own JavaScript implementation, on drawn texts. The page departs from
// it on purpose in lines (a line stays one), in bare addresses and in links without a label: none of these is drawn.
import assert from "node:assert/strict";
import { test } from "node:test";

import { HtmlRenderer, Parser } from "commonmark";

import { parseInline } from "../../../llm/server/page/inline_markdown.mjs";

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\"", "&quot;");

function html(node) {
  if (typeof node === "string") return escaped(node);
  if (node.type === "code") return `<code>${escaped(node.text)}</code>`;
  const inside = node.children.map(html).join("");
  return node.type === "link" ? `<a href="${escaped(node.href)}">${inside}</a>` : `<${node.type}>${inside}</${node.type}>`;
}

test("20,000 drawn texts", () => {
  let state = 2026;
  const random = (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 4294967296 * below);
  };
  const pieces = ["*", "*", "**", "_", "__", "***", " ", "a", "b", ".", "`", "[", "](HTTPS://a.example/x)", "c ", "\\", "\"", "<", "&", "é"];
  let checked = 0;
  while (checked < 20000) {
    let text = "x";
    for (let length = 2 + random(14); length > 0; length--) text += pieces[random(pieces.length)];
    text += "y";
    if (text.includes("[](") || /<[A-Za-z]/.test(text)) continue;
    const expected = new HtmlRenderer().render(new Parser().parse(text)).trim().replace(/^<p>|<\/p>$/g, "")
                         .replaceAll("HTTPS", "https");
    assert.equal(parseInline(text).map(html).join("").replaceAll("HTTPS", "https"), expected, JSON.stringify(text));
    checked++;
  }
});
