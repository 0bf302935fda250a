// Elements of the page, of text alone: what nodes and clients say is never taken for markup.

const svgNamespace = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === undefined) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

export const make = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

export const draw = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(svgNamespace, tag), attributes, children);

export const find = (id) => document.getElementById(id);

/// A table; a heading that begins with "#" is of numbers.
export function table(caption, headings, rows) {
  const isNumber = headings.map((heading) => heading.startsWith("#"));
  const cell = (content, place) =>
    make("td", { class: isNumber[place] ? "number" : undefined }, content instanceof Node ? content : String(content));
  return make("table", {},
    make("caption", {}, caption),
    make("thead", {}, make("tr", {}, ...headings.map((heading, place) =>
      make("th", { scope: "col", class: isNumber[place] ? "number" : undefined }, heading.replace(/^#/, ""))))),
    make("tbody", {}, ...rows.map((row) =>
      make("tr", { "data-state": row.state, "data-name": row.name }, ...row.cells.map(cell)))));
}

// Replacing what has the same text would have a screen reader say it again, and take the focus away.
const shown = new WeakMap();

/// Shows `content` within `place`, unless it has been built from the same `source` before.
export function show(place, source, content) {
  const text = JSON.stringify(source);
  if (shown.get(place) === text) return;
  shown.set(place, text);
  place.replaceChildren(...[content()].flat());
}

export function bytes(count) {
  let size = Number(count ?? 0);
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (size < 1024) return `${unit === "B" ? size : size.toFixed(1)} ${unit}`;
    size /= 1024;
  }
  return `${size.toFixed(1)} TiB`;
}

export function seconds(value) {
  if (value < 0.001) return `${(value * 1e6).toFixed(0)} µs`;
  if (value < 1) return `${(value * 1e3).toFixed(value < 0.01 ? 1 : 0)} ms`;
  if (value < 120) return `${value.toFixed(1)} s`;
  return value < 7200 ? `${(value / 60).toFixed(0)} min` : `${(value / 3600).toFixed(1)} h`;
}

export const count = (value) => Number(value ?? 0).toLocaleString("en");

export const moment = (millis) => new Date(Number(millis)).toISOString().replace("T", " ").replace("Z", "");
