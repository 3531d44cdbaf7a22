"""Everything that the program made: told apart from what others made, listed with its size, removed, kept in parts, gone on with."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from support.listed_machine import Driver
from t4t.bootstrap import login, removal
from t4t.bootstrap.removal import Elsewhere
from t4t.domain.errors import FolderBusy, VmNotFound
from t4t.domain.move_errors import MachinesAway
from t4t.domain.project_errors import KeyringLocked, KeyringMissing, Unreachable
from t4t.domain.project_state import ProjectState
from t4t.domain.removal import LAST, Machine, Part, Removal, Removed, Stayed, part_of
from t4t.domain.removal_errors import FolderShared
from t4t.host.autostart import AutostartFile, autostart_entry, read_entry
from t4t.host.resume import OnceAtLogin, Resume, desktop_entry
from t4t.hypervisor.records import FILE
from t4t.project.attachment import Attachments
from t4t.storage import paths
from t4t.storage.files import FolderLock
from t4t.storage.place import link
from t4t.storage.secrets import MemoryVault

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.cli.services import ProjectServices

URL = "https://lhcathome.cern.ch/lhcathome/"
FILES = (
    *("state.sqlite3", "state.sqlite3-wal", "intent.json", "physics.json", "energy.json", "setup.json", "settings.toml", "settings.toml.damaged-1"),
    *("logs/t4t.log", "logs/vm-host.log.1", "vms/a/disk.qcow2", "vms/.locks/a", "tasks/one/vbox_job.xml", "slots/0/.t4t/task.json", "results/1.json"),
    *("results/.1.output.tgz", "gallery/one.png", "projects/x/image.vdi", "done/a/output", "demo/task-0001/output.tgz", "demo/state.sqlite3", "demo/server/x"),
    *("demo/id", "try-out/project.json", "runs/abc/id", "id", "run/x.sock", "agent.lock", "host.lock", ".intent.json.00ff.part", ".DS_Store", "statistics/x"),
)


class Vault(MemoryVault):
    """A keyring; ``closed`` is what it says to everybody."""

    closed: Exception | None = None

    def remove(self, name: str) -> None:
        if self.closed is not None:
            raise self.closed
        super().remove(name)


class Projects:
    """What is done with projects, as the verb has it done: the account is forgotten, unless the project can't be reached."""

    def __init__(self, data: Path, vault: Vault, *, reachable: bool = True) -> None:
        self._attachments = Attachments(data / "attached", vault)
        self._reachable = reachable

    def detach(self, project: str, passphrase: str, *, force: bool) -> str:
        assert (passphrase, force) == ("", True)
        if not self._reachable:
            raise Unreachable(host=project, reason="no way")
        state = self._attachments.load(project)
        assert state is not None
        self._attachments.detach(state)
        return state.project_name


class Computer:
    """A data folder with one of everything, a keyring, and the places at log-in."""

    def __init__(self, folder: Path, *, reachable: bool = True, attached: bool = True) -> None:
        self.data = folder / "data"
        for name in FILES:
            (self.data / name).parent.mkdir(parents=True, exist_ok=True)
            (self.data / name).write_bytes(b"1" * 5000)
        (self.data / "id").write_text("0123")
        (self.data / "settings.toml").write_text("")
        self.vault = Vault()
        self.entry = AutostartFile(folder / "autostart.desktop", autostart_entry, read_entry)
        self.once = OnceAtLogin(folder / "once.desktop", desktop_entry)
        self.around = Elsewhere(keyring=lambda _folder: self.vault, at_login=self.entry, once_at_login=self.once)
        self.projects = cast("ProjectServices", Projects(self.data, self.vault, reachable=reachable))
        self.told: list[Part] = []
        self.entry.on(login.command(self.data))
        Resume(self.data, boot="b", at_login=self.once).prepare("check", "remedy", ("t4t",))
        if attached:
            attachments = Attachments(self.data / "attached", self.vault)
            state = ProjectState(master_url=URL, project_name="LHC@home", web_rpc_url_base=URL, host_cpid="c")
            attachments.save(state)
            self.vault.put(attachments._entry(state), "key")

    def look(self) -> Removal:
        return removal.look(self.data, self.around)

    def remove(self, *keep: Part, tell: Callable[[Part], None] | None = None) -> Removed:
        return removal.remove(self.data, keep, self.projects, tell or self.told.append, self.around)


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "etc"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(paths, "own_data_dir", lambda: tmp_path / "data")
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_names() -> None:
    assert [
        part_of(name) for name in ("vms", "vms-before-00", "vms2", "tasks.zip", "settings.toml.damaged-2", ".gitignore", ".energy.json.00.part", *LAST)
    ] == [
        *(Part.MACHINES, Part.MACHINES, None, None, Part.SETTINGS, None, Part.WORK),
        *(None for _ in LAST),
    ]


def test_the_list_has_all_that_is_there_with_its_size(tmp_path: Path) -> None:
    computer = Computer(tmp_path)
    found = computer.look()
    assert found.parts == tuple(Part)
    assert found.strange == ()
    assert {Path(piece.place).name for piece in found.of(Part.RESULTS)} == {"results", "done", "task-0001"}
    assert [piece.place for piece in found.of(Part.START)] == [str(computer.entry.file)]
    assert found.size() > found.size({Part.MACHINES}) > 5000
    (computer.data / "letters").mkdir()
    assert computer.look().strange == ("letters",)


def test_everything_goes(tmp_path: Path) -> None:
    computer = Computer(tmp_path)
    size = computer.look().size()
    removed = computer.remove()
    assert removed == Removed(freed=size)
    assert not computer.data.exists()
    assert not computer.entry.file.exists()
    assert not computer.once.file.exists()
    assert not computer.vault._secrets
    assert computer.told == list(Part)
    assert computer.look().pieces == ()
    assert computer.remove() == Removed(freed=0), "once more changes nothing"


def test_what_is_kept_stays_and_nothing_else(tmp_path: Path) -> None:
    computer = Computer(tmp_path)
    computer.remove(Part.RESULTS, Part.PICTURES, Part.SETTINGS, Part.LOGS, Part.MACHINES)
    left = {path.relative_to(computer.data).as_posix() for path in computer.data.rglob("*") if path.is_file()}
    assert left == {name for name in FILES if name.startswith(("results/", "gallery/", "settings", "logs/", "done/", "demo/task-"))}, "machines can't be kept"


def test_files_of_somebody_else_are_in_nobodys_danger(tmp_path: Path) -> None:
    computer = Computer(tmp_path)
    (computer.data / "thesis.odt").write_text("years")
    with pytest.raises(FolderShared) as refused:
        computer.remove()
    assert refused.value.names == "thesis.odt"
    assert (computer.data / "vms" / "a").is_dir()
    assert computer.told == []


def test_a_link_of_ours_goes_and_what_others_links_lead_to_stays(tmp_path: Path) -> None:
    computer = Computer(tmp_path)
    disk, photos = tmp_path / "disk" / "t4t-vms-00ff", tmp_path / "photos"
    disk.parent.mkdir()
    (computer.data / "vms").rename(disk)
    link(computer.data / "vms", disk)
    photos.mkdir()
    (photos / "one.jpg").write_bytes(b"1")
    if sys.platform != "win32":
        (computer.data / "tasks" / "photos").symlink_to(photos, target_is_directory=True)
    (piece,) = (piece for piece in computer.look().of(Part.MACHINES) if piece.place.endswith("vms"))
    assert piece.size > 5000
    assert Path(piece.moved) == disk
    computer.remove()
    assert not disk.exists()
    assert (photos / "one.jpg").is_file()
    assert not computer.data.exists()


def test_a_folder_that_somebody_linked_by_hand_stays(tmp_path: Path) -> None:
    computer = Computer(tmp_path)
    (computer.data / "vms").rename(tmp_path / "big")
    link(computer.data / "vms", tmp_path / "big")
    computer.remove()
    assert (tmp_path / "big" / "a").is_dir()
    assert not computer.data.exists()


def test_machines_on_a_disk_that_is_not_there_are_waited_for(tmp_path: Path) -> None:
    computer = Computer(tmp_path)
    disk = tmp_path / "t4t-vms-00ff"
    (computer.data / "vms").rename(disk)
    link(computer.data / "vms", disk)
    disk.rename(tmp_path / "unplugged")
    with pytest.raises(MachinesAway):
        computer.remove()
    assert computer.told == []
    assert (computer.data / "id").is_file()
    (tmp_path / "unplugged").rename(disk)
    computer.remove()
    assert not computer.data.exists()
    assert not disk.exists()


def test_machines_and_projects_have_names(tmp_path: Path) -> None:
    computer = Computer(tmp_path)
    for folder, record in (
        ("vms/b", {"hypervisor": "virtualbox", "created": {"name": "t4t-b"}}),
        ("runs/abc/vms/c", {"created": {"name": "t4t-c"}}),
        ("vms/d", {"hypervisor": 5}),
    ):
        (computer.data / folder).mkdir(parents=True)
        (computer.data / folder / FILE).write_text(json.dumps(record))
    before = {path: path.stat().st_mtime_ns for path in computer.data.rglob("*")}
    found = computer.look()
    assert found.machines == (Machine(name="t4t-b", hypervisor="virtualbox"), Machine(name="t4t-c", hypervisor="qemu"))
    assert found.projects == ("LHC@home",)
    assert {path: path.stat().st_mtime_ns for path in computer.data.rglob("*")} == before, "to look changes nothing"


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Driver:
    """Of a machine in the data folder."""
    record = tmp_path / "data" / "vms" / "b" / FILE
    record.parent.mkdir(parents=True)
    record.write_text('{"hypervisor": "virtualbox", "created": {"name": "t4t-b"}}')
    made = Driver()
    monkeypatch.setattr(removal, "remote", made.remote)
    return made


def test_machines_leave_the_hypervisors_list(tmp_path: Path, driver: Driver) -> None:
    computer = Computer(tmp_path)
    computer.remove()
    assert (driver.listed, driver.open) == ([], 0)
    assert not computer.data.exists()


def test_a_machine_that_stays_keeps_what_tells_of_it(tmp_path: Path, driver: Driver) -> None:
    computer = Computer(tmp_path)
    driver.against = VmNotFound(vm="b")
    with pytest.raises(VmNotFound):
        computer.remove()
    assert driver.open == 0
    assert [machine.name for machine in computer.look().machines] == ["t4t-b"]
    driver.against = None
    computer.remove()
    assert driver.listed == []
    assert not computer.data.exists()


def test_a_hypervisor_that_is_gone_has_no_list(tmp_path: Path, driver: Driver) -> None:
    computer = Computer(tmp_path)
    driver.missing = True
    computer.remove()
    assert driver.open == 0
    assert not computer.data.exists()


def test_a_folder_of_somebodys_choice_stays_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "own_data_dir", lambda: tmp_path / "elsewhere")
    computer = Computer(tmp_path)
    assert computer.look().chosen
    assert computer.remove().stayed == ()
    assert list(computer.data.iterdir()) == []


def test_another_installations_start_is_not_ours(tmp_path: Path) -> None:
    computer = Computer(tmp_path)
    computer.entry.on(("/opt/other/t4t", "run", "--tray"))
    assert computer.look().of(Part.START) == ()
    computer.remove()
    assert computer.entry.file.is_file()


def test_where_nobody_ever_worked_nothing_is_begun(tmp_path: Path) -> None:
    data, entry = tmp_path / "data", AutostartFile(tmp_path / "autostart.desktop", autostart_entry, read_entry)
    around, told = Elsewhere(at_login=entry, once_at_login=OnceAtLogin(tmp_path / "once.desktop", desktop_entry)), list[Part]()
    entry.on(login.command(data))
    assert removal.look(data, around).parts == (Part.START,)
    assert removal.remove(data, (), cast("ProjectServices", None), told.append, around) == Removed(freed=0)
    assert told == [Part.START]
    assert list(tmp_path.iterdir()) == []


def test_a_project_that_can_not_be_told_is_named_and_its_key_goes(tmp_path: Path) -> None:
    computer = Computer(tmp_path, reachable=False)
    assert computer.remove().untold == ("LHC@home",)
    assert not computer.vault._secrets
    assert not computer.data.exists()


def test_a_keyring_that_stays_locked_keeps_the_name_of_the_key(tmp_path: Path) -> None:
    computer = Computer(tmp_path, reachable=False)
    computer.vault.closed = KeyringLocked(reason="no prompt")
    removed = computer.remove()
    assert [one.place.split()[0] for one in removed.stayed] == ["account"]
    assert (computer.data / "id").is_file()
    assert not (computer.data / "vms").exists()
    computer.vault.closed = None
    assert computer.remove().stayed == (), "it goes on where it stopped"
    assert not computer.data.exists()
    assert not computer.vault._secrets


def test_without_a_keyring_there_is_nothing_in_it(tmp_path: Path) -> None:
    def none(_folder: str) -> Vault:
        raise KeyringMissing(reason="none")

    computer = Computer(tmp_path, reachable=False)
    computer.around = Elsewhere(keyring=none, at_login=computer.entry, once_at_login=computer.once)
    assert computer.remove().stayed == ()
    assert not computer.data.exists()


def test_what_is_at_work_is_not_pulled_away(tmp_path: Path) -> None:
    computer = Computer(tmp_path)
    with FolderLock(computer.data / "demo", "host.lock"), pytest.raises(FolderBusy):
        computer.remove()
    assert computer.look().parts == tuple(Part)


def test_it_ends_between_two_parts_and_goes_on(tmp_path: Path) -> None:
    def stop(part: Part) -> None:
        if part is Part.RESULTS:
            raise InterruptedError

    computer = Computer(tmp_path)
    with pytest.raises(InterruptedError):
        computer.remove(tell=stop)
    found = computer.look().parts
    assert Part.MACHINES not in found
    assert Part.RESULTS in found
    computer.remove()
    assert not computer.data.exists()


def test_a_start_that_stays_is_named(tmp_path: Path) -> None:
    computer = Computer(tmp_path)
    computer.entry.file.unlink()
    computer.entry.file.mkdir()  # what unlinks no folder
    (stayed,) = computer.remove().stayed
    assert "autostart.desktop" in stayed.reason
    computer.entry.file.rmdir()
    computer.remove()
    assert not computer.data.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="whom a folder's rights stop")
def test_what_can_not_be_removed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    computer = Computer(tmp_path)
    unlink = Path.unlink

    def refuse(path: Path, *, missing_ok: bool = False) -> None:
        if path.name == "disk.qcow2":
            raise PermissionError(13, "Permission denied", str(path))
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as refusing:
        refusing.setattr(Path, "unlink", refuse)
        (stayed,) = computer.remove().stayed
    assert stayed == Stayed(place=str(computer.data / "vms" / "a" / "disk.qcow2"), reason="Permission denied")
    computer.remove()
    assert not computer.data.exists()


def test_our_own_log_is_closed_first(tmp_path: Path) -> None:
    computer = Computer(tmp_path)
    handler = logging.FileHandler(computer.data / "logs" / "t4t.log")
    logging.getLogger().addHandler(handler)
    try:
        computer.remove()
        assert handler not in logging.getLogger().handlers
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()
    assert not computer.data.exists()
