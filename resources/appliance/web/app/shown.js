// The large histogram and the row of small ones: choice, scale, cursor, table, files to keep.

import { byId, el, save, say } from "./dom.js";
import { draw, edge, outline } from "./plot.js";
import { agreement } from "./reference.js";
import { count, has, number, t } from "./text.js";

const family = (job) => (job.beam === "ee" ? "ee" : { jets: "jets", z: "z" }[job.process] || "soft");
const unitOf = (label) => (label.match(/\[([^\]]+)\]$/) || ["", ""])[1];

/** What a histogram shows, in words; the guest's own title where the dictionary has none. */
export function wordsOf(job, histogram) {
  const key = `h.${family(job)}.${histogram.name}`;
  const unit = unitOf(histogram.xlabel);
  const x = has(`${key}.x`) ? t(`${key}.x`) : histogram.xlabel.replace(/ \[.*$/, "");
  return {
    title: has(key) ? t(key) : histogram.title,
    about: has(`${key}.about`) ? t(`${key}.about`) : "",
    x: unit ? `${x} (${unit})` : x,
    y: unit ? t("plot.y.unit", { unit }) : t("plot.y"),
    unit,
  };
}

export class Shown {
  constructor() {
    this.live = { events: 0, histograms: [] };
    this.job = {};
    this.name = "";
    this.cursor = null;
    this.references = null;
    this.log = byId("log");
    this.plot = byId("plot");
    this.at = null;
    this.listen();
  }

  listen() {
    this.log.addEventListener("change", () => this.paint());
    this.plot.addEventListener("pointermove", (event) => {
      if (this.at) { this.point(this.at.bin(event.clientX - this.plot.getBoundingClientRect().left)); }
    });
    this.plot.addEventListener("pointerleave", () => this.point(null));
    this.plot.addEventListener("keydown", (event) => this.key(event));
    byId("table-button").addEventListener("click", () => this.openTable(byId("table").hidden));
    byId("png").addEventListener("click", () => this.savePicture());
    byId("csv").addEventListener("click", () => this.saveTable());
    if (/QtWebEngine/.test(navigator.userAgent)) { // the app's own window takes no files from a guest
      byId("downloads").hidden = true;
      byId("no-downloads").hidden = false;
    }
    new ResizeObserver(() => { if (this.at && this.plot.clientWidth !== this.at.width) { this.paint(); } }).observe(this.plot);
  }

  get histogram() { return this.live.histograms.find((one) => one.name === this.name) || this.live.histograms[0]; }

  get reference() {
    const histogram = this.histogram;
    const found = this.references?.histograms.find((one) => one.name === histogram?.name);
    return found && found.heights.length === histogram.heights.length ? found : null;
  }

  /** New numbers, or a new job. */
  take(job, live, references) {
    this.job = job;
    this.live = live;
    this.references = references;
    if (!live.histograms.some((one) => one.name === this.name)) {
      this.name = live.histograms[0]?.name || "";
      this.cursor = null;
    }
    this.paint();
    this.paintThumbs();
  }

  choose(name) {
    this.name = name;
    this.cursor = null;
    this.paint();
    this.paintThumbs();
  }

  point(bin) {
    if (bin !== this.cursor) {
      this.cursor = bin;
      this.paint();
    }
  }

  /** The cursor on the highest bin: what the tour points at. */
  pointAtPeak() {
    const heights = this.histogram?.heights || [];
    this.point(heights.length ? heights.indexOf(Math.max(...heights)) : null);
  }

  key(event) {
    const last = (this.histogram?.heights.length || 0) - 1;
    if (last < 0) { return; }
    const now = this.cursor ?? -1;
    const places = { ArrowRight: now + 1, ArrowUp: now + 1, ArrowLeft: now - 1, ArrowDown: now - 1, PageUp: now + 10, PageDown: now - 10, Home: 0, End: last };
    if (event.key === "Escape") { this.point(null); }
    if (!(event.key in places)) { return; }
    event.preventDefault();
    this.point(Math.max(0, Math.min(last, places[event.key])));
  }

  paint() {
    const histogram = this.histogram;
    byId("plot-part").hidden = !histogram;
    byId("gallery").hidden = !histogram;
    if (!histogram) { return; }
    const words = wordsOf(this.job, histogram);
    const width = Math.max(260, Math.round(this.plot.clientWidth));
    const height = Math.round(Math.max(230, Math.min(430, width * 0.55)));
    const { picture, at } = draw(histogram, { width, height, log: this.log.checked, reference: this.reference, cursor: this.cursor, labels: words });
    this.at = at;
    this.plot.replaceChildren(picture);
    say(byId("plot-title"), words.title);
    say(byId("plot-about"), words.about);
    this.paintValue(histogram, words);
    this.paintLegend();
    if (!byId("table").hidden) { this.paintTable(); }
  }

  sentence(histogram, words, bin) {
    const low = number(edge(histogram, bin), 4), high = number(edge(histogram, bin + 1), 4);
    const values = { low, high, unit: words.unit ? ` ${words.unit}` : "", height: number(histogram.heights[bin]), error: number(histogram.errors[bin], 2) };
    const reference = this.reference;
    return t("plot.value", values) + (reference ? ` · ${t("plot.value.reference", { height: number(reference.heights[bin]) })}` : "");
  }

  paintValue(histogram, words) {
    const bin = this.cursor;
    const text = bin === null ? "" : this.sentence(histogram, words, bin);
    say(byId("value"), text || t("plot.hint"));
    byId("value").classList.toggle("muted", !text);
    const values = { "aria-label": t("plot.label", { title: words.title }), "aria-valuemax": histogram.heights.length, "aria-valuenow": (bin ?? 0) + 1,
      "aria-valuetext": text || t("plot.summary", { entries: count(histogram.entries), mean: number(histogram.mean) }) };
    for (const [name, value] of Object.entries(values)) { this.plot.setAttribute(name, value); }
  }

  paintLegend() {
    const reference = this.reference;
    const parts = [el("span", {}, el("i"), t("plot.yours", { events: count(this.live.events) }))];
    if (this.histogram.entries) { parts.push(el("span", {}, t("plot.mean", { mean: number(this.histogram.mean, 4) }))); }
    if (reference) { parts.push(el("span", {}, el("i", { class: "reference" }), t("plot.reference", { events: count(this.references.events) }))); }
    byId("legend").replaceChildren(...parts);
    // Only where an event counts once are the bins independent, and the sum over them says something.
    const found = reference && this.histogram.ylabel.startsWith("(1/N) dN") ? agreement(this.histogram, reference) : null;
    say(byId("verdict"), found ? t(`agree.${found.verdict}`, { ratio: number(found.ratio, 2), bins: found.bins }) : "");
  }

  openTable(open) {
    byId("table").hidden = !open;
    byId("table-button").setAttribute("aria-expanded", String(open));
    say(byId("table-button"), t(open ? "plot.table.hide" : "plot.table"));
    if (open) { this.paintTable(); }
  }

  rows() {
    const histogram = this.histogram;
    const reference = this.reference;
    return histogram.heights.map((height, bin) => {
      const row = [edge(histogram, bin), edge(histogram, bin + 1), height, histogram.errors[bin]];
      return reference ? [...row, reference.heights[bin]] : row;
    });
  }

  paintTable() {
    const words = wordsOf(this.job, this.histogram);
    const names = [t("table.from"), t("table.to"), t("table.height"), t("table.error"), ...(this.reference ? [t("table.reference")] : [])];
    const body = this.rows().map((row) => el("tr", {}, ...row.map((value, column) =>
      (column ? el("td", {}, number(value, 4)) : el("th", { scope: "row" }, number(value, 4))))));
    const scroll = byId("table").scrollTop;
    byId("table").replaceChildren(el("table", {}, el("caption", {}, `${words.x} · ${this.histogram.ylabel}`),
      el("thead", {}, el("tr", {}, ...names.map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, ...body)));
    byId("table").scrollTop = scroll;
  }

  saveTable() {
    const names = ["low", "high", "height", "error", ...(this.reference ? ["reference"] : [])];
    const notes = [`# ${this.job.runspec}`, `# ${this.histogram.title}; ${this.histogram.xlabel}; ${this.histogram.ylabel}; ${this.live.events} events`];
    const text = [...notes, names.join(","), ...this.rows().map((row) => row.join(","))].join("\n");
    save(`${this.histogram.name}.csv`, new Blob([`${text}\n`], { type: "text/csv" }));
  }

  /** The picture as it is on the page, with its title above and its source below. */
  async savePicture() {
    const blob = await this.pictureBlob();
    save(`${this.histogram.name}.png`, blob);
  }

  async pictureBlob() {
    const shown = this.plot.querySelector("svg");
    const width = shown.viewBox.baseVal.width, height = shown.viewBox.baseVal.height;
    const scale = 1600 / width;
    const source = new Blob([new XMLSerializer().serializeToString(withItsStyle(shown))], { type: "image/svg+xml" });
    const image = new Image();
    image.src = URL.createObjectURL(source);
    await image.decode();
    URL.revokeObjectURL(image.src);
    const notes = [`Test4Theory · ${this.job.runspec} · ${t("plot.yours", { events: count(this.live.events) })}`];
    if (this.reference) { notes.push(`- - - ${t("plot.reference", { events: count(this.references.events) })}`); }
    const below = 36 + 20 * notes.length;
    const canvas = el("canvas", { width: 1600, height: Math.round((height + 36 + below) * scale) });
    const pen = canvas.getContext("2d");
    const style = getComputedStyle(byId("now"));
    pen.scale(scale, scale);
    pen.fillStyle = style.backgroundColor;
    pen.fillRect(0, 0, width, height + 36 + below);
    pen.drawImage(image, 0, 36, width, height);
    pen.fillStyle = style.color;
    pen.font = `600 15px ${style.fontFamily}`;
    pen.fillText(byId("plot-title").textContent, 8, 22, width - 16);
    pen.font = `12px ${style.fontFamily}`;
    notes.forEach((note, line) => pen.fillText(note, 8, height + 60 + 20 * line, width - 16));
    return new Promise((done) => { canvas.toBlob(done, "image/png"); });
  }

  paintThumbs() {
    const place = byId("thumbs");
    const histograms = this.live.histograms;
    const same = place.children.length === histograms.length && histograms.every((one, number_) => place.children[number_].dataset.name === one.name);
    if (!same) {
      place.replaceChildren(...histograms.map((one) => {
        const button = el("button", { type: "button", class: "thumb", "data-name": one.name }, el("span"), outline(one.heights));
        button.addEventListener("click", () => this.choose(one.name));
        return button;
      }));
    }
    histograms.forEach((one, number_) => {
      const button = place.children[number_];
      button.setAttribute("aria-pressed", String(one === this.histogram));
      say(button.firstChild, wordsOf(this.job, one).title);
      button.lastChild.replaceWith(outline(one.heights));
    });
  }
}

const KEPT_STYLE = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "font-size", "font-family", "text-anchor"];

/** A copy that looks the same without the page's style sheet. */
function withItsStyle(picture) {
  const copy = picture.cloneNode(true);
  const originals = picture.querySelectorAll("*");
  copy.querySelectorAll("*").forEach((element, number_) => {
    const style = getComputedStyle(originals[number_]);
    for (const name of KEPT_STYLE) { element.setAttribute(name, style.getPropertyValue(name)); }
  });
  return copy;
}
