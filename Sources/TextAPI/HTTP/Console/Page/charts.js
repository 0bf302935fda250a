// Lines over the last minutes.

import { draw, make } from "./elements.js";

const width = 480;
const height = 160;
const left = 60;
const bottom = 20;

/// The least of 1, 2, 5, 10, … times a power of ten that is not below `value`.
function rounded(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value * 0.999999);
}

/// Parts of a line, as there may be moments of which nothing is known.
function path(values, x, y) {
  let text = "";
  let isDown = false;
  values.forEach((value, place) => {
    if (value === undefined) { isDown = false; return; }
    text += `${isDown ? "L" : "M"}${x(place).toFixed(1)} ${y(value).toFixed(1)}`;
    isDown = true;
  });
  return text;
}

/// - `series`: `name`, and `values`, the newest last, all of the same number.
/// - `inWords`: of a value.
export function chart(title, series, inWords, most) {
  const values = series.flatMap((one) => one.values).filter((value) => value !== undefined);
  const top = rounded(Math.max(0, ...values));
  const x = (place) => left + (width - left - 8) * (place / Math.max(1, most - 1));
  const y = (value) => 8 + (height - bottom - 8) * (1 - value / top);
  const offset = most - (series[0]?.values.length ?? 0);
  const last = series.map((one) => `${one.name} ${one.values.at(-1) === undefined ? "not known" : inWords(one.values.at(-1))}`).join(", ");
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${title}: ${last}` },
    draw("path", { class: "axis", d: `M${left} 8V${height - bottom}H${width - 8}` }),
    draw("text", { x: left - 6, y: 16, "text-anchor": "end" }, inWords(top)),
    draw("text", { x: left - 6, y: height - bottom, "text-anchor": "end" }, "0"),
    draw("text", { x: left, y: height - 4 }, `${most} s ago`),
    draw("text", { x: width - 8, y: height - 4, "text-anchor": "end" }, "now"),
    ...series.map((one, place) => draw("path", { class: `series ${["first", "second"][place]}`, d: path(one.values, (at) => x(at + offset), y) })));
  return make("figure", {}, make("figcaption", {}, `${title}: ${last}`), svg);
}
