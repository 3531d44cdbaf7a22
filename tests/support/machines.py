"""Recorded and constructed computers (``tests/fixtures/machines``): their surroundings are replayed to the real probes.

A machine is a TOML file; ``base`` names another one in ``bases`` that it is merged over, and ``false`` takes a file, key or service of the base away.
``python tests/support/machines.py`` writes the words of each machine (``<name>.json``) again; read the difference before you commit it.
"""

from __future__ import annotations

import json
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t4t.domain.diagnosis import diagnose
from t4t.domain.diagnosis.tables import numbers
from t4t.domain.facts import Computer, Disk, Fact, Facts, Memory, Network, Obstacle, Qemu, Reach, Trial, VirtualBox, certain, unknown
from t4t.domain.vm import Accelerator
from t4t.host.probe.linux import LinuxProbe, LinuxSurroundings
from t4t.host.probe.macos import MacProbe, MacSurroundings
from t4t.host.probe.windows import WindowsProbe, WindowsSurroundings
from t4t.storage import tables
from t4t.wording import doctor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "machines"


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def _merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(base)
    for key, value in own.items():
        found[key] = _merged(found[key], value) if isinstance(value, dict) and isinstance(found.get(key), dict) else value
    return found


def load(name: str, folder: Path = FOLDER) -> dict[str, Any]:
    own = tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
    return _merged(load(own["base"], FOLDER / "bases"), own) if "base" in own else own


class Measured:
    """`t4t.host.probe.base.Measures` of a machine."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self._said = said

    def memory(self) -> Memory | None:
        return Memory(total=self._said["total"], available=self._said["available"]) if self._said.get("total") else None

    def disk(self) -> Disk | None:
        return Disk(path=self._said["path"], free=self._said["free"], file_system=self._said["file_system"]) if self._said.get("path") else None

    def cores(self) -> int | None:
        return self._said.get("cores") or None


class RecordedWindows:
    """`t4t.host.probe.windows.WindowsApi` of a machine: what was not recorded is an error, so that no question is answered by chance."""

    QUESTIONS = frozenset({r"HKCU\SOFTWARE\Microsoft\Windows\CurrentVersion\Lxss"})

    def __init__(self, said: Mapping[str, Any]) -> None:
        self._said = said

    def values(self, key: str) -> Mapping[str, str | int] | None:
        found = self._said["registry"].get(key, False)
        return None if found is False else dict(found)

    def subkeys(self, key: str) -> Sequence[str]:
        assert key in self.QUESTIONS
        return tuple(self._said["subkeys"].get(key, ()))

    def wmi(self, namespace: str, kind: str, fields: Sequence[str]) -> Mapping[str, object] | None:
        assert namespace == (r"root\Microsoft\Windows\DeviceGuard" if kind == "Win32_DeviceGuard" else r"root\cimv2")
        found = self._said["wmi"][kind]
        return None if found is False else {field: found.get(field) for field in fields}

    def processor_feature(self, number: int) -> bool | None:
        return bool(self._said["features"][str(number)])

    def machines(self) -> tuple[int, int] | None:
        process, native = self._said["machines"]
        return process, native

    def hypervisor_platform(self) -> bool | None:
        return bool(self._said["hypervisor_platform"])

    def running(self, service: str) -> bool | None:
        said = self._said["services"].get(service, "absent")
        return {"running": True, "stopped": False, "absent": None}[said]

    def firmware(self) -> int | None:
        return int(self._said["firmware"])

    def commit_mib(self) -> int | None:
        return int(self._said["commit_mib"])

    def elevated(self) -> bool | None:
        return bool(self._said["elevated"])

    def session(self) -> int | None:
        return int(self._said["session"])


class RecordedSysctl:
    """`t4t.host.probe.macos.Sysctl` of a machine."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self._said = said

    def number(self, name: str) -> int | None:
        found = self._said["numbers"].get(name, False)
        return None if found is False else int(found)

    def text(self, name: str) -> str | None:
        found = self._said["texts"].get(name, False)
        return None if found is False else str(found)


def write_tree(root: Path, files: Mapping[str, str | bool]) -> None:
    """The files of a Linux machine below ``root``; a name that ends with / is a folder."""
    for name, text in files.items():
        path = root / name
        if text is False:
            continue
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(str(text).encode())


def computer(said: Mapping[str, Any], root: Path) -> Computer:
    """What the real probe finds on this machine; ``root`` is an empty folder for a Linux machine's files."""
    measures = Measured(said["measures"])
    if "linux" in said:
        linux = said["linux"]
        write_tree(root, linux["files"])
        openable = {str(root / name) for name in linux["openable"]}
        around = LinuxSurroundings(
            root=root,
            environment=linux["environment"],
            machine=linux["machine"],
            release=linux["release"],
            can_open=lambda path: str(path) in openable,
            elevated=linux["elevated"],
            measures=measures,
        )
        return LinuxProbe(around).look()
    if "windows" in said:
        return WindowsProbe(WindowsSurroundings(api=RecordedWindows(said["windows"]), measures=measures)).look()
    return MacProbe(MacSurroundings(sysctl=RecordedSysctl(said["macos"]), measures=measures, user=said["macos"]["user"])).look()


def virtualbox(said: Mapping[str, Any]) -> VirtualBox:
    if not said["found"]:
        return VirtualBox(found=certain(value=False, source="usual places"))
    version = numbers(said.get("version", ""))
    if not version:
        return VirtualBox(found=certain(value=True, source="VBoxManage"))
    answers = said.get("answers", True)
    return VirtualBox(
        found=certain(value=True, source="VBoxManage"),
        version=certain((version[0], version[1], version[2]), "VBoxManage"),
        edition=said.get("edition", ""),
        answers=certain(answers, "list systemproperties"),
        trouble=said.get("trouble", ""),
        trouble_code=said.get("trouble_code", ""),
        inaccessible=certain(said.get("inaccessible", 0), "list vms") if answers else unknown(),
        extension_packs=certain(tuple(said.get("extension_packs", ())), "list extpacks") if answers else unknown(),
        other_home=certain(said.get("other_home", ""), "VBoxSVC") if answers else unknown(),
    )


def qemu(said: Mapping[str, Any]) -> Qemu:
    if not said["found"]:
        return Qemu(found=certain(value=False, source="search path"))
    if "trouble" in said:
        return Qemu(found=certain(value=True, source="qemu"), trouble=said["trouble"])
    return Qemu(
        found=certain(value=True, source="qemu"),
        version=certain(said["version"], "qemu"),
        accelerator=certain(said["accelerator"], "qemu"),
        hardware=certain(said["accelerator"] != "tcg", "qemu"),
    )


def network(said: Mapping[str, Any]) -> Network:
    tried = tuple(Reach(host, port, reached) for host, port, reached in said.get("hosts", ()))
    return Network(
        online=certain(said["online"], "interfaces"),
        proxy=certain(said.get("proxy", ""), "settings"),
        metered=certain(said["metered"], "NetworkManager") if "metered" in said else unknown(),
        hosts=certain(tried, "connection") if tried else unknown(),
    )


def facts(said: Mapping[str, Any], root: Path) -> Facts:
    """Everything that is known of a machine."""
    boots = {name: trial(said["boot"][kind]) for kind, name in (("virtualbox", "virtualbox_trial"), ("qemu", "qemu_trial")) if kind in said.get("boot", {})}
    return Facts(computer=computer(said, root), virtualbox=virtualbox(said["virtualbox"]), qemu=qemu(said["qemu"]), network=network(said["network"]), **boots)


def trial(said: Mapping[str, Any]) -> Fact[Trial]:
    """A test boot."""
    words = {key: said[key] for key in ("code", "trouble", "culprit", "seconds") if key in said}
    engine = Accelerator(said["engine"]) if "engine" in said else None
    return certain(Trial(engine=engine, obstacle=Obstacle(said["obstacle"]) if "obstacle" in said else None, **words), "VBox.log")


def words(said: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """The document of the doctor, with the steps of what comes first."""
    found = diagnose(facts(said, root), tables.load())
    current = found.current
    return doctor.document(found) | {"verdict": doctor.verdict(found), "first": list(doctor.fix(current)) if current is not None else []}


def _write() -> Iterator[str]:
    for name in names():
        with tempfile.TemporaryDirectory() as root:
            document = words(load(name), Path(root))
        path = FOLDER / f"{name}.json"
        text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            yield name


if __name__ == "__main__":
    sys.stdout.writelines(f"{name}\n" for name in _write())
