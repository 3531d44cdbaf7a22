"""The laboratory is real VirtualBox: its life cycle, its API, a real guest."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lab.vbox import HEADLESS, SCRIPT, Guest, facts, guest, machine, state, vboxmanage, wait_for, wait_state, wait_unlocked

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.virtualbox

_BOOT_SECONDS = 60.0
_VERSION = re.compile(r"^\d+\.\d+\.\d+")


@pytest.fixture(scope="module")
def manager() -> Any:
    """The installed VirtualBox's own manager; one a process.

    Its C code takes no answer to a warning: where warnings are errors, as in these tests, Python's about its types ends the process with SIGSEGV.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("vboxapi").VirtualBoxManager(None, None)


@pytest.fixture(scope="module")
def api(manager: Any) -> Any:
    return manager.getVirtualBox()


@pytest.fixture(scope="module")
def booted(tmp_path_factory: pytest.TempPathFactory, appliance_dir: Path) -> Iterator[tuple[Guest, float]]:
    """The reference appliance, booted from nothing, with the seconds from `startvm` to its web page."""
    with guest("booted", tmp_path_factory.mktemp("booted"), appliance_dir) as made:
        yield made, made.wait_for_web(made.start(), _BOOT_SECONDS)


def report(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n    {text}\n")


def test_version_and_banner() -> None:
    plain = vboxmanage("--version").strip()
    assert _VERSION.match(plain)
    through_script = vboxmanage("--version", program=SCRIPT).splitlines()
    assert through_script[-1] == plain
    assert any("WARNING" in line for line in through_script[:-1])


def test_the_original_says_that_the_driver_is_missing() -> None:
    with machine("no-driver") as name:
        # It refuses to run under another name, so it is put back in its place, for this process alone.
        script = f"mount --bind {HEADLESS}.real {HEADLESS} && exec {HEADLESS} --startvm {name}"
        done = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode
        assert "-1908" in done.stdout + done.stderr


def test_registry_is_the_runs_own(api: Any) -> None:
    assert Path(api.homeFolder).is_relative_to(os.environ["HOME"])
    with machine("mine") as name:
        assert Path(facts(name)["CfgFile"]).is_relative_to(os.environ["HOME"])


def test_life_of_a_machine_without_disk() -> None:
    with machine("bios-only") as name:
        vboxmanage("startvm", name, "--type", "headless")
        wait_state(name, "running")
        vboxmanage("controlvm", name, "pause")
        assert state(name) == "paused"
        vboxmanage("controlvm", name, "savestate")
        wait_state(name, "saved")
        wait_unlocked(name)
        file = Path(facts(name)["CfgFile"]).parent / "Snapshots"
        assert any(path.suffix == ".sav" for path in file.iterdir())
        vboxmanage("discardstate", name)
        assert state(name) == "poweroff"
    assert '"bios-only"' not in vboxmanage("list", "vms")


def test_api_version_and_home(api: Any) -> None:
    assert vboxmanage("--version").startswith(str(api.version).partition("_")[0])
    wrapper = importlib.import_module("virtualbox").VirtualBox()
    assert wrapper.version == api.version
    assert Path(wrapper.home_folder) == Path(api.homeFolder)


def test_pyvbox_cannot_create_machines_but_the_raw_object_can(api: Any, manager: Any) -> None:
    wrapper = importlib.import_module("virtualbox").VirtualBox()
    with pytest.raises(Exception, match="createMachine"):
        wrapper.create_machine("", "by-wrapper", [], "Linux26_64", "")
    raw = api.createMachine("", "by-raw", manager.constants.PlatformArchitecture_x86, [], "Linux26_64", "", "", "", "")
    assert raw.name == "by-raw"


def test_listener_with_a_long_wait_hears_a_state_change(api: Any, manager: Any) -> None:
    constants = manager.constants
    with machine("heard") as name:
        vboxmanage("startvm", name, "--type", "headless")
        wait_state(name, "running")
        source = api.eventSource
        listener = source.createListener()
        source.registerListener(listener, [constants.VBoxEventType_OnMachineStateChanged], 0)
        sent: list[float] = []

        def pause() -> None:
            time.sleep(0.5)
            subprocess.run(["/usr/lib/virtualbox/VBoxManage", "controlvm", name, "pause"], check=True, capture_output=True)
            sent.append(time.monotonic())

        other = threading.Thread(target=pause)
        other.start()
        try:
            event = source.getEvent(listener, 30_000)
            heard = time.monotonic()
            assert event is not None
            change = manager.queryInterface(event, "IMachineStateChangedEvent")
            assert change.state == constants.MachineState_Paused
            source.eventProcessed(listener, event)
        finally:
            other.join()
            source.unregisterListener(listener)
        assert heard - sent[0] < 5


def test_appliance_answers_through_nat(booted: tuple[Guest, float], capsys: pytest.CaptureFixture[str]) -> None:
    _, seconds = booted
    report(capsys, f"cold boot to web answer: {seconds:.1f} s")
    assert seconds < _BOOT_SECONDS


def test_heartbeat_appears_in_the_shared_folder(booted: tuple[Guest, float]) -> None:
    made, _ = booted
    beat = made.share / "heartbeat"
    wait_for("heartbeat", beat.is_file, 60, made.log_end)
    first = beat.read_text()
    wait_for("next heartbeat", lambda: beat.read_text() not in {first, ""}, 60)


def test_saved_state_of_a_booted_guest_is_adopted(booted: tuple[Guest, float], tmp_path: Path, appliance_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    original, _ = booted
    wait_for("heartbeat", (original.share / "heartbeat").is_file, 60)
    vboxmanage("controlvm", original.name, "savestate")
    wait_state(original.name, "saved")
    wait_unlocked(original.name)
    saved = next((Path(facts(original.name)["CfgFile"]).parent / "Snapshots").glob("*.sav"))
    with guest("adopted", tmp_path, appliance_dir) as adopted:
        mine = tmp_path / "adopted.sav"
        shutil.copyfile(saved, mine)  # VirtualBox takes the file over
        vboxmanage("adoptstate", adopted.name, mine)
        assert state(adopted.name) == "saved"
        seconds = adopted.wait_for_web(adopted.start(), _BOOT_SECONDS)
        size = saved.stat().st_size / 1e6
        report(capsys, f"adopted state ({size:.0f} MB) to web answer: {seconds:.1f} s")
        wait_for("heartbeat in the new folder", (adopted.share / "heartbeat").is_file, 60)
    original.start()  # the tests that share it find it running
    wait_state(original.name, "running")
