"""``t4t settings`` as a volunteer's shell runs it: alone, beside an agent that runs, and in a school that has locked some."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.agent_shell import agent_on
from support.command_line import t4t
from t4t.bootstrap.settings import SettingsVerbs, desk_of, run_of
from t4t.cli import arguments, settings_verbs
from t4t.cli.services import MachineOptions
from t4t.domain.errors import FolderBusy, FolderUnwritable
from t4t.domain.settings.layers import Origin
from t4t.domain.settings_errors import PreferencesUnreadable, SettingRefused, SettingUnknown
from t4t.storage import settings as storage
from t4t.storage.files import FolderLock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "etc"))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


def say(data: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The verb in this process."""
    assert settings_verbs.run(arguments.parser().parse_args(words), SettingsVerbs(data)) == 0
    return capsys.readouterr().out


def say_json(data: Path, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    return json.loads(say(data, capsys, "--json", *words))


def test_a_volunteers_day(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "as suggested for this computer." in say(tmp_path, capsys, "settings")
    told = say(tmp_path, capsys, "settings", "set", "cap_percent=50%", "programs=doom, blender", "memory_mib=1024")
    assert "when.programs                     doom, blender  (at once)" in told
    assert "resources.memory_mib              1024 MiB  (when a virtual machine boots next" in told
    assert "Nothing is different now." in say(tmp_path, capsys, "settings", "set", "cap_percent=50")
    shown = say(tmp_path, capsys, "settings")
    assert shown.splitlines()[0].startswith("Custom. Suggested for this computer: ")
    assert "resources.cap_percent             50 %" in shown
    assert "resources.tasks" not in shown
    assert "(set here)" in say(tmp_path, capsys, "settings", "show", "resources", "--origin")
    assert say(tmp_path, capsys, "settings", "show", "cores").count("\n") == 2
    one = say(tmp_path, capsys, "settings", "get", "cap_percent")
    assert "It can be: 1 to 100 %. Default on this computer: 100 %." in one
    assert "A change acts at once." in one
    presets = say(tmp_path, capsys, "settings", "preset")
    assert [line.split()[0] for line in presets.splitlines()[1:]] == ["gentle", "balanced", "everything"]
    assert "resources.cap_percent             100 %" in say(tmp_path, capsys, "settings", "preset", "everything")
    assert "resources.cap_percent             50 %" in say(tmp_path, capsys, "settings", "undo")
    assert "when.programs                     none" in say(tmp_path, capsys, "settings", "reset", "when")
    (tmp_path / storage.FILE).write_text("broken =")
    say(tmp_path, capsys, "settings")


def test_for_scripts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = say_json(tmp_path, capsys, "settings", "set", "cap_percent=40")
    assert changed["effects"] == {"resources.cap_percent": "now"}
    view = say_json(tmp_path, capsys, "settings")
    assert {one["path"]: (one["value"], one["origin"]) for one in view["settings"]}["resources.cap_percent"] == (40, "here")
    one = say_json(tmp_path, capsys, "settings", "get", "resources.cap_percent")
    assert (one["value"], one["default"], one["low"], one["high"], one["unit"], one["effect"]) == (40, 100, 1, 100, "%", "now")
    found = say_json(tmp_path, capsys, "settings", "preset")
    assert set(found["presets"]) == {"gentle", "balanced", "everything"}


@pytest.mark.parametrize(("words", "error"), [(("set", "cores=0"), SettingRefused), (("set", "x"), SettingUnknown), (("show", "nothing"), SettingUnknown)])
def test_wrong_words(tmp_path: Path, words: Sequence[str], error: type[Exception]) -> None:
    with pytest.raises(error):
        settings_verbs.run(arguments.parser().parse_args(["settings", *words]), SettingsVerbs(tmp_path))


def test_a_school(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The real command, with the file where the system has it."""
    etc = tmp_path / "etc" / "t4t"
    etc.mkdir(parents=True)
    (etc / "settings.toml").write_text("[locked.resources]\ncores = 1\n")
    assert storage.deployment_file() == etc / "settings.toml"
    done = t4t("settings", "set", "cores=2", data=tmp_path / "data")
    assert (done.status, done.is_notice("T4T-SET-03")) == (2, True), done.err
    assert "(locked by whoever looks after this computer)" in say(tmp_path / "data", capsys, "settings", "show", "cores")


def test_boincs_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "global_prefs_override.xml"
    file.write_text("<global_preferences><cpu_usage_limit>70</cpu_usage_limit><own>1</own></global_preferences>")
    assert "resources.cap_percent             70 %" in say(tmp_path, capsys, "settings", "import", str(file))
    say(tmp_path, capsys, "settings", "set", "cap_percent=60", "disk_max_gib=15")
    assert "everything else in it is as it was" in say(tmp_path, capsys, "settings", "export", str(file))
    assert "<cpu_usage_limit>60.000000</cpu_usage_limit><own>1</own>" in file.read_text()
    assert "disk_max_used_gb" in say_json(tmp_path, capsys, "settings", "export", str(tmp_path / "new.xml"))["fields"]
    assert "<disk_max_used_gb>15.000000</disk_max_used_gb>" in (tmp_path / "new.xml").read_text()
    verbs = SettingsVerbs(tmp_path)
    file.write_text("<html>")
    for work in (lambda: verbs.take_boinc(file, ""), lambda: verbs.give_boinc(file), lambda: verbs.take_boinc(tmp_path, "")):
        with pytest.raises(PreferencesUnreadable):
            work()
    with pytest.raises(FolderUnwritable):
        verbs.give_boinc(tmp_path / "none" / "new.xml")


def test_who_is_not_alone_with_the_folder_changes_nothing(tmp_path: Path) -> None:
    with FolderLock(tmp_path, "agent.lock"), pytest.raises(FolderBusy):
        SettingsVerbs(tmp_path).view()


def test_what_the_command_line_of_an_agent_says(tmp_path: Path) -> None:
    options = MachineOptions(hypervisor="auto", cores=2, cap_percent=None, memory_mib=256)
    assert run_of(options, 3) == {"resources.cores": 2, "resources.memory_mib": 256, "resources.tasks": 3}
    assert desk_of(tmp_path, run=run_of(options, 3)).force.tree.resources.tasks == 3


def test_beside_an_agent_that_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Verbs speak to it through its socket; what its command line says holds for its run."""
    with agent_on(tmp_path, tmp_path) as shell:
        shell.start("--hypervisor", "fake", "--cores", "2")
        told = say(shell.data, capsys, "settings", "set", "cap_percent=30", "cores=1")
        assert "resources.cap_percent             30 %  (at once)" in told
        assert "resources.cores is kept; as long as this run of the program lasts" in told
        origins = {one["path"]: one["origin"] for one in json.loads(shell.ask("settings").out)["settings"]}
        assert (origins["resources.cores"], origins["resources.cap_percent"]) == (Origin.COMMAND_LINE.value, Origin.HERE.value)
        assert "resources.cap_percent             100 %" in say(shell.data, capsys, "settings", "undo")
        assert say(shell.data, capsys, "settings", "reset", "cores") == "Nothing is different now.\n"
        assert say(shell.data, capsys, "settings", "preset", "everything")
        (shell.data / storage.FILE).write_text("[resources]\ncores = 0\n")
        assert [one["code"] for one in json.loads(shell.ask("settings").out)["notices"]] == ["T4T-SET-07"]
        shell.until(lambda: [one["code"] for one in shell.status()["notices"]] == ["T4T-SET-07"], "the volunteer to be told")
