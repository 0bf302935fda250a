// Which members hold which partitions: one circle for each replica, the first outside.

import { count, draw, find, make, show, table } from "./elements.js";
import { stateOf } from "./overview.js";

const size = 320;
const center = size / 2;
const width = 26;
const gap = 4;

/// Hues that lie far apart, whatever the number of members (the golden ratio), and none is red, which is a dead member's.
const hue = (place) => 60 + (150 + place * 240 * 0.381966) % 240;
const color = (place) => `hsl(${hue(place)} 55% 52%)`;

function arc(from, to, outer, inner) {
  const point = (turn, radius) => {
    const angle = 2 * Math.PI * turn - Math.PI / 2;
    return `${(center + radius * Math.cos(angle)).toFixed(2)} ${(center + radius * Math.sin(angle)).toFixed(2)}`;
  };
  // A whole turn would begin where it ends.
  const end = Math.min(to, from + 0.9999);
  const large = end - from > 0.5 ? 1 : 0;
  return `M${point(from, outer)}A${outer} ${outer} 0 ${large} 1 ${point(end, outer)}`
    + `L${point(end, inner)}A${inner} ${inner} 0 ${large} 0 ${point(from, inner)}Z`;
}

/// One path for all that a member holds as the replica of this rank: neighbours are joined.
function segments(partitions, rank, member, outer) {
  const total = partitions.length;
  let path = "";
  for (let place = 0; place < total;) {
    const begin = place;
    while (place < total && partitions[place][rank] === member) place += 1;
    if (place > begin) path += arc(begin / total, place / total, outer, outer - width);
    else place += 1;
  }
  return path;
}

function picture(ring, states) {
  const ranks = Math.max(0, ...ring.partitions.map((replicas) => replicas.length));
  const svg = draw("svg", { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-labelledby": "ring-title" },
    draw("title", { id: "ring-title" },
      `${ring.partitions.length} partitions on ${ring.members.length} members; the table beside it says how many each holds`));
  for (let rank = 0; rank < ranks; rank += 1) {
    const outer = center - 4 - rank * (width + gap);
    if (outer <= width) break;
    ring.members.forEach((member, place) => {
      const path = segments(ring.partitions, rank, place, outer);
      if (!path) return;
      const isAway = ["away", "lost"].includes(states[member.name]);
      svg.append(draw("path", { d: path, fill: color(place), class: isAway ? "segment away" : "segment", "data-name": member.name },
        draw("title", {}, `${member.name}: replica ${rank + 1}`)));
    });
  }
  return svg;
}

function swatch(place, isAway) {
  const mark = make("span", { class: "swatch", "aria-hidden": "true" });
  mark.style.background = isAway ? "var(--bad)" : color(place);
  return mark;
}

function held(ring, states) {
  const rows = ring.members.map((member, place) => {
    const first = ring.partitions.filter((replicas) => replicas[0] === place).length;
    const all = (partitions) => partitions.filter((replicas) => replicas.includes(place)).length;
    const isAway = ["away", "lost"].includes(states[member.name]);
    return { zone: member.zone, state: states[member.name], name: member.name,
      cells: [make("span", {}, swatch(place, isAway), member.name), member.zone || "–", count(first), count(all(ring.partitions)),
        ...(ring.after ? [count(all(ring.after))] : [])] };
  });
  rows.sort((one, other) => one.zone.localeCompare(other.zone) || one.name.localeCompare(other.name));
  return table("Partitions, by zone and member",
    ["member", "zone", "#first replica", "#replicas", ...(ring.after ? ["#after the change"] : [])], rows);
}

/// Says whose a partition is: for those who cannot point at the picture.
function finder(ring) {
  const answer = make("p", { role: "status", "aria-live": "polite" });
  const tell = (event) => {
    const replicas = ring.partitions[Number(event.target.value)];
    answer.textContent = event.target.value && replicas
      ? `partition ${event.target.value}: ${replicas.map((place) => ring.members[place].name).join(", ")}` : "";
  };
  const input = make("input", { type: "number", min: 0, max: ring.partitions.length - 1, input: tell });
  return make("div", {}, make("label", {}, "Replicas of partition", input), answer);
}

export function showRing(ring, status) {
  const states = Object.fromEntries((status.members ?? []).map((one) => [one.member.name, stateOf(one)]));
  show(find("ring-view"), [ring.layout, states], () =>
    [picture(ring, states), make("div", { class: "scroll" }, held(ring, states), finder(ring))]);
}
