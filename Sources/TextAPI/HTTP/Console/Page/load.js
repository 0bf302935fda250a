// What the node has served, from one answer to the next.

import { chart } from "./charts.js";
import { count, find, seconds, show, table } from "./elements.js";

const most = 120;
const points = [];
let before;

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/// Within its range by proportion; undefined where nothing was answered.
function percentile(durations, bounds, part) {
  const rank = sum(durations) * part;
  if (!rank) return undefined;
  let below = 0;
  for (let place = 0; place < bounds.length; place += 1) {
    if (below + durations[place] >= rank) {
      const start = place ? bounds[place - 1] : 0;
      return start + (bounds[place] - start) * (rank - below) / durations[place];
    }
    below += durations[place];
  }
  return bounds.at(-1);
}

/// By operation, what lies between two answers; undefined if the node has started anew.
function difference(now, earlier) {
  const time = ((now.uptime_ms ?? 0) - (earlier.uptime_ms ?? 0)) / 1000;
  if (time <= 0) return undefined;
  const bounds = now.duration_bounds ?? [];
  const old = new Map((earlier.operations ?? []).map((one) => [one.operation, one]));
  const operations = (now.operations ?? []).map((one) => {
    const from = old.get(one.operation);
    const durations = (one.durations ?? []).map((number, place) => number - (from?.durations?.[place] ?? 0));
    return { name: one.operation, durations, failed: (one.failed ?? 0) - (from?.failed ?? 0) };
  });
  if (operations.some((one) => one.failed < 0 || one.durations.some((number) => number < 0))) return undefined;
  return { time, bounds, operations };
}

export function addLoad(load) {
  const between = before && difference(load, before);
  before = load;
  if (!between) return;
  const all = between.bounds.concat([0]).map((_, place) => sum(between.operations.map((one) => one.durations[place] ?? 0)));
  points.push({ rate: sum(all) / between.time, p50: percentile(all, between.bounds, 0.5), p99: percentile(all, between.bounds, 0.99) });
  if (points.length > most) points.shift();
  const line = (name) => points.map((point) => point[name]);
  find("charts").replaceChildren(
    chart("Requests a second", [{ name: "now", values: line("rate") }], (value) => count(Math.round(value)), most),
    chart("Time to the answer", [{ name: "p99", values: line("p99") }, { name: "p50", values: line("p50") }], seconds, most));
  showOperations(between, load);
}

function showOperations({ time, bounds, operations }, load) {
  const rows = operations.map((one) => {
    const slow = percentile(one.durations, bounds, 0.99);
    return [one.name, count(Math.round(sum(one.durations) / time)), slow === undefined ? "–" : seconds(slow), count(one.failed)];
  });
  const disk = load.disk ? ` · disk left: ${Math.floor(100 * (load.disk.available_bytes ?? 0) / load.disk.size_bytes)} %` : "";
  show(find("operations"), [rows, load.requests_in_flight, disk], () =>
    table(`In the last second · in flight: ${count(load.requests_in_flight)}${disk}`, ["operation", "#a second", "#p99", "#failed"],
      rows.map((cells) => ({ cells }))));
}
