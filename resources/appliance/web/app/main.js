// The page of the science box: asks the guest again and again, shows what it says, and waits where it says nothing.

import { byId, el, say } from "./dom.js";
import { EventView } from "./event.js";
import { paintAway, paintJob, paintWords } from "./job.js";
import { loadJson } from "./load.js";
import { Log, paintHistory, paintMachine } from "./panels.js";
import { referenceFor } from "./reference.js";
import { Shown } from "./shown.js";
import { LANGUAGES, moment, preferred, t, use } from "./text.js";
import { Tour } from "./tour.js";

const EACH = 2000; // ms between two rounds while somebody looks
const HIDDEN = 20000; // ms while nobody does
const SELDOM = 5; // rounds between two looks at what changes seldom
const MISSES = 2; // rounds without an answer until it is said

const latest = { job: null, live: { events: 0, histograms: [] }, event: {}, machine: {}, jobs: [], references: null };
let shown, event, log, tour, timer;
let busy = false, round = 0, missed = 0, answered = new Date();

function paintAll() {
  if (latest.job) {
    paintJob(latest.job);
    paintWords(latest.job);
    shown.take(latest.job, latest.live, latest.references);
    event.take(latest.event, latest.job);
  }
  paintMachine(latest.machine);
  paintHistory(latest.jobs);
}

/** One round of questions; raises where the first of them is not answered. */
async function ask() {
  const before = latest.job;
  const job = await loadJson("job/index.json");
  const begun = before?.runspec !== job.runspec;
  const moved = begun || job.events_done !== before.events_done || job.state !== before.state;
  latest.job = job;
  paintJob(job);
  paintWords(job);
  if (moved || latest.live.events < job.events_done) {
    latest.live = await loadJson("job/histograms.json");
    if (begun || !latest.references) { latest.references = await referenceFor(job).catch(() => null); } // asked again next time
    shown.take(job, latest.live, latest.references);
    latest.event = await loadJson("job/event.json");
    event.take(latest.event, job);
  }
  if (round % SELDOM === 0 || job.state !== before?.state) {
    const [machine, index, { boinc }, { jobs }] = [await loadJson("machine.json"), await loadJson("index.json"), await loadJson("boinc.json"), await loadJson("history.json")];
    latest.machine = { machine, index, boinc };
    latest.jobs = jobs;
    paintMachine(latest.machine);
    paintHistory(jobs);
  }
  if (log.isOpen) { await log.refresh(); }
  round += 1;
}

function connection(fine) {
  const banner = byId("banner");
  if (fine) {
    missed = 0;
    answered = new Date();
    banner.hidden = true;
    return;
  }
  missed += 1;
  paintWaiting();
}

function paintWaiting() {
  if (missed < MISSES) { return; }
  byId("banner").hidden = false;
  say(byId("banner"), t(latest.job ? "away" : "away.early", { time: moment(answered) }));
  paintAway();
}

async function turn() {
  if (busy) { return; }
  busy = true;
  clearTimeout(timer);
  let fine = true;
  try {
    await ask();
  } catch {
    fine = false;
  }
  connection(fine);
  busy = false;
  timer = setTimeout(turn, document.hidden ? HIDDEN : EACH);
}

async function speak(language, options) {
  await use(language, options);
  byId("view-button").title = t("event.side.title");
  paintAll();
  event.paint();
  shown.openTable(!byId("table").hidden);
  log.open(log.isOpen);
  if (tour.running) { tour.write(); }
  paintWaiting();
  delete byId("facts").dataset.key;
  if (latest.job) { paintWords(latest.job); }
}

async function start() {
  shown = new Shown();
  event = new EventView();
  log = new Log();
  tour = new Tour({ shown, event });
  const select = byId("language");
  const language = preferred();
  select.append(...Object.entries(LANGUAGES).map(([code, name]) => el("option", { value: code, lang: code }, name)));
  select.value = language;
  select.addEventListener("change", () => speak(select.value, { keep: true }));
  await speak(language);
  shown.paint();
  // Pages that come back into view look at once. A guest that was paused for hours is asked on, so there is nothing else to do.
  document.addEventListener("visibilitychange", () => { if (!document.hidden && missed === 0) { turn(); } });
  await turn();
}

start();
