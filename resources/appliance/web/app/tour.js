// A walk around the page, step by step: a script of what is pointed at, what is said, and what is done. By keyboard: arrows, Enter, Escape.

import { byId, el } from "./dom.js";
import { t } from "./text.js";

/** The script; `act` shows something, and is given what can be shown. */
export const SCRIPT = [
  { at: "now", key: "welcome" },
  { at: "progress-part", key: "progress" },
  { at: "plot", key: "plot" },
  { at: "plot", key: "cursor", act: ({ shown }) => shown.pointAtPeak() },
  { at: "log-scale", key: "log", act: ({ shown }) => { byId("log").checked = true; shown.paint(); } },
  { at: "gallery", key: "gallery", act: ({ shown }) => { byId("log").checked = false; shown.paint(); } },
  { at: "collision", key: "collision", act: ({ event }) => event.play() },
  { at: "words", key: "words", act: () => { const first = byId("facts").querySelector("details"); if (first) { first.open = true; } } },
  { at: "machine", key: "machine" },
  { at: "tour-button", key: "end" },
];

export class Tour {
  constructor(things) {
    this.things = things;
    this.step = -1;
    byId("tour-button").addEventListener("click", () => this.begin());
  }

  get running() { return this.step >= 0; }

  begin() {
    if (this.running) { return; }
    this.back = el("button", { type: "button" });
    this.next = el("button", { type: "button", class: "primary" });
    this.stop = el("button", { type: "button", class: "quiet" });
    this.title = el("h2", { id: "tour-title", tabindex: "-1" });
    this.text = el("p", { id: "tour-text" });
    this.where = el("p", { class: "muted small" });
    this.box = el("div", { class: "tour", role: "dialog", "aria-labelledby": "tour-title", "aria-describedby": "tour-text" },
      this.title, this.text, this.where, el("div", { class: "buttons" }, this.stop, el("div", { class: "buttons" }, this.back, this.next)));
    this.back.addEventListener("click", () => this.show(this.step - 1));
    this.next.addEventListener("click", () => this.show(this.step + 1));
    this.stop.addEventListener("click", () => this.end());
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.resized = () => this.put();
    window.addEventListener("resize", this.resized);
    byId("now").parentElement.after(this.box);
    this.show(0);
  }

  key(event) {
    const does = { ArrowRight: () => this.show(this.step + 1), ArrowLeft: () => this.show(this.step - 1), Escape: () => this.end() }[event.key];
    if (does) {
      event.preventDefault();
      does();
    } else if (event.key === "Enter" && event.target === this.title) {
      this.show(this.step + 1);
    }
  }

  show(step) {
    if (step < 0) { return; }
    if (step >= SCRIPT.length) { this.end(); return; }
    this.step = step;
    const { key, act } = SCRIPT[step];
    act?.(this.things);
    this.write();
    this.target.scrollIntoView({ block: "center" });
    this.put();
    this.title.focus({ preventScroll: true });
    this.box.scrollIntoView({ block: "nearest" });
    this.box.dataset.step = key;
  }

  /** What is pointed at; where that is not on the page (no job yet), the page's first part. */
  get target() {
    const wanted = byId(SCRIPT[this.step].at);
    return wanted.getClientRects().length ? wanted : byId("now");
  }

  write() {
    const { key } = SCRIPT[this.step];
    this.title.textContent = t(`tour.${key}`);
    this.text.textContent = t(`tour.${key}.text`);
    this.where.textContent = t("tour.where", { step: this.step + 1, all: SCRIPT.length });
    this.back.textContent = t("tour.back");
    this.back.disabled = this.step === 0;
    this.next.textContent = t(this.step === SCRIPT.length - 1 ? "tour.done" : "tour.next");
    this.stop.textContent = t("tour.stop");
  }

  /** Beside the target where there is room, else below or above it. */
  put() {
    for (const one of document.querySelectorAll(".pointed")) { one.classList.remove("pointed"); }
    const target = this.target;
    target.classList.add("pointed");
    const place = target.getBoundingClientRect(), width = this.box.offsetWidth, height = this.box.offsetHeight, gap = 16;
    const room = document.documentElement.clientWidth;
    let left = place.right + gap, top = place.top;
    if (left + width > room - 12) { left = place.left - gap - width; }
    if (left < 12) {
      left = Math.max(12, Math.min(place.left + (place.width - width) / 2, room - width - 12));
      top = place.bottom + gap + height < window.innerHeight || place.top - gap - height < 0 ? place.bottom + gap : place.top - gap - height;
      if (place.height > window.innerHeight * 0.6) { top = Math.max(place.top + gap, window.innerHeight - height - gap); } // it fills the window: inside of it
    }
    const highest = document.documentElement.scrollHeight - height - 12;
    this.box.style.left = `${left + window.scrollX}px`;
    this.box.style.top = `${Math.max(12, Math.min(highest, top + window.scrollY))}px`;
  }

  end() {
    this.step = -1;
    window.removeEventListener("resize", this.resized);
    for (const one of document.querySelectorAll(".pointed")) { one.classList.remove("pointed"); }
    this.box.remove();
    byId("tour-button").focus();
  }
}
