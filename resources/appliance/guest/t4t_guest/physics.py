"""What Pythia is told for a runspec: beams, process, tune."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from t4t_guest.runspec import RefusedError

if TYPE_CHECKING:
    from t4t_guest.runspec import Runspec

# Tunes whose parton densities are shipped with Pythia: (Tune:pp, Tune:ee); None leaves Pythia's default.
TUNES: dict[str, tuple[int | None, int | None]] = {
    "tune-monash13": (14, 7),
    "default": (None, None),
    "tune-2c": (3, 3),
    "tune-2m": (4, 3),
    "tune-4c": (5, 3),
    "tune-4cx": (6, 3),
    "tune-a2-cteq6l1": (7, 3),
    "tune-au2-cteq6l1": (9, 3),
    "tune-cuetp8s1-cteq6l1": (15, 7),
    "tune-cuetp8m1": (18, 7),
    "tune-a14-cteq6l1": (19, 7),
    "tune-a14-nnpdf23lo": (21, 7),
}
_FAMILIES = {"soft-inelastic": "soft", "softqcd": "soft", "jets": "jets", "z": "z"}
_DEFAULT_PT_HAT_MIN = 20.0
_Z_WINDOW = (60.0, 120.0)


class Process(NamedTuple):
    """A process ready for Pythia."""

    family: str
    """Which analysis reads the events: `soft`, `jets`, `z` or `ee`."""
    settings: tuple[str, ...]
    """Pythia's settings, in the order they must be read, without the seed."""


def _beams(spec: Runspec) -> list[str]:
    if spec.beam == "pp":
        beams = ["Beams:idA = 2212", "Beams:idB = 2212"]
    elif spec.beam == "ee":
        # No photons from the beams: the energy of the collision is the one asked for, as in corrected LEP data.
        beams = ["Beams:idA = 11", "Beams:idB = -11", "PDF:lepton = off"]
    else:
        raise RefusedError(f"the beam {spec.beam!r} is not known here (pp, ee)")
    return [*beams, f"Beams:eCM = {spec.energy!r}"]


def _jets(spec: Runspec) -> list[str]:
    cut = spec.pt_hat_min
    return ["HardQCD:all = on", f"PhaseSpace:pTHatMin = {_DEFAULT_PT_HAT_MIN if cut is None else max(cut, 1.0)!r}"]


def _z_to_leptons(spec: Runspec) -> list[str]:
    low, high = _Z_WINDOW
    cut = spec.pt_hat_min
    lines = ["WeakSingleBoson:ffbar2gmZ = on", "23:onMode = off", "23:onIfAny = 11 13", f"23:mMin = {low}", f"23:mMax = {high}"]
    if cut:
        # A single boson has no pT-hat; the cut asks for the recoil against a parton.
        lines[0:1] = ["WeakBosonAndParton:qqbar2gmZg = on", "WeakBosonAndParton:qg2gmZq = on", f"PhaseSpace:pTHatMin = {cut!r}"]
    return lines


def _process(spec: Runspec) -> tuple[str, list[str]]:
    if spec.beam == "ee":
        if spec.process != "zhad":
            raise RefusedError(f"the process {spec.process!r} is not known here for e+e- (zhad)")
        return "ee", ["WeakSingleBoson:ffbar2gmZ = on", "23:onMode = off", "23:onIfAny = 1 2 3 4 5"]
    family = _FAMILIES.get(spec.process)
    if family is None:
        raise RefusedError(f"the process {spec.process!r} is not known here for pp (soft-inelastic, softqcd, jets, z)")
    if family == "soft":
        return family, ["SoftQCD:nonDiffractive = on"]
    return family, _jets(spec) if family == "jets" else _z_to_leptons(spec)


def _tune(spec: Runspec) -> list[str]:
    numbers = TUNES.get(spec.tune.lower())
    if numbers is None:
        raise RefusedError(f"the tune {spec.tune!r} is not known here ({', '.join(TUNES)})")
    proton, electron = numbers
    lines = []
    if electron is not None:
        lines.append(f"Tune:ee = {electron}")
    if proton is not None and spec.beam == "pp":
        lines.append(f"Tune:pp = {proton}")
    return lines


def process_for(spec: Runspec) -> Process:
    """Pythia's settings for a runspec.

    Raises RefusedError for a generator, beam, process or tune that is not known here.
    """
    if spec.generator != "pythia8":
        raise RefusedError(f"the generator {spec.generator!r} is not here (pythia8)")
    if not math.isfinite(spec.energy):
        raise RefusedError("the energy is no number")
    family, lines = _process(spec)
    quiet = ["Print:quiet = on", "Next:numberCount = 0"]
    return Process(family, (*quiet, *_tune(spec), *_beams(spec), *lines))
