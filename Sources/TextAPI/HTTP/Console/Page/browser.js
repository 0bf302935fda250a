// Lists keys, shows and changes what a key holds.

import { causality } from "./causality.js";
import { bytes, find, make, moment } from "./elements.js";
import * as node from "./node.js";

/// What is listed: `bucket`, `prefix`, `cursor`.
let listing;
/// The key that is open: `bucket`, `key` (bytes). An answer to an earlier one is passed over.
let opened;

const message = (text, isBad) => {
  find("key-message").className = isBad ? "bad" : "";
  find("key-message").textContent = text;
};

/// What the node refuses is told; everything else is a fault of the page.
async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof node.Refusal)) throw error;
    message(error.message, true);
    return undefined;
  }
}

async function listKeys(isMore) {
  const bucket = find("bucket").value;
  const prefix = find("prefix").value;
  const from = isMore ? listing : { bucket, prefix };
  const page = await attempt(() => node.list(from.bucket, from.prefix, from.cursor));
  if (!page) return;
  listing = { ...from, cursor: page.cursor };
  const items = page.keys.map((key) => make("li", {}, make("button", {
    type: "button",
    click: (event) => {
      document.querySelectorAll("#key-list [aria-current]").forEach((one) => one.removeAttribute("aria-current"));
      event.currentTarget.setAttribute("aria-current", "true");
      open(from.bucket, key);
    },
  }, node.nameOf(key))));
  if (isMore) find("key-list").append(...items); else find("key-list").replaceChildren(...items);
  find("more").hidden = !page.cursor;
  const shown = find("key-list").children.length;
  message(`${shown} ${shown === 1 ? "key" : "keys"}${page.cursor ? ", and there are more" : ""}`);
}

async function open(bucket, key) {
  opened = { bucket, key };
  const mine = opened;
  const reading = await attempt(() => node.get(bucket, key));
  if (!reading || opened !== mine) return;
  find("key-view").replaceChildren(view(mine, reading));
  find("key-view").focus({ preventScroll: true });
  message(`${node.nameOf(key)} in ${bucket}: ${reading.values.length === 0 ? "no value"
    : reading.values.length === 1 ? "one value" : `${reading.values.length} concurrent values`}`);
  // Needs more rights than the value does.
  try {
    const holdings = await node.holdings(bucket, key);
    if (opened === mine) find("key-view").append(causality(holdings));
  } catch (error) {
    if (!(error instanceof node.Refusal)) throw error;
    find("key-view").append(make("p", { class: "dim" }, `What the replicas hold is not shown: ${error.message}`));
  }
}

function valueText(value) {
  const text = node.textOf(value.bytes);
  return text ?? Array.from(value.bytes.slice(0, 4096), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

function view({ bucket, key }, { values, context }) {
  const editor = make("textarea", { id: "value", spellcheck: "false" });
  const first = values[0];
  const isText = !first || node.textOf(first.bytes) !== undefined;
  editor.value = first && isText ? valueText(first) : "";
  const type = make("input", { id: "type", value: first?.type ?? "text/plain; charset=utf-8" });
  const written = async (work, done) => {
    const isDone = await attempt(async () => { await work(); return true; });
    if (!isDone) return;
    await open(bucket, key);
    message(done);
  };
  const save = make("button", { type: "button", id: "put", click: () =>
    written(() => node.put(bucket, key, node.keyOf(editor.value), type.value, context), "stored") },
  values.length > 1 ? "Put this in place of all" : "Put");
  const remove = make("button", { type: "button", id: "delete", disabled: !values.length, click: () =>
    written(() => node.remove(bucket, key, context), "deleted") }, "Delete");
  const list = values.map((value, place) => make("li", {},
    make("p", { class: "dim" }, [bytes(value.bytes.length), value.type, value.dot && `written as ${value.dot}`,
      value.time && moment(value.time), value.expires && `until ${moment(value.expires)}`].filter(Boolean).join(" · ")),
    make("pre", { tabindex: "0", "aria-label": `value ${place + 1}` }, valueText(value)),
    values.length > 1 && node.textOf(value.bytes) !== undefined
      ? make("button", { type: "button", click: () => { editor.value = valueText(value); editor.focus(); } }, "Take this one") : undefined));
  return make("div", {}, make("h3", {}, `${node.nameOf(key)} in ${bucket}`),
    values.length ? make("ol", { id: "values" }, ...list) : make("p", {}, "The key has no value."),
    make("label", {}, "Value to put", editor), make("div", { class: "line" }, make("label", {}, "Content type", type), save, remove));
}

export function startBrowser() {
  find("list-form").addEventListener("submit", (event) => {
    event.preventDefault();
    listKeys(false);
  });
  find("more").addEventListener("click", () => listKeys(true));
  find("open").addEventListener("click", () => {
    if (!find("prefix").value) return message("say which key", true);
    return open(find("bucket").value, node.keyOf(find("prefix").value));
  });
}
