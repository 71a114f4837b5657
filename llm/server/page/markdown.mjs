// Markdown as language models write it: CommonMark's blocks that occur in answers, GitHub's tables
// and task lists. HTML is text like any other. Text in, plain objects out; nothing here knows a
// document.
//   {type: "heading", level, inline} · {type: "paragraph", inline} · {type: "rule"}
//   {type: "code", language, text} · {type: "quote", blocks}
//   {type: "list", ordered, start, tight, items: [{done: null | bool, blocks}]}
//   {type: "table", align, head: [inline], rows: [[inline]]}
import { parseInline } from "./inline_markdown.mjs";

const deepest = 10;  // of quotes and lists in each other; below, their marks are text
const fenceStart = /^ {0,3}(`{3,}|~{3,})[ \t]*([^`]*)$/;
const headingStart = /^ {0,3}(#{1,6})(?:[ \t]|$)/;
const ruleLine = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const quoteStart = /^ {0,3}> ?/;
const itemStart = /^( {0,3})([-*+]|\d{1,9}[.)])(?:[ \t]+|$)/;
const taskMark = /^\[([ xX])\][ \t]+/;

const blank = (line) => line.trim() === "";
const indentOf = (line) => line.length - line.trimStart().length;

function startsBlock(line) {
  return fenceStart.test(line) || headingStart.test(line) || ruleLine.test(line) ||
      quoteStart.test(line) || itemStart.test(line);
}

function fencedCode(lines, at) {
  const found = fenceStart.exec(lines[at]);
  if (!found) return null;
  const [, fence, info] = found;
  const indent = indentOf(lines[at]);
  const body = [];
  let end = at + 1;
  for (; end < lines.length; end++) {
    const line = lines[end].trim();
    if (line.length >= fence.length && line === fence[0].repeat(line.length)) break;
    body.push(lines[end].slice(Math.min(indent, indentOf(lines[end]))));
  }
  const language = info.trim().split(/\s/)[0];
  return { block: { type: "code", language, text: body.join("\n") }, end: end + 1 };
}

function heading(lines, at) {
  const found = headingStart.exec(lines[at]);
  if (!found) return null;
  let text = lines[at].trim().slice(found[1].length).trim();
  const bare = text.replace(/#+$/, "");
  if (bare === "" || /[ \t]$/.test(bare)) text = bare.trim();
  return { block: { type: "heading", level: found[1].length, inline: parseInline(text) }, end: at + 1 };
}

function rule(lines, at) {
  return ruleLine.test(lines[at]) ? { block: { type: "rule" }, end: at + 1 } : null;
}

// A line that only goes on with a paragraph may leave the mark of its quote or item away.
const goesOn = (lines, at) => !blank(lines[at]) && !blank(lines[at - 1]) && !startsBlock(lines[at]);

function quote(lines, at, depth) {
  if (depth >= deepest || !quoteStart.test(lines[at])) return null;
  const inside = [];
  let end = at;
  for (; end < lines.length; end++) {
    if (quoteStart.test(lines[end])) inside.push(lines[end].replace(quoteStart, ""));
    else if (goesOn(lines, end)) inside.push(lines[end]);
    else break;
  }
  return { block: { type: "quote", blocks: parseBlocks(inside, depth + 1) }, end };
}

function itemMark(line) {
  const found = itemStart.exec(line);
  if (!found || ruleLine.test(line)) return null;
  const [whole, indent, mark] = found;
  const ordered = mark.length > 1;
  const spaces = whole.length - indent.length - mark.length;
  const content = indent.length + mark.length + (spaces >= 1 && spaces <= 4 ? spaces : 1);
  return {
    ordered,
    kind: mark.at(-1),
    indent: indent.length,
    content,
    start: ordered ? parseInt(mark, 10) : 1,
  };
}

// One item's lines without their indent, and where the next line is.
function itemLines(lines, at, { indent, content }) {
  const inside = [lines[at].slice(content)];
  let end = at + 1;
  for (; end < lines.length; end++) {
    const line = lines[end].replace(/^\t+/, (tabs) => "    ".repeat(tabs.length));
    if (blank(line)) inside.push("");
    else if (indentOf(line) >= content) inside.push(line.slice(content));
    // Models indent by two or three where the standard asks for one more.
    else if (indentOf(line) >= indent + 2 && itemMark(line.trimStart())) inside.push(line.trimStart());
    else if (goesOn(lines, end)) inside.push(line.trimStart());
    else break;
  }
  while (inside.length > 1 && inside.at(-1) === "") inside.pop();
  return { inside, end };
}

function list(lines, at, depth) {
  const first = depth < deepest ? itemMark(lines[at]) : null;
  if (!first) return null;
  const block = { type: "list", ordered: first.ordered, start: first.start, tight: true, items: [] };
  let end = at;
  while (end < lines.length) {
    const mark = itemMark(lines[end]);
    if (!mark || mark.kind !== first.kind) break;
    const item = itemLines(lines, end, mark);
    const task = taskMark.exec(item.inside[0]);
    if (task) item.inside[0] = item.inside[0].slice(task[0].length);
    if (item.inside.some(blank) && item.inside.length > 1) block.tight = false;
    block.items.push({
      done: task ? task[1] !== " " : null,
      blocks: parseBlocks(item.inside, depth + 1),
    });
    end = item.end;
  }
  return { block, end };
}

function cells(line) {
  let text = line.trim();
  if (text.startsWith("|")) text = text.slice(1);
  const found = [];
  let cell = "";
  let code = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\" && text[i + 1] === "|") cell += text[++i];
    else if (text[i] === "|" && !code) {
      found.push(cell.trim());
      cell = "";
    } else {
      if (text[i] === "`") code = !code;
      cell += text[i];
    }
  }
  if (cell.trim() !== "") found.push(cell.trim());
  return found;
}

function alignments(line) {
  if (!line.includes("-") || !line.includes("|")) return null;
  const marks = cells(line);
  if (!marks.every((mark) => /^:?-+:?$/.test(mark))) return null;
  return marks.map((mark) => mark.endsWith(":") ? (mark.startsWith(":") ? "center" : "right")
                             : mark.startsWith(":") ? "left" : null);
}

function table(lines, at) {
  if (!lines[at].includes("|") || at + 1 >= lines.length) return null;
  const align = alignments(lines[at + 1]);
  const head = cells(lines[at]);
  if (!align || align.length !== head.length) return null;
  const rows = [];
  let end = at + 2;
  for (; end < lines.length && lines[end].includes("|"); end++) {
    const row = cells(lines[end]).slice(0, head.length);
    while (row.length < head.length) row.push("");
    rows.push(row.map(parseInline));
  }
  return { block: { type: "table", align, head: head.map(parseInline), rows }, end };
}

function paragraph(lines, at, depth) {
  const text = [lines[at].trimStart()];
  let end = at + 1;
  for (; end < lines.length && !blank(lines[end]); end++) {
    if ((depth < deepest && startsBlock(lines[end])) || table(lines, end)) break;
    text.push(lines[end].trimStart());
  }
  return { block: { type: "paragraph", inline: parseInline(text.join("\n").trimEnd()) }, end };
}

const blockKinds = [fencedCode, heading, rule, quote, list, table, paragraph];

function parseBlocks(lines, depth) {
  const blocks = [];
  let at = 0;
  while (at < lines.length) {
    if (blank(lines[at])) {
      at++;
      continue;
    }
    for (const kind of blockKinds) {
      const found = kind(lines, at, depth);
      if (!found) continue;
      if (depth === 0) found.block.source = lines.slice(at, found.end).join("\n");
      blocks.push(found.block);
      at = found.end;
      break;
    }
  }
  return blocks;
}

// The blocks of a text; each has its own text as `source`, by which a growing answer tells what it
// has drawn already.
export function parseMarkdown(text) {
  return parseBlocks(text.replace(/\r\n?/g, "\n").split("\n"), 0);
}
