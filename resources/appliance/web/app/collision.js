// What a picture of a collision is made of: tracks in a magnetic field, jets, hemispheres. Pure: numbers in, numbers out.

export const FIELD = 3.8; // tesla, as in a large LHC detector
export const RADIUS = 1.1; // m, where the picture of the tracks ends
export const LENGTH = 1.7; // m, half of it along the beam
const JET_SIZE = 0.4;
const JET_PT = 10; // GeV
const LEPTONS = new Set([11, 13]);
const LEPTON_PT = 10; // GeV

/** A row of the guest as a particle. */
export function particle([id, charge, px, py, pz, energy]) {
  const pt = Math.hypot(px, py);
  const p = Math.hypot(pt, pz);
  return { id, charge, px, py, pz, energy, pt, phi: Math.atan2(py, px), y: 0.5 * Math.log((energy + pz + 1e-9) / (energy - pz + 1e-9)), eta: Math.asinh(pz / pt), p };
}

/** Points (x, y, z) in metres of a particle's way from the centre to the edge of the detector. A charged one bends; a slow one curls and ends at its farthest. */
export function track(one, points = 24) {
  const speed = one.pz / one.pt; // metres along the beam for a metre across it
  const way = one.charge ? one.pt / (0.3 * FIELD * Math.abs(one.charge)) : Infinity; // its radius
  const reach = 2 * way > RADIUS ? (Number.isFinite(way) ? 2 * way * Math.asin(RADIUS / (2 * way)) : RADIUS) : Math.PI * way;
  const end = Math.min(reach, speed ? LENGTH / Math.abs(speed) : reach);
  const found = [];
  const count = one.charge ? points : 1;
  for (let step = 0; step <= count; step += 1) {
    const s = (end * step) / count;
    if (!Number.isFinite(way)) {
      found.push([s * Math.cos(one.phi), s * Math.sin(one.phi), s * speed]);
    } else {
      const turn = -Math.sign(one.charge) * (s / way), chord = 2 * way * Math.sin(s / way / 2);
      found.push([chord * Math.cos(one.phi + turn / 2), chord * Math.sin(one.phi + turn / 2), s * speed]);
    }
  }
  return found;
}

const between = (a, b) => { const d = Math.abs(a - b) % (2 * Math.PI); return d > Math.PI ? 2 * Math.PI - d : d; };

/** Jets by anti-kT: the indices of the particles of each, hardest jet first. */
export function jets(particles, least = JET_PT) {
  let open = particles.map((one, index) => ({ px: one.px, py: one.py, pz: one.pz, energy: one.energy, ...pieces(one), members: [index] }));
  const done = [];
  while (open.length) {
    let best = Infinity, first = 0, second = -1;
    for (let i = 0; i < open.length; i += 1) {
      const own = 1 / open[i].pt2;
      if (own < best) { best = own; first = i; second = -1; }
      for (let j = i + 1; j < open.length; j += 1) {
        const away = ((open[i].y - open[j].y) ** 2 + between(open[i].phi, open[j].phi) ** 2) / JET_SIZE ** 2;
        const distance = Math.min(own, 1 / open[j].pt2) * away;
        if (distance < best) { best = distance; first = i; second = j; }
      }
    }
    if (second < 0) {
      if (open[first].pt2 >= least ** 2) { done.push(open[first]); }
      open.splice(first, 1);
    } else {
      const one = open[first], two = open[second];
      const sum = { px: one.px + two.px, py: one.py + two.py, pz: one.pz + two.pz, energy: one.energy + two.energy };
      open = open.filter((_, index) => index !== first && index !== second);
      open.push({ ...sum, ...pieces(sum), members: [...one.members, ...two.members] });
    }
  }
  return done.sort((a, b) => b.pt2 - a.pt2);
}

function pieces(one) {
  return { pt2: one.px ** 2 + one.py ** 2, phi: Math.atan2(one.py, one.px), y: 0.5 * Math.log((one.energy + one.pz + 1e-9) / (one.energy - one.pz + 1e-9)) };
}

/** The direction along which most of the momentum flows: the long axis of the momentum tensor, by a few multiplications with it. */
export function axis(particles) {
  const m = [[0, 0, 0], [0, 0, 0], [0, 0, 0]];
  for (const one of particles) {
    const v = [one.px, one.py, one.pz];
    for (let i = 0; i < 3; i += 1) { for (let j = 0; j < 3; j += 1) { m[i][j] += (v[i] * v[j]) / (one.p || 1); } }
  }
  const hardest = particles.reduce((best, one) => (one.p > best.p ? one : best), particles[0]);
  let v = [hardest.px, hardest.py, hardest.pz];
  for (let round = 0; round < 50; round += 1) {
    const w = m.map((row) => row[0] * v[0] + row[1] * v[1] + row[2] * v[2]);
    const size = Math.hypot(...w) || 1;
    v = w.map((value) => value / size);
  }
  return v;
}

/** Which colour each particle gets, and what the colours mean here. */
export function groups(family, particles) {
  const names = particles.map(() => "rest");
  let meaning = [];
  if (family === "ee" && particles.length) {
    const [x, y, z] = axis(particles);
    particles.forEach((one, index) => { names[index] = one.px * x + one.py * y + one.pz * z > 0 ? "accent" : "good"; });
    meaning = [["accent", "event.side.one"], ["good", "event.side.two"]];
  } else if (family === "jets") {
    const [first, second] = jets(particles);
    (first?.members || []).forEach((index) => { names[index] = "accent"; });
    (second?.members || []).forEach((index) => { names[index] = "good"; });
    meaning = [...(first ? [["accent", "event.jet.one"]] : []), ...(second ? [["good", "event.jet.two"]] : []), ["rest", "event.rest"]];
  } else if (family === "z") {
    const pair = particles.map((one, index) => [one, index]).filter(([one]) => LEPTONS.has(Math.abs(one.id)) && one.pt > LEPTON_PT);
    pair.forEach(([, index]) => { names[index] = "attention"; });
    meaning = [...(pair.length ? [["attention", "event.leptons"]] : []), ["rest", "event.rest"]];
  } else {
    particles.forEach((one, index) => { if (one.charge) { names[index] = one.charge > 0 ? "accent" : "good"; } });
    meaning = [["accent", "event.positive"], ["good", "event.negative"]];
  }
  if (particles.some((one) => !one.charge)) { meaning.push(["neutral", "event.neutral"]); }
  return { names, meaning };
}
