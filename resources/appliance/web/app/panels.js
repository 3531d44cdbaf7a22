// The science box itself, the jobs it has finished since it was started, and the log.

import { byId, el, say } from "./dom.js";
import { collisionsOf, processName } from "./job.js";
import { loadMore } from "./load.js";
import { outline } from "./plot.js";
import { count, duration, has, moment, number, t } from "./text.js";

const KEPT_LOG = 60000; // characters on the page; the whole log is behind the link

export function paintMachine({ machine = {}, index = {}, boinc = {} }) {
  const name = boinc.BOINC_USERNAME;
  const rows = [
    ["machine.cores", machine.cores ? count(machine.cores) : ""],
    ["machine.memory", machine.memory_mib ? `${count(machine.memory_mib)} MiB` : ""],
    ["machine.runs", has(`hypervisor.${machine.hypervisor}`) ? t(`hypervisor.${machine.hypervisor}`) : machine.hypervisor],
    ["machine.uptime", index.uptime ? duration(index.uptime) : ""],
    ["machine.load", index.load ? number(Number(index.load[0])) : ""],
    ["machine.kernel", machine.kernel ? `Linux ${machine.kernel}` : ""],
    ["machine.version", machine.version],
    ["machine.volunteer", name],
    ["machine.credit", Number(boinc.BOINC_USER_TOTAL_CREDIT) ? count(Number(boinc.BOINC_USER_TOTAL_CREDIT)) : ""],
  ].filter(([, value]) => value);
  byId("machine-facts").replaceChildren(...rows.flatMap(([key, value]) => [el("dt", {}, t(key)), el("dd", {}, String(value))]));
}

export function paintHistory(jobs) {
  const place = byId("history-list");
  if (!jobs.length) {
    place.replaceChildren(el("p", { class: "muted" }, t("history.none")));
    return;
  }
  place.replaceChildren(el("ul", { class: "jobs" }, ...[...jobs].reverse().map((job) => el("li", {},
    outline(job.curve.heights, "curve"),
    el("div", {}, el("p", {}, `${collisionsOf(job)} · ${processName(job)}`),
      el("p", { class: "muted small" }, job.state === "done" ? t("history.done", { events: count(job.events), time: duration(job.seconds) }) : t("history.failed", { why: job.message }))),
    el("p", { class: "muted small" }, moment(job.finished))))));
}

export class Log {
  constructor() {
    this.have = 0;
    this.text = "";
    this.decoder = new TextDecoder();
    this.place = byId("log-text");
    byId("log-button").addEventListener("click", () => this.open(this.place.hidden));
  }

  get isOpen() { return !this.place.hidden; }

  open(open) {
    this.place.hidden = !open;
    byId("log-button").setAttribute("aria-expanded", String(open));
    say(byId("log-button"), t(open ? "log.hide" : "log.show"));
    if (open) { this.refresh().catch(() => { /* the next round asks again */ }); }
  }

  async refresh() {
    const { whole, data } = await loadMore("logs/running.log", this.have);
    if (whole) {
      if (data.length === this.have) { return; } // nothing has come: the server then sends all of it
      this.text = "";
      this.have = 0;
      this.decoder = new TextDecoder();
    }
    this.have += data.length;
    this.text = (this.text + this.decoder.decode(data, { stream: true })).slice(-KEPT_LOG);
    const atEnd = this.place.scrollTop + this.place.clientHeight >= this.place.scrollHeight - 8;
    say(this.place, this.text || t("log.empty"));
    if (atEnd) { this.place.scrollTop = this.place.scrollHeight; }
  }
}
