"""The line that says which collisions a job computes, as MCPlots writes it and every Test4Theory job carries it in its input. Pure.

``boinc BEAM PROCESS ENERGY PARAMS SPECIFIC GENERATOR VERSION TUNE NEVENTS SEED``, after any words (docs/guest-interface.md, section 2). What a guest or a
project wrote is not trusted: a line that is not exactly that is none.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

MAX_INPUT_CHARS: Final = 65_536
MAX_WORD: Final = 80
MAX_ENERGY_GEV: Final = 1e6
MAX_EVENTS: Final = 10**12

_MARK: Final = "boinc"
_FIELDS: Final = 10
_ENERGY: Final = re.compile(r"[0-9]{1,7}(?:\.[0-9]{0,6})?")
_WHOLE: Final = re.compile(r"[0-9]{1,18}")
_CUT: Final = re.compile(r"[0-9]{1,7}(?:\.[0-9]{0,6})?")
_FAMILIES: Final = {("pp", "softqcd"): "soft", ("pp", "soft-inelastic"): "soft", ("pp", "jets"): "jets", ("pp", "z"): "z", ("ee", "zhad"): "ee"}
"""Which of the reference guest's analyses reads the events: its histograms have names of their own (resources/physics/glossary.toml)."""


class Runspec(msgspec.Struct, frozen=True, kw_only=True):
    """One job. ``energy`` is that of both beams together, in GeV; ``-`` stands for nothing in the words."""

    beam: str
    process: str
    energy: float
    params: str
    specific: str
    generator: str
    version: str
    tune: str
    events: int
    seed: int

    @property
    def family(self) -> str:
        """The reference guest's name for its kind of collisions; empty for all others."""
        return _FAMILIES.get((self.beam, self.process), "")

    @property
    def cut(self) -> float | None:
        """The least momentum across the beam of the central hit, in GeV; None: there is no such cut."""
        first = self.params.split(",", 1)[0]
        return float(first) if _CUT.fullmatch(first) and float(first) > 0 else None


def find_runspec(text: str) -> Runspec | None:
    """The first line of ``text`` that is one; None if there is none."""
    for line in text[:MAX_INPUT_CHARS].splitlines():
        words = [word.strip("\"'") for word in line.split()]
        if _MARK in words and (found := _read(words[words.index(_MARK) + 1 :][:_FIELDS])) is not None:
            return found
    return None


def _read(words: list[str]) -> Runspec | None:
    if len(words) < _FIELDS or not all(word.isascii() and word.isprintable() and 0 < len(word) <= MAX_WORD for word in words):
        return None
    beam, process, energy, params, specific, generator, version, tune, events, seed = words
    if not (_ENERGY.fullmatch(energy) and _WHOLE.fullmatch(events) and _WHOLE.fullmatch(seed)):
        return None
    if not (0 < float(energy) <= MAX_ENERGY_GEV and 0 < int(events) <= MAX_EVENTS):
        return None
    return Runspec(
        beam=beam,
        process=process,
        energy=float(energy),
        params=params,
        specific=specific,
        generator=generator,
        version=version,
        tune=tune,
        events=int(events),
        seed=int(seed),
    )
