// Languages: a small dictionary for each, and the numbers, durations and dates of each by the browser's own Intl.

export const LANGUAGES = { en: "English", de: "Deutsch", fr: "Français", it: "Italiano", es: "Español" };
const KEPT = "t4t-language";

let code = "en";
let words = {};

/** The language asked for in the address, else the one chosen here before, else the browser's; English where there is none of these. */
export function preferred() {
  const asked = [new URLSearchParams(location.search).get("lang"), kept(), ...navigator.languages];
  return asked.map((tag) => (tag || "").slice(0, 2).toLowerCase()).find((tag) => tag in LANGUAGES) || "en";
}

function kept() {
  try { return localStorage.getItem(KEPT); } catch { return null; } // storage may be forbidden
}

/** Load a language and make it the current one. */
export async function use(language, { keep = false } = {}) {
  ({ words } = await import(`./lang/${language}.js`));
  code = language;
  document.documentElement.lang = language;
  if (keep) {
    try { localStorage.setItem(KEPT, language); } catch { /* then it is asked of the browser again next time */ }
  }
  for (const element of document.querySelectorAll("[data-t]")) { element.textContent = t(element.dataset.t); }
}

/** Whether the language has such a text. */
export const has = (key) => Object.hasOwn(words, key);

/** The text of a key, with its {places} filled. */
export function t(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

/** A number with as many significant digits as asked for, small and large ones with a power of ten. */
export function number(value, digits = 3) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) {
    const power = Math.floor(Math.log10(size));
    return `${number(value / 10 ** power, digits)} × 10${superscript(power)}`;
  }
  return new Intl.NumberFormat(code, { maximumSignificantDigits: digits }).format(value);
}

/** A count, in full. */
export const count = (value) => new Intl.NumberFormat(code, { maximumFractionDigits: 0 }).format(value);

/** 13 TeV, 91.2 GeV. */
export const energy = (gev) => (gev >= 1000 ? `${number(gev / 1000, 4)} TeV` : `${number(gev, 4)} GeV`);

export const superscript = (power) => String(power).replace(/[-0-9]/g, (sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign]));

const unit = (value, name) => new Intl.NumberFormat(code, { style: "unit", unit: name, unitDisplay: "long", maximumFractionDigits: 0 }).format(value);

/** A time of `seconds` in its one or two largest units. */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) { return unit(whole, "second"); }
  if (whole < 3600) { return unit(Math.round(whole / 60), "minute"); }
  const hours = Math.floor(whole / 3600);
  const minutes = Math.round((whole % 3600) / 60);
  if (hours >= 24) { return `${unit(Math.floor(hours / 24), "day")} ${unit(hours % 24, "hour")}`; }
  return minutes ? `${unit(hours, "hour")} ${unit(minutes, "minute")}` : unit(hours, "hour");
}

/** A moment (Unix seconds or a Date) as time of day, with its date if that is another day. */
export function moment(at) {
  const when = at instanceof Date ? at : new Date(at * 1000);
  const today = when.toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(code, today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" }).format(when);
}
