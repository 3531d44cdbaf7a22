"""The in-memory driver, part of the product (``--hypervisor fake``): virtual clock, scripted guest, injectable faults."""

from t4t.hypervisor.fake.clock import VirtualClock
from t4t.hypervisor.fake.driver import FakeHypervisor
from t4t.hypervisor.fake.guest import GuestProgram, GuestView, ScriptedGuest
from t4t.hypervisor.fake.world import FakeWorld, Faults

__all__ = ["FakeHypervisor", "FakeWorld", "Faults", "GuestProgram", "GuestView", "ScriptedGuest", "VirtualClock"]
