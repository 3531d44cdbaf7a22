// One histogram as SVG: steps, error bars, a reference, a cursor. The geometry is pure; `draw` puts it on the page.

import { svg } from "./dom.js";
import { number, superscript } from "./text.js";

const LEFT = 52, RIGHT = 12, TOP = 24, BOTTOM = 44;

export const edge = (histogram, bin) => histogram.low + ((histogram.high - histogram.low) * bin) / histogram.heights.length;

/** Round numbers from `low` to `high`, about as many as wished. */
export function ticks(low, high, wished) {
  const rough = (high - low) / wished;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((size) => size * power >= rough * 0.999) * power;
  const found = [];
  for (let place = Math.ceil(low / step - 1e-9); place * step <= high + step * 1e-9; place += 1) { found.push(Number((place * step).toPrecision(12))); }
  return found;
}

/** Lowest and highest value of the vertical axis. An empty histogram has an axis too. */
export function range(histogram, reference, log) {
  const tops = histogram.heights.map((height, bin) => height + histogram.errors[bin]);
  const all = reference ? [...tops, ...reference.heights] : tops;
  const top = Math.max(...all);
  if (!(top > 0)) { return log ? [0.1, 10] : [0, 1]; }
  if (!log) { return [0, top * 1.08]; }
  const least = Math.min(...[...histogram.heights, ...(reference ? reference.heights : [])].filter((height) => height > 0));
  return [10 ** Math.floor(Math.log10(least * 0.7)), top * 1.6];
}

/** Where things stand in a picture of this size. */
export function frame(histogram, { width, height, log, reference }) {
  const [bottom, top] = range(histogram, reference, log);
  const across = width - LEFT - RIGHT, down = height - TOP - BOTTOM;
  const x = (value) => LEFT + (across * (value - histogram.low)) / (histogram.high - histogram.low);
  const share = log ? (value) => Math.log(Math.max(value, bottom) / bottom) / Math.log(top / bottom) : (value) => (value - bottom) / (top - bottom);
  const y = (value) => TOP + down * (1 - Math.min(1, Math.max(0, share(value))));
  const bin = (place) => Math.max(0, Math.min(histogram.heights.length - 1, Math.floor(((place - LEFT) / across) * histogram.heights.length)));
  return { width, height, log, bottom, top, x, y, bin, left: LEFT, right: width - RIGHT, floor: TOP + down };
}

function steps(histogram, heights, at) {
  let path = `M${at.x(histogram.low)} ${at.floor}`;
  heights.forEach((height, bin) => {
    const y = at.y(height).toFixed(2);
    path += `L${at.x(edge(histogram, bin)).toFixed(2)} ${y}L${at.x(edge(histogram, bin + 1)).toFixed(2)} ${y}`;
  });
  return `${path}L${at.x(histogram.high)} ${at.floor}`;
}

function errorBars(histogram, at) {
  return histogram.heights.map((height, bin) => {
    const error = histogram.errors[bin];
    if (!(error > 0)) { return ""; }
    const x = at.x((edge(histogram, bin) + edge(histogram, bin + 1)) / 2).toFixed(2);
    return `M${x} ${at.y(height - error).toFixed(2)}L${x} ${at.y(height + error).toFixed(2)}`;
  }).join("");
}

function valueTicks(at) {
  if (!at.log) {
    const power = Math.abs(Math.log10(at.top)) > 3 ? Math.floor(Math.log10(at.top)) : 0;
    return { power, all: ticks(at.bottom, at.top, 4).map((value) => [value, number(value / 10 ** power)]) };
  }
  const first = Math.ceil(Math.log10(at.bottom) - 1e-9), last = Math.floor(Math.log10(at.top) + 1e-9);
  const every = Math.max(1, Math.ceil((last - first) / 5));
  const all = [];
  for (let power = first; power <= last; power += every) { all.push([10 ** power, power >= -2 && power <= 3 ? number(10 ** power) : `10${superscript(power)}`]); }
  return { power: 0, all };
}

function axes(histogram, at, labels) {
  const parts = [];
  const values = valueTicks(at);
  for (const [value, text] of values.all) {
    const y = at.y(value).toFixed(2);
    parts.push(svg("path", { class: "grid", d: `M${at.left} ${y}H${at.right}` }), svg("text", { x: at.left - 8, y: Number(y) + 4, "text-anchor": "end" }, text));
  }
  parts.push(svg("path", { class: "axis", d: `M${at.left} ${at.floor}H${at.right}` }));
  for (const value of ticks(histogram.low, histogram.high, Math.max(4, Math.min(10, at.width / 80)))) {
    const x = at.x(value).toFixed(2);
    parts.push(svg("path", { class: "axis", d: `M${x} ${at.floor}v4` }), svg("text", { x, y: at.floor + 18, "text-anchor": "middle" }, number(value)));
  }
  const above = values.power ? `${labels.y} × 10${superscript(values.power)}` : labels.y;
  parts.push(svg("text", { x: at.right, y: at.height - 6, "text-anchor": "end" }, labels.x, svg("title", {}, histogram.xlabel)));
  parts.push(svg("text", { x: 0, y: 12 }, above, svg("title", {}, histogram.ylabel)));
  return parts;
}

function cursorParts(histogram, at, bin) {
  const middle = at.x((edge(histogram, bin) + edge(histogram, bin + 1)) / 2);
  return [
    svg("path", { class: "cursor", d: `M${middle} ${TOP}V${at.floor}` }),
    svg("circle", { class: "spot", cx: middle, cy: at.y(histogram.heights[bin]), r: 5 }),
  ];
}

/** The picture; `cursor` is a bin or null. */
export function draw(histogram, { width, height, log, reference, cursor, labels }) {
  const at = frame(histogram, { width, height, log, reference });
  const outline = steps(histogram, histogram.heights, at);
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" },
    ...axes(histogram, at, labels), svg("path", { class: "area", d: outline }), svg("path", { class: "step", d: outline }),
    svg("path", { class: "errors", d: errorBars(histogram, at) }));
  if (reference) { picture.append(svg("path", { class: "reference", d: steps(histogram, reference.heights, at) })); }
  if (cursor !== null) { picture.append(...cursorParts(histogram, at, cursor)); }
  return { picture, at };
}

/** A small outline without axes. */
export function outline(heights, name) {
  const top = Math.max(...heights, 1e-300);
  const step = 100 / heights.length;
  const path = heights.map((height, bin) => `${bin ? "L" : "M"}${(bin * step).toFixed(2)} ${(31 - (29 * height) / top).toFixed(2)}h${step.toFixed(2)}`).join("");
  return svg("svg", { viewBox: "0 0 100 32", preserveAspectRatio: "none", "aria-hidden": "true", class: name }, svg("path", { d: path }));
}
