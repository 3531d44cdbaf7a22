"""Every recorded answer of VBoxManage has its verdict: the error that it is, or what is read out of it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from t4t.domain.errors import (
    CommandFailed,
    CommandTimeout,
    HypervisorBroken,
    MediumMissing,
    PortUnavailable,
    SnapshotNotFound,
    StateUnreadable,
    T4TError,
    VmBusy,
    VmExists,
    VmLost,
    VmNotFound,
    VmWrongState,
)
from t4t.domain.vm import PortForward, Share, VmId, VmState
from t4t.hypervisor.virtualbox import errors, listing, parse, states, view
from t4t.hypervisor.virtualbox.answer import without_progress
from t4t.hypervisor.virtualbox.versions import Version, usable_version
from unit.virtualbox.recorded import CASES, recorded

if TYPE_CHECKING:
    from collections.abc import Callable

G1 = "b2abb30c-ab1f-48bf-bed1-90f29985e22e"
FZ = "9d90b1c2-0a43-4c34-9b73-959324260c2a"
BASE = "9cf71add-f34f-4a66-bead-c74bd22a01aa"

FAILURES: dict[str, tuple[type[T4TError], dict[str, Any]]] = {
    "bandwidthctl-add-duplicate": (CommandFailed, {"command": "bandwidthctl add"}),
    "bandwidthctl-set-unknown": (CommandFailed, {"command": "bandwidthctl set"}),
    "closemedium-locked": (VmBusy, {}),
    "controlvm-cpuexecutioncap-paused": (VmWrongState, {"state": "paused"}),
    "controlvm-natpf-live-duplicate": (CommandFailed, {"detail": "A NAT rule of this name already exists (E_INVALIDARG)"}),
    "createmedium-exists": (CommandFailed, {}),
    "createvm-duplicate-uuid": (VmExists, {}),
    "discardstate-running": (VmBusy, {}),
    "modifyvm-natpf-delete-unknown": (CommandFailed, {}),
    "modifyvm-natpf-duplicate": (CommandFailed, {}),
    "modifyvm-unknown-group": (CommandFailed, {}),
    "sharedfolder-add-duplicate": (CommandFailed, {}),
    "sharedfolder-add-running": (VmBusy, {}),
    "sharedfolder-add-saved": (VmWrongState, {"state": "saved"}),
    "sharedfolder-remove-unknown": (CommandFailed, {}),
    "showvminfo-lock-ending": (VmBusy, {}),
    "snapshot-restore-running": (VmWrongState, {"state": "paused"}),
    "snapshot-restore-saved": (SnapshotNotFound, {}),
    "closemedium-in-use": (CommandFailed, {"command": "closemedium"}),
    "controlvm-cpuexecutioncap-bad": (CommandFailed, {"command": "controlvm cpuexecutioncap"}),
    "controlvm-natpf-delete-unknown": (CommandFailed, {"command": "controlvm natpf1"}),
    "controlvm-natpf-live-port-in-use": (PortUnavailable, {"port": 19555}),
    "controlvm-pause-aborted": (VmWrongState, {"state": "not running"}),
    "controlvm-pause-already-paused": (VmWrongState, {"state": "paused", "command": "controlvm pause"}),
    "controlvm-pause-just-after-sigkill": (VmWrongState, {"state": "not running"}),
    "controlvm-pause-not-running": (VmWrongState, {"state": "not running"}),
    "controlvm-poweroff-while-restoring": (VmWrongState, {"state": "restoring"}),
    "controlvm-resume-already-running": (VmWrongState, {"state": "running"}),
    "controlvm-savestate-already-saved": (VmWrongState, {"state": "not running"}),
    "controlvm-savestate-disk-full": (CommandFailed, {"detail": "NS_ERROR_FAILURE; Failed to save machine state. (E_FAIL)"}),
    "controlvm-savestate-not-running": (VmWrongState, {"state": "not running"}),
    "createvm-bad-ostype": (CommandFailed, {"detail": "Unknown or invalid guest OS type given."}),
    "createvm-duplicate": (VmExists, {"vm": "vm"}),
    "discardstate-no-state": (VmWrongState, {"state": "poweredoff"}),
    "err-corrupt-virtualbox-xml": (HypervisorBroken, {}),
    "err-no-vboxsvc-home-not-writable": (HypervisorBroken, {}),
    "modifyvm-bad-value": (CommandFailed, {"detail": "Invalid virtual CPU count: 0 (must be in range [1, 64]) (E_INVALIDARG)"}),
    "modifyvm-running-vm": (VmBusy, {"vm": "vm", "command": "modifyvm"}),
    "modifyvm-saved-vm": (VmWrongState, {"state": "saved"}),
    "modifyvm-too-much-memory": (CommandFailed, {}),
    "modifyvm-unknown-option": (CommandFailed, {"detail": "Unknown option: --nosuchoption"}),
    "showmediuminfo-diff": (MediumMissing, {}),
    "showmediuminfo-missing": (MediumMissing, {"path": "/home/volunteer/media/nosuch.vdi"}),
    "showvminfo-inaccessible": (VmNotFound, {}),
    "showvminfo-inaccessible-uuid": (VmWrongState, {"state": "inaccessible"}),
    "showvminfo-unknown-vm": (VmNotFound, {"vm": "vm"}),
    "snapshot-delete-unknown": (SnapshotNotFound, {"snapshot": "nosuch"}),
    "startvm-corrupted-sav-middle": (StateUnreadable, {"detail": "Failed to load unit 'pgm' (VERR_SSM_INTEGRITY_REC_HDR) (E_FAIL)"}),
    "startvm-double-locked": (VmBusy, {}),
    "startvm-from-saved-killed-during-start": (VmBusy, {}),
    "startvm-locked-after-poweroff": (VmBusy, {}),
    "startvm-missing-sav": (VmLost, {}),
    "startvm-no-kernel-driver": (HypervisorBroken, {}),
    "startvm-no-kernel-driver-debian-script": (HypervisorBroken, {}),
    "startvm-truncated-sav": (CommandTimeout, {"command": "startvm"}),
    "startvm-truncated-sav-300bytes": (StateUnreadable, {}),
    "startvm-truncated-sav-again": (VmBusy, {}),
    "startvm-truncated-sav-empty": (VmLost, {}),
    "startvm-truncated-sav-minus100": (CommandTimeout, {"command": "startvm"}),
    "startvm-unknown-vm": (VmNotFound, {}),
    "startvm-vdi-deleted": (MediumMissing, {"path": "/home/volunteer/media/d2.vdi"}),
    "storageattach-corrupt-file": (CommandFailed, {}),
    "storageattach-duplicate-uuid": (CommandFailed, {}),
    "storageattach-missing-dvd": (MediumMissing, {"path": "/home/volunteer/media/nosuch.iso"}),
    "storageattach-missing-file": (MediumMissing, {"path": "/home/volunteer/media/nosuch.vdi"}),
    "storageattach-multiattach-unregistered-parent": (CommandFailed, {}),
    "storageattach-unknown-controller": (CommandFailed, {}),
    "storagectl-duplicate": (CommandFailed, {}),
    "unknown-command": (CommandFailed, {"detail": "Invalid command 'frobnicate'"}),
    "unregistervm-running": (VmBusy, {}),
    "vboxheadless-real-no-kernel-driver": (HypervisorBroken, {"detail": "-1908 in suplibOsInit!"}),
    "virtualboxvm-no-kernel-driver": (CommandFailed, {}),
}

QUIET = (
    "bandwidthctl-add",
    "controlvm-cpuexecutioncap",
    "controlvm-pause",
    "controlvm-poweroff",
    "controlvm-resume",
    "controlvm-savestate",
    "discardstate-missing-sav",
    "modifyvm-old-nictype1",
    "modifyvm-removed-option-audio",
    "modifyvm-removed-option-clipboard",
    "modifyvm-removed-option-lpt1",
    "modifyvm-snapshotfolder",
    "setextradata",
    "storageattach-multiattach-ok",
    "storagectl-add",
    "unregistervm-delete",
    "unregistervm-inaccessible",
    "unregistervm-multiattach-delete",
    "unregistervm-snapshots-delete",
)
"""They did what they were told and say nothing that counts."""

NOT_READ = ("guestproperty-enumerate", "list-hostcpuids", "list-natnets", "metrics-query", "no-arguments", "showvminfo-running-human", "showvminfo-saved-human")
"""Answers of commands that we never give; they are no errors."""

STATES: dict[str, tuple[str, VmState]] = {
    "showvminfo-devices": ("t4t-live", VmState.POWERED_OFF),
    "showvminfo-paused-limited": ("t4t-live", VmState.PAUSED),
    "showvminfo-poweroff-still-locked": ("t4t-live", VmState.POWERED_OFF),
    "showvminfo-saved-still-locked": ("t4t-live", VmState.SAVED),
    "showvminfo-aborted": ("boinc_5c9baefbdf53cbc7", VmState.ABORTED),
    "showvminfo-after-disk-full-save": ("f1", VmState.RUNNING),
    "showvminfo-after-no-kernel-driver": ("f1", VmState.POWERED_OFF),
    "showvminfo-after-sigkill-vmprocess": ("f1", VmState.ABORTED),
    "showvminfo-after-sigterm-vmprocess": ("f1", VmState.ABORTED),
    "showvminfo-after-truncated-sav": ("f1", VmState.RESTORING),
    "showvminfo-after-truncated-sav-300bytes": ("f1", VmState.ABORTED_SAVED),
    "showvminfo-after-truncated-sav-empty": ("f1", VmState.ABORTED_SAVED),
    "showvminfo-after-truncated-sav-minus100": ("f1", VmState.RESTORING),
    "showvminfo-after-vboxsvc-kill": ("f1", VmState.ABORTED),
    "showvminfo-killed-during-restore": ("f1", VmState.ABORTED_SAVED),
    "showvminfo-missing-sav": ("f1", VmState.ABORTED_SAVED),
    "showvminfo-multiattach-vm": ("f3", VmState.POWERED_OFF),
    "showvminfo-natpf-port-in-use": ("f1", VmState.RUNNING),
    "showvminfo-paused": ("g1", VmState.PAUSED),
    "showvminfo-poweroff": ("fx1", VmState.POWERED_OFF),
    "showvminfo-running": ("g1", VmState.RUNNING),
    "showvminfo-saved": ("g1", VmState.SAVED),
    "showvminfo-starting": ("f1", VmState.STARTING),
    "showvminfo-vdi-deleted": ("f2", VmState.ABORTED),
    "showvminfo-with-orphan": ("f1", VmState.RUNNING),
}


def _names(text: str) -> list[str]:
    return [vm.name for vm in listing.vms(text)]


def _paths(text: str) -> list[str]:
    return [medium.path.rpartition("/")[2] for medium in listing.media(text)]


def _nodes(text: str) -> list[tuple[str, bool]]:
    return [(one.name, one.current) for one in parse.snapshots(text)]


READ: dict[str, tuple[Callable[[str], Any], Any]] = {
    "bandwidthctl-list": (parse.bandwidth_groups, (view.BandwidthGroup(name="lim", kind="Network", bytes_per_second=1048576),)),
    "createvm": (
        parse.created,
        parse.Created(vm_id=VmId("e60e22ae-c4ac-479c-8366-2a8a4d8f34c8"), settings_file="/home/volunteer/VirtualBox VMs/fx1/fx1.vbox"),
    ),
    "getextradata": (parse.extra_data, {"GUI/LastNormalWindowPosition": "192,123,720,441", "leptons/owner": "1"}),
    "getextradata-unset": (parse.extra_value, None),
    "list-dvds": (_paths, ["tiny.iso"]),
    "list-extpacks": (listing.extension_packs, (listing.ExtensionPack(name="VNC", version="7.2.22", usable=True),)),
    "list-hdds": (_paths, []),
    "list-hdds-inaccessible": (
        lambda text: [medium.path.rpartition("/")[2] for medium in listing.media(text) if not medium.accessible],
        ["d2.vdi"],
    ),
    "list-hdds-multiattach": (lambda text: [(medium.multiattach, medium.size_mib) for medium in listing.media(text)][:2], [(True, 17), (False, 2)]),
    "list-hostinfo": (
        listing.host_info,
        listing.HostInfo(
            processors=2, cores=2, memory_mib=24105, memory_available_mib=22639, virtualization=False, nested_paging=False, system="Linux 6.18.44"
        ),
    ),
    "list-ostypes": (lambda text: {"Linux26_64", "Other", "Debian12_64"} <= listing.os_types(text), True),
    "list-runningvms": (_names, ["g1"]),
    "list-runningvms-after-sigterm": (_names, []),
    "list-runningvms-just-after-vboxsvc-kill": (_names, []),
    "list-systemproperties": (
        listing.system_properties,
        listing.SystemProperties(
            api_version="7.2", min_memory_mib=4, max_memory_mib=2097152, max_cores=64, machine_folder="/home/volunteer/VirtualBox VMs", disk_format="VDI"
        ),
    ),
    "list-vms": (listing.vms, (view.Registered(vm_id=VmId(G1), name="g1", accessible=True),)),
    "list-vms-before-svc-restart": (_names, ["g1", "boinc_5c9baefbdf53cbc7", "f1", "fz"]),
    "list-vms-inaccessible": (lambda text: [vm.vm_id for vm in listing.vms(text) if not vm.accessible], [FZ]),
    "list-vms-inaccessible-long": (_names, []),
    "list-vms-long": (_names, []),
    "showmediuminfo-inaccessible": (
        lambda text: [(medium.state, "VERR_FILE_NOT_FOUND" in medium.access_error) for medium in listing.media(text)],
        [("inaccessible", True)],
    ),
    "showmediuminfo-multiattach-parent": (
        lambda text: [(medium.uuid, medium.multiattach, len(medium.children)) for medium in listing.media(text)],
        [(BASE, True, 1)],
    ),
    "showmediuminfo-unregistered-vdi": (
        lambda text: [(medium.kind, medium.format, medium.capacity_mib) for medium in listing.media(text)],
        [("normal (base)", "VDI", 16)],
    ),
    "snapshot-delete": (lambda text: text.startswith("Deleting snapshot"), True),
    "snapshot-list": (_nodes, []),
    "snapshot-list-machinereadable": (_nodes, [("boinc_11", True)]),
    "createmedium-no-folder": (lambda text: text.startswith("Medium created. UUID: "), True),
    "snapshot-list-empty": (_nodes, []),
    "snapshot-list-nested": (_nodes, [("first", False), ('with "quotes" \\ and ü', True)]),
    "snapshot-list-none": (_nodes, []),
    "snapshot-list-one": (_nodes, [("s1", True)]),
    "snapshot-take-poweroff": (parse.snapshot_taken, "17191359-b52e-474a-994b-b18713250e18"),
    "startvm-after-aborted": (lambda text: "successfully started" in text, True),
    "startvm-headless-ok": (lambda text: "successfully started" in text, True),
    "startvm-natpf-port-in-use": (lambda text: "successfully started" in text, True),
    "startvm-ok2": (lambda text: "successfully started" in text, True),
    "startvm-ok3": (lambda text: "successfully started" in text, True),
    "startvm-while-orphan-vm-process-alive": (lambda text: "successfully started" in text, True),
    "version": (usable_version, Version(7, 2, 22)),
    "version-libdir": (usable_version, Version(7, 2, 22)),
}


def test_every_case_has_one_verdict() -> None:
    verdicts = [*FAILURES, *QUIET, *NOT_READ, *STATES, *READ]
    assert sorted(verdicts) == sorted(CASES)


@pytest.mark.parametrize("case", FAILURES)
def test_failures(case: str) -> None:
    leaf, data = FAILURES[case]
    error = errors.classify(recorded(case), "vm")
    assert type(error) is leaf
    assert {name: getattr(error, name) for name in data} == data
    assert all(not isinstance(value, str) or len(value) <= 600 for value in dataclasses.asdict(error).values()), "no pages of usage"


@pytest.mark.parametrize("case", [*QUIET, *NOT_READ, *STATES, *READ])
def test_successes(case: str) -> None:
    answer = recorded(case)
    assert errors.classify(answer, "vm") is None
    assert errors.delays(answer) == ()


@pytest.mark.parametrize("case", QUIET)
def test_progress_and_warnings_are_no_news(case: str) -> None:
    answer = recorded(case)
    assert answer.out == ""
    rest = without_progress(answer.err).strip()
    assert rest == "" or rest.startswith("Warning: --audio is deprecated")


@pytest.mark.parametrize("case", STATES)
def test_machines(case: str) -> None:
    machine = parse.machine(recorded(case).out)
    assert (machine.name, machine.state) == STATES[case]
    assert states.is_known(machine.raw_state)
    assert (machine.session == "headless") is (machine.state.alive or case.endswith("-still-locked"))
    assert machine.cores == 1
    assert machine.state_file.endswith(".sav") or machine.state not in {VmState.SAVED, VmState.RESTORING, VmState.ABORTED_SAVED}
    assert machine.cap_percent in {40, 50, 100}
    assert machine.link_up or machine.name == "t4t-live"
    assert machine.changed.startswith("2026-11-22T")


@pytest.mark.parametrize("case", READ)
def test_answers(case: str) -> None:
    read, value = READ[case]
    assert read(recorded(case).out) == value


def test_a_machine_in_full() -> None:
    machine = parse.machine(recorded("showvminfo-aborted").out)
    assert machine.memory_mib == 512
    assert [rule.forward for rule in machine.rules] == [PortForward(name="tcp_57307_80", guest_port=80, host_port=57307)]
    assert machine.network == "nat"
    (disk,) = machine.attachments
    assert (disk.controller, disk.port, disk.device) == ("Hard Disk Controller", 0, 0)
    assert disk.path.endswith("{64c0cd74-5025-4b5c-9fc1-371884f6d89a}.vdi")
    assert [(one.name, one.current) for one in machine.snapshots] == [("boinc_11", True)]
    assert [(one.kind, one.bytes_per_second) for one in machine.groups] == [("Network", 1 << 40)]
    assert machine.description == "wu1_0"
    assert machine.config_file.endswith("boinc_5c9baefbdf53cbc7.vbox")
    assert machine.snapshot_folder.endswith("/Snapshots")
    assert machine.log_folder.endswith("/Logs")


def test_devices_of_a_machine() -> None:
    machine = parse.machine(recorded("showvminfo-devices").out)
    assert machine.shares == (Share("shared", "/home/volunteer"), Share("zwei", "/tmp/a b"))  # noqa: S108 - a recorded name
    assert [(rule.forward.name, rule.forward.remote) for rule in machine.rules] == [("all", True), ("web", False)]
    assert [(one.controller, one.port) for one in machine.attachments] == [("Disks", 0), ("Disks", 1)]
    assert [(one.node, one.current) for one in machine.snapshots] == [("", False), ("-1", True)]
    limited = parse.machine(recorded("showvminfo-paused-limited").out)
    assert not limited.link_up
    assert [one.bytes_per_second for one in limited.groups] == [0]


def test_media_know_their_families() -> None:
    media = {medium.uuid: medium for medium in listing.media(recorded("list-hdds-multiattach").out)}
    base = media[BASE]
    (child,) = base.children
    assert media[child].parent == BASE
    assert base.parent == ""
    assert media[child].used_by == ("1e49b0e6-5426-40b6-b282-69df8d03b304",)


@pytest.mark.parametrize("case", [name for name, (leaf, _) in FAILURES.items() if leaf is VmBusy])
def test_locks_are_waited_for(case: str) -> None:
    assert sum(errors.delays(recorded(case))) > 3


@pytest.mark.parametrize("case", [name for name, (leaf, _) in FAILURES.items() if leaf is not VmBusy])
def test_the_rest_is_not_tried_again(case: str) -> None:
    assert errors.delays(recorded(case)) == ()


def test_an_option_that_is_not_known() -> None:
    assert errors.unknown_option(recorded("modifyvm-unknown-option"))
    assert not errors.unknown_option(recorded("modifyvm-bad-value"))
    assert not errors.unknown_option(recorded("modifyvm-removed-option-audio"))
