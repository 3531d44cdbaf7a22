// The picture of one collision of this job, seen along the beam or from the side.

import { FIELD, LENGTH, RADIUS, groups, particle, track } from "./collision.js";
import { byId, el, say, svg } from "./dom.js";
import { count, has, number, t } from "./text.js";

const RINGS = [0.25, 0.5, 0.8, RADIUS];
const NEUTRAL_PT = 0.5; // GeV; softer neutral ones would only be fog
const MANY = 150; // particles; of so many, the softest tracks only hide the others
const MANY_PT = 0.4; // GeV

const nameOf = (id) => (has(`p.${id}`) ? t(`p.${id}`) : t("p.other"));

export class EventView {
  constructor() {
    this.event = null;
    this.side = false;
    this.place = byId("event");
    byId("replay").addEventListener("click", () => this.play());
    byId("view-button").addEventListener("click", () => {
      this.side = !this.side;
      byId("view-button").setAttribute("aria-pressed", String(this.side));
      this.paint();
    });
  }

  get held() { return byId("hold").checked; }

  /** An event of the guest; an empty one where there is none yet. */
  take(event, job) {
    const none = !event?.particles?.length;
    const key = none ? "" : `${job.runspec} ${event.chunk}`;
    if (key === this.key || (this.held && this.event && job.runspec === this.runspec)) { return; }
    this.key = key;
    this.runspec = job.runspec;
    this.event = none ? null : event;
    this.paint();
    if (!none) { this.play(); }
  }

  /** The particles fly out again; CSS keeps still where less motion is asked for. */
  play() {
    this.place.classList.remove("plays");
    void this.place.clientWidth; // the animation begins anew only after a layout without it
    this.place.classList.add("plays");
  }

  paint() {
    for (const id of ["replay", "view-button", "hold"]) { byId(id).disabled = !this.event; }
    if (!this.event) {
      this.place.replaceChildren(t("event.none"));
      this.place.setAttribute("aria-label", t("event.none"));
      for (const id of ["heart", "event-facts"]) { byId(id).replaceChildren("\u00a0"); }
      byId("event-legend").replaceChildren();
      return;
    }
    const every = this.event.particles.map(particle);
    const { names, meaning } = groups(this.event.family, every);
    const least = every.length > MANY ? MANY_PT : 0;
    const all = every.map((one, index) => ({ ...one, name: names[index] })).filter((one) => one.pt >= (one.charge ? least : NEUTRAL_PT));
    this.place.replaceChildren(this.picture(all));
    const facts = this.facts(all);
    this.place.setAttribute("aria-label", `${this.heart()}. ${facts}`);
    say(byId("heart"), this.heart());
    say(byId("event-facts"), `${facts} ${t("event.field", { tesla: number(FIELD) })}`);
    byId("event-legend").replaceChildren(...meaning.map(([name, key]) => el("span", {}, el("i", { class: name }), t(key))));
  }

  /** gluon + up quark → Z boson → electron + positron */
  heart() {
    const { incoming, between, outgoing } = this.event;
    const steps = [incoming, between, outgoing].filter((ids) => ids?.length).map((ids) => ids.slice(0, 4).map(nameOf).join(" + "));
    return t("event.heart", { chain: steps.join(" → ") });
  }

  facts(all) {
    const charged = all.filter((one) => one.charge).length;
    return t("event.facts", { count: count(this.event.count), drawn: count(all.length), charged: count(charged), hardest: number(all[0].pt) });
  }

  picture(all) {
    const picture = svg("svg", { viewBox: this.side ? `${-LENGTH} ${-LENGTH} ${2 * LENGTH} ${2 * LENGTH}` : "-1.2 -1.2 2.4 2.4", "aria-hidden": "true" });
    const scale = this.side ? (2 * LENGTH) / 400 : 2.4 / 400;
    const body = svg("g", { transform: `scale(${scale})` }); // widths in the style sheet are those of a picture of 400
    body.append(...this.detector(scale));
    for (const one of [...all].sort((a, b) => (a.name === "rest" ? 0 : 1) - (b.name === "rest" ? 0 : 1))) { body.append(this.path(one, scale)); }
    body.append(svg("circle", { class: "vertex", r: 3 }));
    picture.append(body);
    return picture;
  }

  detector(scale) {
    if (!this.side) { return RINGS.map((radius) => svg("circle", { class: "ring", r: radius / scale })); }
    const box = RINGS.map((radius, ring) => {
      const half = (LENGTH * (ring + 1)) / RINGS.length / scale;
      return svg("rect", { class: "ring", x: -half, y: -radius / scale, width: 2 * half, height: (2 * radius) / scale });
    });
    return [...box, svg("path", { class: "ring", d: `M${-LENGTH / scale} 0H${LENGTH / scale}` })];
  }

  path(one, scale) {
    const points = track(one).map(([x, y, z]) => (this.side ? [z, -y] : [x, -y]).map((value) => (value / scale).toFixed(1)).join(" "));
    const title = t("event.particle", { name: nameOf(one.id), pt: number(one.pt) });
    return svg("path", { class: `track ${one.name}${one.charge ? "" : " neutral"}`, d: `M${points.join("L")}`, pathLength: one.charge ? 1 : null }, svg("title", {}, title));
  }
}
