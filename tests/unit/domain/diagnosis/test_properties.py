"""Whatever the facts are: a diagnosis comes out, never ready against a failure, in a stable order, and it can be said in words."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.diagnosis import diagnose, health
from t4t.domain.diagnosis.findings import Check, Diagnosis, Finding, Remedy, Status, Verdict
from t4t.domain.diagnosis.remedies import family, step
from t4t.domain.facts import (
    Architecture,
    Board,
    Building,
    Computer,
    Confinement,
    Disk,
    Driver,
    Fact,
    Facts,
    Kvm,
    Memory,
    Network,
    Obstacle,
    Owner,
    Qemu,
    Reach,
    System,
    Translation,
    Trial,
    Vendor,
    VirtualBox,
    Virtualization,
    certain,
    unknown,
)
from t4t.domain.vm import Accelerator
from t4t.storage import tables
from t4t.wording import doctor, findings, remedies

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

TABLES = tables.load()
T = TypeVar("T")
TEXT = st.text(max_size=12)
VERSION = st.tuples(st.integers(6, 8), st.integers(0, 3), st.integers(0, 99))
RELEASE = st.sampled_from(["", "5.10.0", "6.11", "6.12.9-amd64", "6.16", "6.18.2", "7.1.0-rc3", "26100", "14.7"]) | TEXT
FAMILIES = st.tuples() | st.tuples(st.sampled_from(["debian", "ubuntu", "fedora", "rhel", "opensuse", "arch", "nixos"]))


def fact(values: SearchStrategy[T]) -> SearchStrategy[Fact[T]]:
    return st.one_of(st.just(unknown("nowhere")), values.map(lambda value: certain(value, "somewhere")))


BOOL = fact(st.booleans())
MEMORY = st.builds(Memory, total=st.integers(1, 99_999), available=st.integers(0, 99_999), commit=st.integers(0, 99_999))
DISK = st.builds(Disk, path=TEXT, free=st.integers(0, 999_999), file_system=st.sampled_from(["", "ext4", "vfat", "nfs4", "ntfs"]))
COMPUTER = st.builds(
    Computer,
    system=st.sampled_from(System),
    release=fact(RELEASE),
    distribution=fact(FAMILIES),
    name=fact(TEXT),
    processor=fact(TEXT),
    vendor=fact(st.sampled_from(Vendor)),
    cores=fact(st.integers(1, 64)),
    architecture=fact(st.sampled_from(Architecture)),
    translation=fact(st.sampled_from(Translation)),
    confinement=fact(st.sampled_from(Confinement)),
    service=BOOL,
    elevated=BOOL,
    guest_of=fact(TEXT),
    board=fact(st.builds(Board, vendor=TEXT, product=TEXT, firmware=TEXT)),
    uefi=BOOL,
    secure_boot=BOOL,
    virtualization=st.builds(
        Virtualization,
        can=BOOL,
        on=BOOL,
        free=BOOL,
        second_level=BOOL,
        owners=fact(st.lists(st.sampled_from(Owner), unique=True).map(tuple)),
        windows_platform=BOOL,
    ),
    kvm=fact(
        st.builds(
            Kvm,
            loaded=st.booleans(),
            module=st.sampled_from(["", "kvm_intel", "kvm_amd"]),
            machines=st.integers(0, 3),
            programs=st.lists(TEXT, max_size=2).map(tuple),
            at_load=st.none() | st.booleans(),
            override=st.sampled_from(["", "the kernel command line", "/etc/modprobe.d/t4t-kvm.conf", "/etc/modprobe.d/a b;rm.conf"]),
            usable=st.booleans(),
        )
    ),
    memory=fact(MEMORY),
    disk=fact(DISK),
    driver=fact(st.sampled_from(Driver)),
    selinux=BOOL,
    building=fact(st.builds(Building, headers=st.booleans(), compiler=st.booleans(), signing_key=st.booleans(), log=TEXT)),
)
VIRTUALBOX = st.builds(
    VirtualBox,
    found=BOOL,
    version=fact(VERSION),
    edition=st.sampled_from(["", "BETA1", "Ubuntu"]),
    answers=BOOL,
    trouble=TEXT,
    trouble_code=st.sampled_from(["", "timeout", "E_FAIL", "E_ACCESSDENIED", "REGDB_E_CLASSNOTREG", "NS_ERROR_SOCKET_FAIL", "VERR_SUP_VP_X"]),
    inaccessible=fact(st.integers(0, 3)),
    other_home=fact(st.sampled_from(["", "/elsewhere"])),
    extension_packs=fact(st.lists(st.sampled_from(["7.2.20", "7.0.1", ""]), max_size=2).map(tuple)),
)
QEMU = st.builds(Qemu, found=BOOL, version=fact(TEXT), accelerator=fact(st.sampled_from(["kvm", "tcg"])), hardware=BOOL, trouble=TEXT)
NETWORK = st.builds(
    Network,
    online=BOOL,
    proxy=fact(TEXT),
    metered=BOOL,
    hosts=fact(st.lists(st.builds(Reach, TEXT, st.integers(1, 65535), st.booleans()), max_size=2).map(tuple)),
)
TRIAL = fact(
    st.builds(
        Trial,
        engine=st.none() | st.sampled_from(Accelerator),
        obstacle=st.none() | st.sampled_from(Obstacle),
        code=TEXT,
        trouble=TEXT,
        culprit=TEXT,
        seconds=st.floats(0, 60),
    )
)
FACTS = st.builds(Facts, computer=COMPUTER, virtualbox=VIRTUALBOX, qemu=QEMU, network=NETWORK, virtualbox_trial=TRIAL, qemu_trial=TRIAL)


@given(FACTS)
def test_total_honest_and_in_order(facts: Facts) -> None:
    found = diagnose(facts, TABLES)
    places = [list(Check).index(one.check) for one in found.findings]
    assert places == sorted(set(places))
    if any(one.status is Status.FAIL for one in found.findings):
        assert not found.ready
    if found.ready:
        assert not found.hopeless
        assert facts.virtualbox.found.value
        assert facts.computer.virtualization.on.value
        assert facts.virtualbox_trial.value is None or facts.virtualbox_trial.value.engine in {Accelerator.HARDWARE, Accelerator.PLATFORM}
    if not found.ready:
        assert found.current is not None
        assert found.current.status in {Status.FAIL, Status.UNKNOWN} or Verdict.BOOT_INTERPRETER in {one.verdict for one in found.findings}
    if found.can_demo:
        assert facts.qemu.found.value
    assert all(bool(one.steps) is (one.status is not Status.OK) for one in found.findings)
    assert found == diagnose(facts, TABLES)


@given(FACTS)
def test_everything_can_be_said(facts: Facts) -> None:
    found = diagnose(facts, TABLES)
    document = doctor.document(found)
    assert set(document) == {"ready", "can_demo", "checks"}
    assert json.loads(json.dumps(document)) == document
    for check in document["checks"]:
        assert set(check) == {"id", "status", "summary", "detail", "remedies"}
        assert check["summary"]
        assert check["detail"]
        assert all(set(remedy) in ({"id", "title"}, {"id", "title", "command"}) and all(remedy.values()) for remedy in check["remedies"])
    assert doctor.verdict(found)
    if found.current is not None:
        assert all(line.strip() for line in doctor.fix(found.current))


@given(FACTS)
def test_the_ladder_ends_at_the_first_rung_that_fails(facts: Facts) -> None:
    rungs = health(facts, TABLES)
    assert rungs
    assert all(one.status in {Status.OK, Status.WARN} for one in rungs[:-1])


@given(FACTS, st.sampled_from(Remedy))
def test_commands_hold_no_word_of_others_unquoted(facts: Facts, remedy: Remedy) -> None:
    """Names out of the file system and the kernel are one word of a command, whatever is in them."""
    command = step(remedy, facts.computer).command
    if facts.computer.system is not System.WINDOWS and command:
        words = shlex.split(command)
        release = facts.computer.release.value or ""
        if remedy is Remedy.INSTALL_HEADERS and family(facts.computer) in {"debian", "ubuntu"}:
            assert f"linux-headers-{release}" in words
        kvm = facts.computer.kvm.value
        if remedy is Remedy.KVM_UNDO_LEND and kvm is not None:
            assert words[-1] == kvm.override


@given(FACTS)
def test_more_trouble_never_makes_ready(facts: Facts) -> None:
    worse = replace(facts, virtualbox=replace(facts.virtualbox, answers=certain(value=False, source="")))
    assert not diagnose(worse, TABLES).ready


def test_every_verdict_and_every_remedy_has_words() -> None:
    assert set(findings.SENTENCES) == set(Verdict)
    assert set(findings.CHECKS) == set(Check)
    assert set(remedies.GUIDES) == set(Remedy)
    assert set(findings.OWNERS) == {owner.value for owner in Owner}
    assert len({one.id for one in Verdict}) == len(Verdict)
    for guide in remedies.GUIDES.values():
        assert guide.steps


def test_a_diagnosis_without_anything_to_do() -> None:
    fine = Diagnosis(ready=True, can_demo=True, findings=(Finding(check=Check.QEMU, verdict=Verdict.QEMU_OK),))
    assert fine.current is None
    assert doctor.verdict(fine) == "Everything is ready."
