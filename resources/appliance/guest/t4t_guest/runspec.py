"""The runspec: one line of text that says which collisions to compute."""

from __future__ import annotations

from typing import NamedTuple

FIELD_COUNT = 10
MAX_EVENTS = 100_000_000
MAX_SEED = 900_000_000
"""Pythia's largest seed."""
MAX_INPUT_BYTES = 65_536
MAX_WORD = 80
MIN_ENERGY = 10.0
MAX_ENERGY = 100_000.0


class RefusedError(Exception):
    """The input can't be run here; the text says why. Ends a job with exit code 206."""


class Runspec(NamedTuple):
    """A job as MCPlots describes it."""

    beam: str
    process: str
    energy: float
    """Centre-of-mass energy in GeV."""
    params: str
    specific: str
    generator: str
    version: str
    tune: str
    events: int
    seed: int

    @property
    def line(self) -> str:
        """The runspec in its one normal form, without anything before `boinc`."""
        energy = f"{self.energy:g}"
        words = (self.beam, self.process, energy, self.params, self.specific, self.generator, self.version, self.tune, str(self.events), str(self.seed))
        return " ".join(("boinc", *words))

    @property
    def pt_hat_min(self) -> float | None:
        """Lower cut on pT-hat in GeV: the first number of the params; None where there is none."""
        for part in self.params.split(","):
            try:
                value = float(part)
            except ValueError:
                continue
            if 0 <= value <= self.energy:
                return value
            raise RefusedError(f"the pT-hat cut {part} GeV is not between 0 and the energy")
        return None


def _whole(text: str, name: str, largest: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(largest))) or not 1 <= int(text) <= largest:
        raise RefusedError(f"{name} must be a whole number from 1 to {largest}, not {text[:40]!r}")
    return int(text)


def _energy(text: str) -> float:
    try:
        value = float(text) if text.isascii() and "_" not in text else 0.0
    except ValueError:
        value = 0.0
    if not MIN_ENERGY <= value <= MAX_ENERGY:
        raise RefusedError(f"the energy must be {MIN_ENERGY:g} to {MAX_ENERGY:g} GeV, not {text[:40]!r}")
    return value


def parse_runspec(text: str) -> Runspec:
    """Read the first line of `text` that has `boinc` followed by ten words.

    Raises RefusedError when there is none or a number in it is wrong. Names of processes and tunes are checked by `physics`.
    """
    for line in text[:MAX_INPUT_BYTES].splitlines():
        words = line.split()
        if "boinc" not in words:
            continue
        fields = [word.strip("\"'") for word in words[words.index("boinc") + 1 :]]
        if len(fields) < FIELD_COUNT:
            continue
        fields = fields[:FIELD_COUNT]
        if not all(field.isascii() and field.isprintable() and 0 < len(field) <= MAX_WORD for field in fields):
            raise RefusedError("the runspec has a word that is too long or not plain text")
        beam, process, energy, params, specific, generator, version, tune, events, seed = fields
        number = _energy(energy)
        count = _whole(events, "the number of events", MAX_EVENTS)
        return Runspec(beam, process, number, params, specific, generator, version, tune, count, _whole(seed, "the seed", MAX_SEED))
    raise RefusedError("the input has no runspec (boinc BEAM PROCESS ENERGY PARAMS SPECIFIC GENERATOR VERSION TUNE NEVENTS SEED)")
