// The tree of markdown.mjs as elements. Every text of the model becomes a text node and every
// element's name stands in this file: there is no way from an answer to markup.
import { element, iconButton } from "./elements.mjs";
import { highlight } from "./highlight.mjs";
import { parseMarkdown } from "./markdown.mjs";

function inline(node) {
  if (typeof node === "string") return document.createTextNode(node);
  switch (node.type) {
    case "break": return element("br");
    case "code": return element("code", {}, node.text);
    case "link":
      return element("a", { href: node.href, target: "_blank", rel: "noopener noreferrer nofollow",
                            title: node.href }, ...node.children.map(inline));
    default: return element(node.type, {}, ...node.children.map(inline));
  }
}

export async function copyText(button, text) {
  const label = button.getAttribute("aria-label");
  let done = "Copied";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    done = copyBySelection(text) ? "Copied" : "Copying failed";
  }
  button.classList.add("done");
  button.setAttribute("aria-label", done);
  setTimeout(() => {
    button.classList.remove("done");
    button.setAttribute("aria-label", label);
  }, 1500);
}

// Without https and beyond this machine, browsers have no clipboard object.
function copyBySelection(text) {
  const area = element("textarea", { class: "hidden", "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

function codeBlock(block) {
  const copy = iconButton("copy", "Copy code", () => copyText(copy, block.text));
  const code = element("code", {}, ...highlight(block.text, block.language).map(
      ({ kind, text }) => kind ? element("span", { class: kind }, text) : text));
  return element("figure", { class: "code" },
                 element("figcaption", {}, element("span", {}, block.language || "text"), copy),
                 element("pre", { tabindex: "0" }, code));
}

function listBlock(block) {
  const items = block.items.map(({ done, blocks }) => {
    const children = blocks.flatMap(
        (each) => block.tight && each.type === "paragraph" ? each.inline.map(inline) : [blockElement(each)]);
    if (done === null) return element("li", {}, ...children);
    const box = element("input", { type: "checkbox", disabled: "" });
    box.checked = done;
    box.setAttribute("aria-label", done ? "done" : "to do");
    return element("li", { class: "task" }, box, ...children);
  });
  if (!block.ordered) return element("ul", {}, ...items);
  return element("ol", { start: String(block.start) }, ...items);
}

function tableBlock(block) {
  const row = (name) => (cells) => element("tr", {}, ...cells.map((cell, i) => {
    const attributes = block.align[i] ? { class: `align-${block.align[i]}` } : {};
    return element(name, attributes, ...cell.map(inline));
  }));
  return element("div", { class: "table", tabindex: "0" },
                 element("table", {}, element("thead", {}, row("th")(block.head)),
                         element("tbody", {}, ...block.rows.map(row("td")))));
}

const blockElements = {
  // The page has the headings above.
  heading: (block) => element(`h${Math.min(block.level + 2, 6)}`, {}, ...block.inline.map(inline)),
  paragraph: (block) => element("p", {}, ...block.inline.map(inline)),
  rule: () => element("hr"),
  code: codeBlock,
  quote: (block) => element("blockquote", {}, ...block.blocks.map(blockElement)),
  list: listBlock,
  table: tableBlock,
};

const blockElement = (block) => blockElements[block.type](block);

// A text that grows: what is drawn and has not changed stays, with the reader's selection in it.
export class MarkdownView {
  element = element("div", { class: "markdown" });
  #sources = [];

  show(text) {
    const blocks = parseMarkdown(text);
    let same = 0;
    while (same < blocks.length && this.#sources[same] === blocks[same].source) same++;
    while (this.element.childNodes.length > same) this.element.lastChild.remove();
    this.element.append(...blocks.slice(same).map(blockElement));
    this.#sources = blocks.map((block) => block.source);
  }
}
