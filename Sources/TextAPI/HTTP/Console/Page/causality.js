// What the replicas hold of a key: their versions, and what each has seen.
//
// A line for each identity that has taken writes of the key. What a replica has seen is drawn on it from the left; a value is the
// write that it came from. Values beside each other are concurrent: none was written by somebody who had seen the other.

import { bytes, draw, make, moment, table } from "./elements.js";

const lane = 34;
const left = 150;
const step = 70;

const shortActor = (actor) => BigInt(actor).toString(16).padStart(16, "0");
const dotText = (dot) => `${shortActor(dot.actor ?? 0)}:${dot.counter ?? 0}`;
const word = (state) => (state ?? "").replace("STATE_", "").toLowerCase();

/// All versions that some replica holds, each once, with the names of those that do.
function versions(holdings) {
  const found = new Map();
  for (const holding of holdings) {
    for (const version of holding.versions ?? []) {
      const text = dotText(version.dot);
      if (!found.has(text)) found.set(text, { ...version, text, nodes: [] });
      found.get(text).nodes.push(holding.node);
    }
  }
  return [...found.values()].sort((one, other) => one.text.localeCompare(other.text));
}

/// Of each identity: the greatest number that some replica has seen, and the numbers worth a mark, ascending.
function lanes(holdings, held) {
  const found = new Map();
  const add = (dot, isSeen) => {
    const actor = String(dot.actor ?? 0);
    const one = found.get(actor) ?? { actor, seen: 0n, marks: new Set() };
    const counter = BigInt(dot.counter ?? 0);
    if (isSeen && counter > one.seen) one.seen = counter;
    one.marks.add(counter);
    found.set(actor, one);
  };
  holdings.forEach((holding) => (holding.context ?? []).forEach((dot) => add(dot, true)));
  held.forEach((version) => add(version.dot, false));
  return [...found.values()].map((one) => ({ ...one, marks: [...one.marks].sort((a, b) => (a < b ? -1 : 1)) }))
    .sort((one, other) => one.actor.localeCompare(other.actor));
}

function picture(holdings, held) {
  const all = lanes(holdings, held);
  const columns = Math.max(1, ...all.map((one) => one.marks.length));
  const width = left + step * (columns + 1);
  const height = lane * all.length + 10;
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", id: "causality",
    "aria-label": `${held.length} versions by ${all.length} identities; the table below has them` });
  all.forEach((one, place) => {
    const y = lane * (place + 0.5) + 5;
    const x = (counter) => left + step * (one.marks.indexOf(counter) + 1);
    svg.append(draw("text", { x: 0, y: y + 4 }, shortActor(one.actor)),
      draw("path", { class: "axis", d: `M${left} ${y}H${width - 10}` }));
    if (one.marks.includes(one.seen)) svg.append(draw("path", { class: "seen", d: `M${left} ${y}H${x(one.seen)}` }));
    one.marks.forEach((counter) => {
      const version = held.find((other) => String(other.dot.actor ?? 0) === one.actor && BigInt(other.dot.counter ?? 0) === counter);
      if (version) svg.append(draw("circle", { class: "dot", cx: x(counter), cy: y, r: 8 }, draw("title", {}, version.text)));
      svg.append(draw("text", { x: x(counter), y: y - 11, "text-anchor": "middle" }, String(counter)));
    });
  });
  return svg;
}

const kinds = { KIND_VALUE: "value", KIND_TOMBSTONE: "tombstone", KIND_PART: "part of a counter, set or map" };

function verdict(holdings, held) {
  const known = holdings.filter((one) => one.state !== "STATE_UNKNOWN");
  const silent = holdings.filter((one) => one.state === "STATE_UNKNOWN").map((one) => `${one.node} does not say: ${one.error ?? ""}`);
  const text = (one) => JSON.stringify([one.versions ?? [], one.context ?? []]);
  const agree = known.every((one) => text(one) === text(known[0]));
  const concurrent = held.filter((one) => one.kind === "KIND_VALUE").length > 1 ? " Its values are concurrent: siblings." : "";
  const together = "The replicas differ: a read of all of them, or the next comparison, brings them together.";
  return [(agree ? "The replicas that answered agree." : together) + concurrent, ...silent];
}

export function causality(holdings) {
  const held = versions(holdings);
  const replicas = holdings.map((one) => ({ state: one.state === "STATE_UNKNOWN" ? "away" : undefined,
    cells: [one.node, word(one.state), String((one.versions ?? []).length)] }));
  const rows = held.map((one) => ({ cells: [kinds[one.kind] ?? "?", one.kind === "KIND_VALUE" ? bytes(one.bytes) : "–", one.text,
    moment(one.timestamp_ms ?? 0), one.nodes.join(", ")] }));
  return make("div", { id: "holdings" }, make("h3", {}, "What the replicas hold"),
    ...verdict(holdings, held).map((text) => make("p", {}, text)),
    held.length ? picture(holdings, held) : undefined,
    make("div", { class: "scroll" }, table("Replicas, in the order in which reads ask them", ["replica", "key", "#versions"], replicas),
      table("Versions", ["kind", "#size", "written as", "at (UTC)", "held by"], rows)));
}
