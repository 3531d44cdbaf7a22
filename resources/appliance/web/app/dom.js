// Small helpers around the document. Text goes in as text only: nothing here or elsewhere parses HTML.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) { element.setAttribute(name, value); }
  }
  element.append(...children);
  return element;
}

/** An HTML element with attributes and children (elements or text). */
export const el = (name, attributes = {}, ...children) => filled(document.createElement(name), attributes, children);

/** The same for SVG. */
export const svg = (name, attributes = {}, ...children) => filled(document.createElementNS(SVG, name), attributes, children);

/** Sets a text only where it is another: nothing is announced or laid out for what stays the same. */
export function say(element, text) {
  if (element.textContent !== text) { element.textContent = text; }
}

/** Offers content as a file. */
export function save(name, blob) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
