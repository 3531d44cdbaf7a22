// Reference distributions: our own long runs of the same runspecs (packaging/appliance/references.py), shipped with the appliance.

import { loadJson } from "./load.js";

let index = null;
const loaded = new Map();

const keyOf = (job) => [job.beam, job.process, job.energy, job.params, job.specific, job.generator, job.tune].join(" ");

/** The reference of a job, or null. */
export async function referenceFor(job) {
  if (!job.runspec) { return null; }
  index ??= await loadJson("reference/index.json");
  const name = index[keyOf(job)];
  if (!name) { return null; }
  if (!loaded.has(name)) { loaded.set(name, await loadJson(`reference/${name}`)); }
  return loaded.get(name);
}

const FEW = 5;

/** How well two histograms agree, bin by bin: chi squared over the bins with enough entries in both; null where there are too few of them. */
export function agreement(histogram, reference) {
  let sum = 0, bins = 0;
  histogram.heights.forEach((height, bin) => {
    const error = histogram.errors[bin], other = reference.errors[bin];
    if (!(error > 0) || !(other > 0) || (height / error) ** 2 < FEW || (reference.heights[bin] / other) ** 2 < FEW) { return; }
    sum += (height - reference.heights[bin]) ** 2 / (error ** 2 + other ** 2);
    bins += 1;
  });
  if (bins < 5) { return null; }
  const ratio = sum / bins;
  // The ratio of n bins scatters by sqrt(2/n) around 1 when only chance is at work.
  const verdict = ratio < 1 + 3 * Math.sqrt(2 / bins) ? "good" : "poor";
  return { ratio, bins, verdict };
}
