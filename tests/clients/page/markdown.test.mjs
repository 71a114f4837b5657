// Expected trees follow CommonMark 0.31 and GitHub's tables by hand; where the page departs from them on purpose,
// the test says so.
import assert from "node:assert/strict";
import { test } from "node:test";

import { highlight } from "../../../llm/server/page/highlight.mjs";
import { parseInline, safeUrl } from "../../../llm/server/page/inline_markdown.mjs";
import { parseMarkdown } from "../../../llm/server/page/markdown.mjs";

const strong = (...children) => ({ type: "strong", children });
const em = (...children) => ({ type: "em", children });
const code = (text) => ({ type: "code", text });
const link = (href, ...children) => ({ type: "link", href, children });
const lineBreak = { type: "break" };
const paragraph = (...inline) => ({ type: "paragraph", inline });

// Without the sources, which are for the view.
const blocks = (text) => parseMarkdown(text).map(({ source, ...block }) => block);

const inlineCases = [
  ["plain", ["plain"]],
  ["*a* **b** ***c***", [em("a"), " ", strong("b"), " ", em(strong("c"))]],
  ["**a *b* c**", [strong("a ", em("b"), " c")]],
  ["*a **b** c*", [em("a ", strong("b"), " c")]],
  ["snake_case_name and 2*3*4", ["snake_case_name and 2", em("3"), "4"]],
  ["2 * 3 * 4", ["2 * 3 * 4"]],
  ["_a_ __b__", [em("a"), " ", strong("b")]],
  ["**a", ["**a"]],
  ["*a **b*", ["*a *", em("b")]],
  ["a** b**", ["a** b**"]],
  ["~~old~~ ~no~", [{ type: "del", children: ["old"] }, " ~no~"]],
  ["foo***bar***baz", ["foo", em(strong("bar")), "baz"]],
  ["`a*b*`", [code("a*b*")]],
  ["``a`b``", [code("a`b")]],
  ["`` ` ``", [code("`")]],
  ["`open", ["`open"]],
  ["a\\*b\\*", ["a*b*"]],
  ["\\q", ["\\q"]],
  ["a\nb", ["a", lineBreak, "b"]],  // CommonMark: a space; people and models mean a line
  ["a  \nb", ["a", lineBreak, "b"]],
  ["a<br>b<BR/>c", ["a", lineBreak, "b", lineBreak, "c"]],
  ["[a](https://b.example/c)", [link("https://b.example/c", "a")]],
  ["[**a**](https://b.example \"title\")", [link("https://b.example/", strong("a"))]],
  ["[a](<https://b.example/x>)", [link("https://b.example/x", "a")]],
  ["[a](https://b.example/w_(x))", [link("https://b.example/w_(x)", "a")]],
  ["![alt](https://b.example/i.png)", [link("https://b.example/i.png", "alt")]],  // nothing is loaded
  ["[a [b](https://c.example)](https://d.example)", ["[a ", link("https://c.example/", "b"), "](",
                                                     link("https://d.example/", "https://d.example"), ")"]],
  ["see https://a.example/b?c=d. Or", ["see ", link("https://a.example/b?c=d", "https://a.example/b?c=d"), ". Or"]],
  ["(https://a.example/w_(x))", ["(", link("https://a.example/w_(x)", "https://a.example/w_(x)"), ")"]],
  ["<https://a.example/>", [link("https://a.example/", "https://a.example/")]],
  ["xhttps://a.example", ["xhttps://a.example"]],
  ["a [b] c ] d [", ["a [b] c ] d ["]],
  ["<b>no</b> &amp; <!-- x -->", ["<b>no</b> &amp; <!-- x -->"]],
];
for (const [text, expected] of inlineCases) {
  test(`inline: ${JSON.stringify(text)}`, () => assert.deepEqual(parseInline(text), expected));
}

const blockCases = {
  "paragraphs": ["a\nb\n\n\nc", [paragraph("a", lineBreak, "b"), paragraph("c")]],
  "headings": ["# A #\n## B\n#C\n###### D\n#", [
    { type: "heading", level: 1, inline: ["A"] }, { type: "heading", level: 2, inline: ["B"] },
    paragraph("#C"), { type: "heading", level: 6, inline: ["D"] }, { type: "heading", level: 1, inline: [] },
  ]],
  "C# keeps its sign": ["# C#", [{ type: "heading", level: 1, inline: ["C#"] }]],
  "code": ["```py title\nif a:\n\tb\n\n  c\n```\nd", [
    { type: "code", language: "py", text: "if a:\n\tb\n\n  c" }, paragraph("d")]],
  "code that is still coming": ["```\na\n``", [{ type: "code", language: "", text: "a\n``" }]],
  "a fence in a longer fence": ["````md\n```\nx\n```\n````", [{ type: "code", language: "md", text: "```\nx\n```" }]],
  "tildes": ["~~~\na\n```\n~~~", [{ type: "code", language: "", text: "a\n```" }]],
  "not a fence": ["```a``` b", [paragraph(code("a"), " b")]],
  "rules": ["***\n- - -\n___", [{ type: "rule" }, { type: "rule" }, { type: "rule" }]],
  "quote": ["> a\n> b\nc\n\nd", [
    { type: "quote", blocks: [paragraph("a", lineBreak, "b", lineBreak, "c")] }, paragraph("d")]],
  "list": ["- a\n- b", [{ type: "list", ordered: false, start: 1, tight: true, items: [
    { done: null, blocks: [paragraph("a")] }, { done: null, blocks: [paragraph("b")] }] }]],
  "list right after a sentence": ["Do:\n1. a\n2. b", [paragraph("Do:"),
    { type: "list", ordered: true, start: 1, tight: true, items: [
      { done: null, blocks: [paragraph("a")] }, { done: null, blocks: [paragraph("b")] }] }]],
  "tasks": ["- [x] a\n- [ ] b", [{ type: "list", ordered: false, start: 1, tight: true, items: [
    { done: true, blocks: [paragraph("a")] }, { done: false, blocks: [paragraph("b")] }] }]],
  "a list in a list, by two spaces": ["3) a\n  - b\n    c\n4) d", [
    { type: "list", ordered: true, start: 3, tight: true, items: [
      { done: null, blocks: [paragraph("a"), { type: "list", ordered: false, start: 1, tight: true, items: [
        { done: null, blocks: [paragraph("b", lineBreak, "c")] }] }] },
      { done: null, blocks: [paragraph("d")] }] }]],
  "items that are all indented": ["  - a\n  - b", [{ type: "list", ordered: false, start: 1, tight: true, items: [
    { done: null, blocks: [paragraph("a")] }, { done: null, blocks: [paragraph("b")] }] }]],
  "code in an item": ["1. a\n\n   ```sh\n   b\n   ```\n2. c", [
    { type: "list", ordered: true, start: 1, tight: false, items: [
      { done: null, blocks: [paragraph("a"), { type: "code", language: "sh", text: "b" }] },
      { done: null, blocks: [paragraph("c")] }] }]],
  "table": ["| a | b |\n|:--|--:|\n| `x|y` | **z** |\n| 1 |\n\nc", [
    { type: "table", align: ["left", "right"], head: [["a"], ["b"]],
      rows: [[[code("x|y")], [strong("z")]], [["1"], []]] },
    paragraph("c")]],
  "a table whose second line is still coming": ["| a | b |\n|--", [paragraph("| a | b |", lineBreak, "|--")]],
  "windows lines": ["a\r\n\r\nb", [paragraph("a"), paragraph("b")]],
};
for (const [name, [text, expected]] of Object.entries(blockCases)) {
  test(`blocks: ${name}`, () => assert.deepEqual(blocks(text), expected));
}

const hostileUrls = [
  "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)",
  "\u0001javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x", "file:///etc/passwd",
  "blob:https://a.example/1", "//a.example", "/settings", "about:blank", "https://", "filesystem:https://a/x",
];
for (const url of hostileUrls) {
  test(`no link to ${JSON.stringify(url)}`, () => {
    assert.equal(safeUrl(url), null);
    const tree = JSON.stringify([parseMarkdown(`[a](${url})`), parseMarkdown(`[a](<${url}>)`), parseMarkdown(`<${url}>`)]);
    assert.ok(!tree.includes('"link"'), tree);
  });
}

test("an answer that grows keeps the source of what is complete", () => {
  const text = "# A\n\npara **x** y\n\n- one\n- two\n\n```js\nlet a;\n```\n\nend";
  const final = parseMarkdown(text);
  for (let length = 0; length < text.length; length++) {
    const now = parseMarkdown(text.slice(0, length));
    now.slice(0, -1).forEach((block, i) => assert.equal(block.source, final[i].source));
  }
});

// The work must not explode: each is 200,000 characters that some expression or loop might stumble over.
const repeated = (piece) => piece.repeat(Math.ceil(200000 / piece.length));
const hostile = ["*", "_", "**a ", "*a_ ", "[", "![", "[a](", "[a](https://a.example/(", "`", "` ``", "<", "<br", "> ", "- ",
                 "1. ", "  - a\n", "#", "# ", "~~a", "| a ", "|-", "| a |\n|---|\n", "\\", "https://a.example/)", "h", "\n", " ",
                 "```\n", "***a* ", "a\n", "\t", "- [ ] ", "~~~\n> ", "_a__b_ ", "] ", "*a](", "\u0000", "---- "];
for (const piece of hostile) {
  test(`200,000 characters of ${JSON.stringify(piece)}`, () => {
    const began = process.cpuUsage();
    parseMarkdown(repeated(piece));
    const { user, system } = process.cpuUsage(began);
    assert.ok(user + system < 3e6, `${(user + system) / 1e6} s`);
  });
}

test("random text is parsed whatever it is", () => {
  let state = 12345;
  const random = (below) => (state = (state * 1103515245 + 12345) % 2147483648) % below;
  const pieces = ["*", "**", "_", "`", "```", "\n", "\n\n", "    ", "- ", "1. ", "> ", "#", "|", "|-|", "[", "](", ")", "<", ">",
                  "https://a.example", "a", "é", "😀", "\\", "~~", "![", "\t", " "];
  for (let i = 0; i < 3000; i++) {
    let text = "";
    for (let n = random(40); n >= 0; n--) text += pieces[random(pieces.length)];
    parseMarkdown(text);
  }
});

test("colours change no code", () => {
  const samples = {
    py: "def f(x):  # note\n  return 'a\\'b' + \"c\" if x else 1.5e3\n",
    cpp: "/* a\n b */ int x = 0x1F; // c\nconst char* s = \"//no\";",
    sh: "for a in *; do echo \"$a\"; done # x",
    json: "{\"a\": [1, true, null]}",
    unknown: "whatever 'it` is",
  };
  for (const [language, text] of Object.entries(samples)) {
    for (let cut = 0; cut <= text.length; cut++) {
      const parts = highlight(text.slice(0, cut), language);
      assert.equal(parts.map((part) => part.text).join(""), text.slice(0, cut));
    }
  }
  const kinds = new Map(highlight(samples.py, "py").map(({ kind, text }) => [text, kind]));
  assert.equal(kinds.get("def"), "keyword");
  assert.equal(kinds.get("# note"), "comment");
  assert.equal(kinds.get("'a\\'b'"), "string");
  assert.equal(kinds.get("1.5e3"), "number");
});

for (const piece of ["/*", "\"", "'a\\", "`", "#", "a", "1e", "0x", "1."]) {
  test(`colours of 50,000 characters of ${JSON.stringify(piece)}`, () => {
    const text = piece.repeat(50000 / piece.length);
    const began = process.cpuUsage();
    highlight(text, "cpp");
    const { user, system } = process.cpuUsage(began);
    assert.ok(user + system < 3e6, `${(user + system) / 1e6} s`);
  });
}
