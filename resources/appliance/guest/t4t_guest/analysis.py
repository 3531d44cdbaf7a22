"""What is measured in the events of each family of processes.

All spectra are (1/N) dn/dx with N the number of events; errors follow from sum w². Charged particles are the final ones of Pythia: K0S and Lambda
have decayed, as in the conventions of LEP and LHC.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import pythia8mc

from t4t_guest.histogram import Booking, Histogram

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_Z_MASS = 91.1876
_ELECTRON, _MUON = 11, 13


class Analysis(Protocol):
    """Reads one event after the other into its histograms."""

    histograms: list[Histogram]

    def read(self, event: pythia8mc.Event) -> None:
        """Count one event."""


def _charged(event: pythia8mc.Event) -> list[pythia8mc.Particle]:
    # One call for the whole record, and the plain status instead of isFinal(): the loop is most of the price of an event here.
    return [particle for particle in event.particles() if particle.statusSave > 0 and particle.isCharged()]


def _angle(first: float, second: float) -> float:
    """Difference of two azimuths, 0 to pi."""
    difference = abs(first - second) % (2 * math.pi)
    return 2 * math.pi - difference if difference > math.pi else difference


_COUNT = "(1/N) dN/dn"
_PT = "(1/N) dn/dpT [1/GeV]"
_ETA = "(1/N) dn/dη"
_PHI = "(1/N) dn/dΔφ [1/rad]"
_GEV = "pT [GeV]"

SOFT_BOOKINGS = (
    Booking("nch", "Charged multiplicity, |η| < 2.5, pT > 0.1 GeV", "charged particles", _COUNT, 80, -0.5, 159.5),
    Booking("pt", "Transverse momentum of charged particles, |η| < 2.5", _GEV, _PT, 50, 0.0, 10.0),
    Booking("eta", "Pseudorapidity of charged particles, pT > 0.1 GeV", "η", _ETA, 50, -5.0, 5.0),
    Booking("leading_pt", "Transverse momentum of the leading charged particle, |η| < 2.5", _GEV, _PT, 40, 0.0, 20.0),
    Booking("sum_pt", "Scalar sum of charged transverse momenta, |η| < 2.5", "Σ pT [GeV]", "(1/N) dN/dΣpT [1/GeV]", 50, 0.0, 150.0),
    Booking("mean_pt", "Mean transverse momentum of charged particles of an event, |η| < 2.5", "mean pT [GeV]", "(1/N) dN/dpT [1/GeV]", 40, 0.0, 2.0),
    Booking("delta_phi", "Azimuth of charged particles from the leading one, |η| < 2.5, pT > 0.5 GeV", "Δφ [rad]", _PHI, 32, 0.0, math.pi),
)


class SoftAnalysis:
    """Charged particles of soft proton collisions."""

    def __init__(self) -> None:
        """Book the histograms."""
        self.histograms = [Histogram(booking) for booking in SOFT_BOOKINGS]

    def read(self, event: pythia8mc.Event) -> None:
        """Count one event."""
        nch, pt, eta, leading, total, mean, delta = self.histograms
        tracks = [(particle.pT(), particle.eta(), particle.phi()) for particle in _charged(event)]
        tracks = [track for track in tracks if track[0] > 0.1]  # noqa: PLR2004 -- the threshold in the titles
        eta.fill_all([track[1] for track in tracks])
        central = [track for track in tracks if -2.5 < track[1] < 2.5]  # noqa: PLR2004 -- the acceptance in the titles
        momenta = [track[0] for track in central]
        nch.fill(float(len(central)))
        pt.fill_all(momenta)
        if not central:
            return
        total_pt = sum(momenta)
        total.fill(total_pt)
        mean.fill(total_pt / len(momenta))
        first = max(central)
        leading.fill(first[0])
        delta.fill_all([_angle(track[2], first[2]) for track in central if track is not first and track[0] > 0.5])  # noqa: PLR2004 -- as in the title


JET_BOOKINGS = (
    Booking("jet_pt", "Transverse momentum of jets, anti-kT R = 0.4, |y| < 4.5", _GEV, _PT, 50, 20.0, 220.0),
    Booking("jet_y", "Rapidity of jets with pT > 20 GeV", "y", "(1/N) dn/dy", 45, -4.5, 4.5),
    Booking("n_jets", "Number of jets with pT > 20 GeV, |y| < 4.5", "jets", _COUNT, 10, -0.5, 9.5),
    Booking("leading_jet_pt", "Transverse momentum of the leading jet", _GEV, _PT, 50, 20.0, 220.0),
    Booking("second_jet_pt", "Transverse momentum of the second jet", _GEV, _PT, 50, 20.0, 220.0),
    Booking("dijet_mass", "Mass of the two leading jets", "m [GeV]", "(1/N) dN/dm [1/GeV]", 50, 0.0, 500.0),
    Booking("delta_phi", "Azimuth between the two leading jets", "Δφ [rad]", _PHI, 32, 0.0, math.pi),
    Booking("nch", "Charged multiplicity, |η| < 2.5, pT > 0.5 GeV", "charged particles", _COUNT, 75, -0.5, 149.5),
)


class JetAnalysis:
    """Jets of proton collisions, anti-kT with R = 0.4 on all visible particles."""

    def __init__(self) -> None:
        """Book the histograms and prepare the jet finder."""
        self.histograms = [Histogram(booking) for booking in JET_BOOKINGS]
        # Power -1 is anti-kT; select 2: visible particles; massSet 2: their true masses.
        self._finder = pythia8mc.SlowJet(-1, 0.4, 20.0, 5.0, 2, 2)

    def read(self, event: pythia8mc.Event) -> None:
        """Count one event."""
        pt, rapidity, count, leading, second, mass, delta, nch = self.histograms
        finder = self._finder
        finder.analyze(event)
        jets = [number for number in range(finder.sizeJet()) if abs(finder.y(number)) < 4.5]  # noqa: PLR2004 -- the acceptance in the titles
        pt.fill_all([finder.pT(number) for number in jets])
        rapidity.fill_all([finder.y(number) for number in jets])
        count.fill(float(len(jets)))
        if jets:
            leading.fill(finder.pT(jets[0]))
        if len(jets) > 1:
            second.fill(finder.pT(jets[1]))
            one, two = finder.p(jets[0]), finder.p(jets[1])
            square = (one.e() + two.e()) ** 2 - (one.px() + two.px()) ** 2 - (one.py() + two.py()) ** 2 - (one.pz() + two.pz()) ** 2
            mass.fill(math.sqrt(max(square, 0.0)))
            delta.fill(_angle(finder.phi(jets[0]), finder.phi(jets[1])))
        tracks = [particle for particle in _charged(event) if particle.pT() > 0.5]  # noqa: PLR2004 -- the threshold in the title
        nch.fill(float(sum(1 for particle in tracks if -2.5 < particle.eta() < 2.5)))  # noqa: PLR2004 -- the acceptance in the title


Z_BOOKINGS = (
    Booking("mass", "Mass of the lepton pair", "m [GeV]", "(1/N) dN/dm [1/GeV]", 60, 60.0, 120.0),
    Booking("z_pt", "Transverse momentum of the lepton pair", _GEV, _PT, 50, 0.0, 100.0),
    Booking("z_y", "Rapidity of the lepton pair", "y", "(1/N) dN/dy", 40, -5.0, 5.0),
    Booking("lepton_pt", "Transverse momentum of the leptons", _GEV, _PT, 50, 0.0, 100.0),
    Booking("lepton_eta", "Pseudorapidity of the leptons", "η", _ETA, 50, -5.0, 5.0),
    Booking("delta_phi", "Azimuth between the leptons", "Δφ [rad]", _PHI, 32, 0.0, math.pi),
    Booking("nch", "Charged multiplicity, |η| < 2.5, pT > 0.5 GeV, with the leptons", "charged particles", _COUNT, 60, -0.5, 119.5),
)


class ZAnalysis:
    """Z to electrons or muons: bare leptons after radiation."""

    def __init__(self) -> None:
        """Book the histograms."""
        self.histograms = [Histogram(booking) for booking in Z_BOOKINGS]

    def read(self, event: pythia8mc.Event) -> None:
        """Count one event; of several lepton pairs the one nearest the Z mass is taken."""
        mass, pair_pt, pair_y, lepton_pt, lepton_eta, delta, nch = self.histograms
        tracks = [particle for particle in _charged(event) if particle.pT() > 0.5]  # noqa: PLR2004 -- the threshold in the title
        nch.fill(float(sum(1 for particle in tracks if -2.5 < particle.eta() < 2.5)))  # noqa: PLR2004 -- the acceptance in the title
        best = None
        for first in tracks:
            if first.idSave not in {_ELECTRON, _MUON}:
                continue
            for second in tracks:
                if second.idSave == -first.idSave:
                    energy, momentum = first.e() + second.e(), (first.px() + second.px(), first.py() + second.py(), first.pz() + second.pz())
                    square = energy**2 - momentum[0] ** 2 - momentum[1] ** 2 - momentum[2] ** 2
                    found = math.sqrt(max(square, 0.0))
                    if best is None or abs(found - _Z_MASS) < abs(best[0] - _Z_MASS):
                        best = (found, energy, momentum, first, second)
        if best is None:
            return
        found, energy, momentum, first, second = best
        mass.fill(found)
        pair_pt.fill(math.hypot(momentum[0], momentum[1]))
        pair_y.fill(0.5 * math.log((energy + momentum[2]) / (energy - momentum[2])))
        lepton_pt.fill_all([first.pT(), second.pT()])
        lepton_eta.fill_all([first.eta(), second.eta()])
        delta.fill(_angle(first.phi(), second.phi()))


EE_BOOKINGS = (
    Booking("nch", "Charged multiplicity", "charged particles", _COUNT, 31, -1.0, 61.0),
    Booking("thrust", "One minus thrust of charged particles", "1 - T", "(1/N) dN/d(1-T)", 40, 0.0, 0.5),
    Booking("c_parameter", "C parameter of charged particles", "C", "(1/N) dN/dC", 40, 0.0, 1.0),
    Booking("sphericity", "Sphericity of charged particles", "S", "(1/N) dN/dS", 40, 0.0, 1.0),
    Booking("xp", "Scaled momentum of charged particles", "xp = 2p/√s", "(1/N) dn/dxp", 50, 0.0, 1.0),
    Booking("xi", "Logarithm of the scaled momentum of charged particles", "ξ = -ln xp", "(1/N) dn/dξ", 48, 0.0, 6.0),
    Booking("rapidity", "Rapidity of charged particles along the thrust axis", "|y|", "(1/N) dn/d|y|", 40, 0.0, 6.0),
    Booking("pt_thrust", "Momentum of charged particles transverse to the thrust axis", _GEV, _PT, 40, 0.0, 8.0),
    Booking("cos_theta", "Polar angle of the thrust axis", "|cos θ|", "(1/N) dN/d|cos θ|", 20, 0.0, 1.0),
)


class ElectronAnalysis:
    """Shapes and charged particles of hadronic Z decays."""

    def __init__(self, energy: float) -> None:
        """Book the histograms for a centre-of-mass energy in GeV."""
        self.histograms = [Histogram(booking) for booking in EE_BOOKINGS]
        self._beam = energy / 2
        # Select 3: charged particles. Thrust takes the cube of their number, so neutral ones would cost ten times as much.
        self._thrust = pythia8mc.Thrust(3)
        self._linear = pythia8mc.Sphericity(1.0, 3)
        self._quadratic = pythia8mc.Sphericity(2.0, 3)

    def read(self, event: pythia8mc.Event) -> None:
        """Count one event."""
        nch, thrust, c_parameter, sphericity, xp, xi, rapidity, pt_thrust, cos_theta = self.histograms
        tracks = [(particle.pAbs(), particle.px(), particle.py(), particle.pz(), particle.e()) for particle in _charged(event)]
        nch.fill(float(len(tracks)))
        scaled = [track[0] / self._beam for track in tracks]
        xp.fill_all(scaled)
        xi.fill_all([-math.log(value) for value in scaled if value > 0])
        if self._linear.analyze(event):
            one, two, three = (self._linear.eigenValue(number) for number in (1, 2, 3))
            c_parameter.fill(3 * (one * two + two * three + three * one))
        if self._quadratic.analyze(event):
            sphericity.fill(self._quadratic.sphericity())
        if not self._thrust.analyze(event):
            return
        thrust.fill(1 - self._thrust.thrust())
        axis = self._thrust.eventAxis(1)
        x, y, z = axis.px(), axis.py(), axis.pz()
        cos_theta.fill(abs(z))
        along = [abs(px * x + py * y + pz * z) for _, px, py, pz, _ in tracks]
        pairs = list(zip(tracks, along, strict=True))
        rapidity.fill_all([0.5 * math.log((track[4] + part) / (track[4] - part)) for track, part in pairs if track[4] > part])
        pt_thrust.fill_all([math.sqrt(max(track[0] * track[0] - part * part, 0.0)) for track, part in pairs])


def analysis_for(family: str, energy: float) -> Analysis:
    """A fresh analysis for a family of `physics`; the energy is in GeV.

    Raises KeyError for a family that is not there.
    """
    if family == "ee":
        return ElectronAnalysis(energy)
    kinds: dict[str, Callable[[], Analysis]] = {"soft": SoftAnalysis, "jets": JetAnalysis, "z": ZAnalysis}
    return kinds[family]()


def bookings_for(family: str) -> Sequence[Booking]:
    """The histograms of a family, in the order of the result."""
    return {"soft": SOFT_BOOKINGS, "jets": JET_BOOKINGS, "z": Z_BOOKINGS, "ee": EE_BOOKINGS}[family]
