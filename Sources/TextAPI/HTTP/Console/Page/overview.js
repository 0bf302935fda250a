// Members, what is wrong, and what the node is at.

import { bytes, count, find, make, moment, seconds, show, table } from "./elements.js";

const word = (name, prefix) => (name ?? "").replace(prefix, "").toLowerCase();

/// In a word: up, suspect or away of a member; else what it is to the layout.
export function stateOf(member) {
  const role = word(member.role, "ROLE_");
  if (role !== "up") return role || "unknown";
  if (member.connected) return "up";
  return member.liveness === "LIVENESS_SUSPECT" ? "suspect" : "away";
}

export function showProblems(problems) {
  show(find("problems"), problems, () => problems.length
    ? problems.map((problem) => make("li", { class: "bad" }, `! ${problem}`))
    : make("li", { class: "good" }, "all is well"));
}

export function showMembers(status) {
  const members = status.members ?? [];
  const hasChange = status.change !== undefined;
  const rows = members.map((one) => {
    const state = stateOf(one);
    return {
      state, name: one.member.name,
      cells: [one.member.name, make("span", { class: "state" }, state), one.member.zone || "–", one.engine || "–",
        count(one.partitions), ...(hasChange ? [count(one.partitions_after)] : []), one.software_version || "–", one.member.address],
    };
  });
  const source = [members.map((one) => [one, stateOf(one)]), hasChange];
  show(find("member-table"), source, () => table("By name",
    ["member", "state", "zone", "engine", "#partitions", ...(hasChange ? ["#after the change"] : []), "version", "address"], rows));
}

export function showWork(status) {
  show(find("work-view"), [status.change, status.filling, status.hints, status.anti_entropy, status.reaping], () =>
    [copies(status), hints(status.hints ?? {}), repair(status.anti_entropy ?? {}, status.reaping ?? {})]);
}

const lines = (heading, ...texts) =>
  make("div", {}, make("h3", {}, heading), ...texts.filter(Boolean).map((text) => make("p", {}, text)));

function copies({ change, filling }) {
  const open = change && `The change to layout version ${change.version} is ${word(change.stage, "STAGE_")}`
    + `, it waits for ${(change.awaiting ?? []).join(", ") || "nobody"}.`;
  if (!filling) return lines("Copies", open ?? "No change is open.", "Nothing is copied to this node.");
  const done = (filling.partitions ?? 0) - (filling.partitions_left ?? 0);
  const left = filling.seconds_left === undefined ? "" : `, ${seconds(filling.seconds_left)} left`;
  const part = lines("Copies", open, `${count(done)} of ${count(filling.partitions)} partitions are here: `
    + `${count(filling.rows)} keys, ${bytes(filling.bytes)}${left}.`);
  part.append(make("progress", { max: filling.partitions, value: done, "aria-label": "partitions copied" }));
  return part;
}

function hints(hints) {
  const totals = `Since the start ${count(hints.stored)} were stored, ${count(hints.delivered)} delivered, `
    + `${count(hints.expired)} dropped as too old.`;
  const targets = hints.targets ?? [];
  if (!targets.length) return lines("Hints", "None is kept.", totals);
  const rows = targets.map((one) => ({ cells: [one.node || "a former member", count(one.count), bytes(one.bytes),
    seconds((one.oldest_age_ms ?? 0) / 1000)] }));
  const part = lines("Hints", totals);
  part.append(table("Kept for others", ["node", "#hints", "#bytes", "#the oldest"], rows));
  return part;
}

function repair(entropy, reaping) {
  const rows = (entropy.peers ?? []).map((one) => ({ cells: [one.node, count(one.rounds), count((one.waiting ?? 0) + (one.running ?? 0)),
    count(one.keys_differing), count(one.keys_repaired_here), count(one.keys_repaired_there)] }));
  const part = lines("Repair", `${count(entropy.trees_complete)} of ${count(entropy.trees)} hash trees can be compared; `
    + `${count(reaping.removed)} deleted or expired keys were removed.`);
  part.append(make("div", { class: "scroll" }, table("Comparisons with other replicas",
    ["node", "#rounds", "#to do", "#keys differing", "#mended here", "#mended there"], rows)));
  return part;
}

export function showSlow(slow) {
  show(find("slow-view"), slow, () => slow.length ? table("The newest first, by UTC",
    ["time", "operation", "bucket", "#ms", "#waited", "replicas", "outcome"],
    slow.map(({ time, fields }) => ({ cells: [moment(time), `${fields.protocol ?? ""} ${fields.operation ?? ""}`, fields.bucket ?? "",
      fields.duration_ms ?? "", fields.waiting_ms ?? "", make("span", {}, fields.replicas ?? ""),
      fields.error ?? fields.outcome ?? ""] })))
    : make("p", { class: "dim" }, "None since the start."));
}
