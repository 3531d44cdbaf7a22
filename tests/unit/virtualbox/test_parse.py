"""Parsers of VBoxManage's answers: what the recorded answers don't hold, and text of any kind."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.errors import HypervisorBroken
from t4t.domain.vm import VmState
from t4t.hypervisor.virtualbox import listing, parse, states, view
from t4t.hypervisor.virtualbox.answer import command_name, error_text, message, without_progress
from unit.virtualbox.recorded import CASES, recorded

if TYPE_CHECKING:
    from collections.abc import Callable

U1 = "11111111-1111-1111-1111-111111111111"
U2 = "22222222-2222-2222-2222-222222222222"
HEAD = f'name="vm"\nUUID="{U1.upper()}"\nVMState="running"\n'

PARSERS: tuple[Callable[[str], Any], ...] = (
    parse.machine,
    parse.fields,
    parse.rule,
    parse.snapshots,
    parse.bandwidth_groups,
    parse.extra_data,
    parse.extra_value,
    parse.created,
    parse.snapshot_taken,
    listing.vms,
    listing.media,
    listing.host_info,
    listing.system_properties,
    listing.extension_packs,
    listing.os_types,
    error_text,
    message,
    without_progress,
)
_PIECES = st.sampled_from(
    (
        *('"', "\\", "\n", "\r\n", "=", "-0-0", ",", " {", "}", U1, "9" * 5000, "٣", HEAD, 'VMState="paused"\n', "Forwarding(0)=", "SnapshotName"),
        *("UUID:", f"UUID:  {U1}\n", "State: x\n", "Child UUIDs:", "Key: ", ", Value: ", "Pack no. 0:", "0%...10%...", "VBoxManage: error: "),
    )
)
_MUTATED = st.builds(
    lambda case, start, length, put: (text := recorded(case).out)[:start] + put + text[start + length :],
    st.sampled_from([case for case in CASES if case.startswith(("showvminfo", "list-", "snapshot", "showmedium"))]),
    st.integers(0, 3000),
    st.integers(0, 300),
    st.text(max_size=5),
)


def _understood(text: str) -> None:
    for parser in PARSERS:
        with contextlib.suppress(HypervisorBroken):
            parser(text)


@given(st.text())
def test_any_text_is_understood_or_refused(text: str) -> None:
    _understood(text)


@given(st.lists(_PIECES, max_size=30).map("".join))
def test_pieces_of_answers_in_any_order(text: str) -> None:
    _understood(text)


@given(_MUTATED)
def test_damaged_answers(text: str) -> None:
    _understood(text)


@pytest.mark.parametrize("case", CASES)
def test_an_answer_of_another_command(case: str) -> None:
    _understood(recorded(case).out)
    _understood(recorded(case).err)


@given(st.text())
def test_every_word_has_a_state(word: str) -> None:
    assert states.from_word(word) in VmState
    assert states.is_known(word) or states.from_word(word) is VmState.UNKNOWN


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("gurumeditation", VmState.STUCK),
        ("aborted-saved", VmState.ABORTED_SAVED),
        ("livesnapshotting", VmState.RUNNING),
        ("onlinesnapshotting", VmState.UNKNOWN),
        ("teleporting", VmState.UNKNOWN),
        ("teleported", VmState.POWERED_OFF),
        ("deletingsnapshotlivepaused", VmState.PAUSED),
    ],
)
def test_rare_words(word: str, state: VmState) -> None:
    assert states.from_word(word) is state


def test_only_words_with_one_meaning_are_settled() -> None:
    assert {word for word, state in states.WORDS.items() if state is VmState.RUNNING} == {"running", "livesnapshotting", "deletingsnapshotlive"}


# --- fields ----------------------------------------------------------------------------------------------------------


def test_a_value_may_have_several_lines() -> None:
    machine = parse.machine(f'{HEAD}description="first\nVMState="\ncpus=2\n')
    assert machine.description == "first\nVMState="
    assert machine.cores == 2


def test_a_value_that_never_ends() -> None:
    assert parse.fields('a="x\ny') == {"a": "x\ny"}


def test_the_first_of_two_equal_keys_counts() -> None:
    assert parse.machine(HEAD + 'description="x"\nVMState="saved"\n').state is VmState.RUNNING


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"C:\\Users\\a b\\x.vbox", r"C:\Users\a b\x.vbox"),
        (r"C:\Users\x.vbox", r"C:\Users\x.vbox"),
        (r"\\\\server\\share", r"\\server\share"),
        (r"\\server\share", r"\\server\share"),
        (r"say \"no\"", 'say "no"'),
        ("/plain", "/plain"),
    ],
)
def test_paths_of_windows(written: str, meant: str) -> None:
    assert parse.fields(f'CfgFile="{written}"\r\n') == {"CfgFile": meant}


def test_quotes_that_nobody_escaped() -> None:
    (_, nested) = parse.snapshots(recorded("snapshot-list-nested").out)
    assert nested.name == 'with "quotes" \\ and ü'


def test_what_stands_behind_the_quotes_is_kept() -> None:
    assert parse.fields('VideoMode="720,400,0"@0,0 1\nmemory=64') == {"VideoMode": '"720,400,0"@0,0 1', "memory": "64"}


@pytest.mark.parametrize("text", ["", "WARNING: no driver\n", f'UUID="{U1}"', 'UUID="x"\nVMState="running"', f'UUID="{U1}"\nVMState=""'])
def test_no_identity_no_machine(text: str) -> None:
    with pytest.raises(HypervisorBroken):
        parse.machine(text)


def test_numbers_that_are_none() -> None:
    machine = parse.machine(HEAD + "memory=lots\ncpuexecutioncap=\n")
    assert (machine.memory_mib, machine.cap_percent, machine.cores) == (0, 100, 0)


def test_rules() -> None:
    text = HEAD + 'Forwarding(0)="a,b,tcp,,8080,10.0.2.15,80"\nForwarding(1)="x,tcp,127.0.0.1,,,80"\nForwarding(2)="short"\n'
    (rule,) = parse.machine(text).rules
    assert rule == view.Rule(name="a,b", protocol="tcp", host_ip="", host_port=8080, guest_ip="10.0.2.15", guest_port=80)
    assert rule.forward.remote


def test_slots_that_hold_nothing() -> None:
    text = HEAD + 'storagecontrollername0="IDE"\n"IDE-0-0"="emptydrive"\n"IDE-0-1"="none"\n"IDE-1-0"="/a.iso"\n"Other-0-0"="/b"\n'
    assert [(one.port, one.device, one.path) for one in parse.machine(text).attachments] == [(1, 0, "/a.iso")]


def test_a_tree_of_snapshots() -> None:
    text = f'SnapshotName="a"\nSnapshotUUID="{U1}"\nSnapshotName-1="b"\nSnapshotUUID-1="{U2}"\nSnapshotName-2="no id"\nCurrentSnapshotUUID="{U2}"\n'
    assert [(one.name, one.node, one.current) for one in parse.snapshots(text)] == [("a", "", False), ("b", "-1", True)]
    assert parse.snapshots("This machine does not have any snapshots\n") == ()


def test_bandwidth_groups_that_are_none() -> None:
    assert parse.bandwidth_groups("BandwidthGroup0=nonsense") == ()


def test_extra_data() -> None:
    assert parse.extra_data("nothing\nKey: a, Value: b, Value: c\nmore\nKey: d, Value: \n") == {"a": "b, Value: c\nmore", "d": ""}
    assert parse.extra_value("Value: x: y\n") == "x: y"
    assert parse.extra_value("WARNING\nValue: x\n") == "x"
    assert parse.extra_value("no Value: x\n") is None


def test_answers_without_an_id() -> None:
    for parser in (parse.created, parse.snapshot_taken):
        with pytest.raises(HypervisorBroken):
            parser("done")
    assert parse.created(f"UUID: {U1}\n").settings_file == ""


# --- lists -----------------------------------------------------------------------------------------------------------


def test_names_of_vms_may_be_odd() -> None:
    text = f'WARNING: x\n"a "b" {{c}}" {{{U1.upper()}}}\n"over\ntwo lines" {{{U2}}}\n'
    assert [(vm.name, vm.vm_id) for vm in listing.vms(text)] == [('a "b" {c}', U1), ("two lines", U2)]


def test_media_with_odd_lines() -> None:
    text = (
        f"State: lost\nbefore\nUUID: {U1}\nAccess Error:   first: line\nUnknown key: value\n\nLocation: /a: b.vdi\nChild UUIDs: {U2}\n             {U1}\n"
        f"In use by VMs:  x (UUID: {U2}) [y (UUID: {U1})]\n                z (UUID: {U1})\nSize on disk: some\nUUID: bad\nState: created\n"
    )
    (medium,) = listing.media(text)
    assert medium.access_error == "first: line Unknown key: value"
    assert medium.path == "/a: b.vdi"
    assert medium.children == (U2, U1)
    assert medium.used_by == (U2, U1)
    assert medium.size_mib == 0


def test_lists_that_say_nothing() -> None:
    assert listing.host_info("") == listing.HostInfo(
        processors=0, cores=0, memory_mib=0, memory_available_mib=0, virtualization=None, nested_paging=None, system=""
    )
    assert listing.system_properties("").max_cores == 0
    assert listing.media("") == ()
    assert listing.os_types("ID:          Linux26_64\n") == {"Linux26_64"}


# --- errors in the text ----------------------------------------------------------------------------------------------


def test_errors_glued_to_progress() -> None:
    assert error_text("0%...10%...20%...VBoxManage: error: no\r\n") == "no"
    assert error_text("0%...10%...VBoxManage.exe: error: no\nNS_ERROR_FAILURE\n") == "no\nNS_ERROR_FAILURE"
    assert error_text("0%...100%\n") == ""
    assert without_progress("the disk is 50%... full") == "the disk is 50%... full"


def test_a_message_without_words_is_still_one() -> None:
    assert message('Context: "x" at line 1\nDetails: y') == 'Context: "x" at line 1'
    assert message("") == ""


@pytest.mark.parametrize(
    ("arguments", "name"),
    [(("controlvm", "x", "pause"), "controlvm pause"), (("list", "vms"), "list vms"), (("startvm", "x"), "startvm"), ((), ""), (("snapshot", "x"), "snapshot")],
)
def test_commands_have_short_names(arguments: tuple[str, ...], name: str) -> None:
    assert command_name(arguments) == name
