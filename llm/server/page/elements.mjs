// Small makers of elements. Children that are strings become text nodes.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// One of the drawings in page.html.
export function icon(name) {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(namespace, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

export function iconButton(name, label, action) {
  const button = element("button", { type: "button", class: "quiet", "aria-label": label, title: label },
                         icon(name), icon("done"));
  button.addEventListener("click", action);
  return button;
}

export const byId = (id) => document.getElementById(id);
