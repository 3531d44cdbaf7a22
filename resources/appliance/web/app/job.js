// The running job in plain words: its state, how far it is, and each word of its line explained.

import { byId, el, say } from "./dom.js";
import { count, duration, energy, has, number, t } from "./text.js";

const either = (key, other) => (has(key) ? t(key) : other);

/** Seconds until the end, or null where nobody can know. */
export function remaining(job) {
  const rate = job.events_per_second, left = job.events_wanted - job.events_done;
  return job.state === "running" && rate > 0 && job.events_done > 0 && left > 0 ? left / rate : null;
}

export const tuneName = (tune) => either(`tune.${tune}`, tune);
export const processName = (job) => either(`process.${job.process}`, job.process);
export const generatorName = (job) => `${either(`generator.${job.generator}`, job.generator)} ${job.version}`;

/** “proton–proton collisions at 13 TeV” */
export const collisionsOf = (job) => t(has(`collisions.${job.beam}`) ? `collisions.${job.beam}` : "collisions.other", { beam: job.beam, energy: energy(job.energy) });

function headline(job) {
  if (!job.runspec) { return t(`head.${job.state === "idle" ? "idle" : job.state === "failed" ? "failed" : "waiting"}`); }
  return t(job.state === "running" ? "head.running" : job.state === "initialising" ? "head.initialising" : "head.over", { collisions: collisionsOf(job) });
}

export function paintJob(job) {
  say(byId("headline"), headline(job));
  document.title = job.runspec ? `${Math.floor(job.progress * 100)} % · Test4Theory` : "Test4Theory";
  say(byId("sub"), job.message && job.state === "failed" ? job.message : job.runspec ? [generatorName(job), processName(job), tuneName(job.tune)].join(" · ") : t("sub.waiting"));
  const state = byId("state");
  state.dataset.kind = job.state;
  say(state.lastElementChild, either(`state.${job.state}`, job.state));
  byId("progress-part").hidden = !job.runspec;
  const share = job.events_wanted ? Math.min(1, job.events_done / job.events_wanted) : 0;
  byId("bar").value = share;
  byId("bar").setAttribute("aria-label", t("progress.label"));
  say(byId("done"), t("progress.done", { done: count(job.events_done), wanted: count(job.events_wanted) }));
  const seconds = remaining(job);
  const rate = job.events_per_second > 0 ? t("progress.rate", { rate: number(job.events_per_second) }) : "";
  const left = seconds === null ? "" : t("progress.left", { time: duration(Math.max(1, seconds)) });
  say(byId("left"), [rate, left].filter(Boolean).join(" · ") || "\u00a0");
}

/** What was said last is no longer known to hold. */
export function paintAway() {
  const state = byId("state");
  state.dataset.kind = "away";
  say(state.lastElementChild, t("state.away"));
  say(byId("left"), "\u00a0");
}

function cut(job) {
  const value = parseFloat(job.params);
  return Number.isFinite(value) ? t("cut.value", { value: number(value) }) : job.process === "jets" ? t("cut.value", { value: number(20) }) : t("cut.none");
}

/** The rows of “what is being computed”: a name, a value, an explanation. Open ones stay open. */
export function paintWords(job) {
  const place = byId("facts");
  const rows = job.runspec ? [
    ["beams", either(`beams.${job.beam}`, job.beam), either(`beams.${job.beam}.about`, "")],
    ["process", processName(job), either(`process.${job.process}.about`, "")],
    ["energy", energy(job.energy), t("energy.about")],
    ["cuts", cut(job), t("cut.about")],
    ["generator", generatorName(job), t("generator.about")],
    ["tune", tuneName(job.tune), t("tune.about")],
    ["events", count(job.events_wanted), t("events.about")],
    ["seed", count(job.seed), t("seed.about")],
  ] : [];
  const open = new Set([...place.querySelectorAll("details[open]")].map((one) => one.dataset.row));
  const key = JSON.stringify(rows);
  if (place.dataset.key === key) { return; }
  place.dataset.key = key;
  if (!rows.length) {
    place.replaceChildren(el("p", { class: "muted" }, t("words.none")));
    return;
  }
  place.replaceChildren(...rows.map(([name, value, about]) => el("details", { "data-row": name, ...(open.has(name) ? { open: "" } : {}) },
    el("summary", {}, el("span", { class: "muted" }, t(`row.${name}`)), el("strong", {}, value)), el("p", {}, about))));
}
