"""``t4t report``: gathers what a helper needs, from every corner of the program, whatever of it is broken. Sends nothing, asks no network, writes nothing."""

from __future__ import annotations

import importlib.metadata
import itertools
import json
import logging
import platform
import sys
import time
from typing import TYPE_CHECKING, Final

import msgspec

from t4t import __version__
from t4t.api.client import Client
from t4t.bootstrap import checks
from t4t.domain.anonymity import Cloak, Known
from t4t.domain.errors import AgentMissing, T4TError
from t4t.engine.record import peek
from t4t.engine.source import DONE, FAILED, TASKS
from t4t.host import identity, resources
from t4t.hypervisor.virtualbox import locate
from t4t.storage import past, tails
from t4t.storage.state import INTENT
from t4t.wording import doctor, findings, timeline
from t4t.wording import report as words
from t4t.wording.language import in_english
from t4t.wording.notices import notice
from t4t.wording.report import Section
from t4t.wording.screen import Reader, explained, moment, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from t4t.domain.diagnosis.findings import Finding
    from t4t.storage.past import Past

_log = logging.getLogger(__name__)

_PATIENCE_S: Final = 5.0
_PARTS: Final = ("PySide6-Essentials", "msgspec", "psutil", "aiohttp", "virtualbox", "qemu.qmp", "keyring", "platformdirs", "cryptography")
_OUR_LOGS: Final = (("t4t.log", 60_000), ("vm-host.log", 40_000), ("t4t.log.1", 10_000))
_MACHINES: Final = 3
"""Virtual machines, by their latest words, whose logs are shown."""
_HEAD: Final = 8_000
_TAIL: Final = 30_000
_SHORT_TAIL: Final = 8_000
_STEPS: Final = 150
_LINES: Final = 300
_FOLDERS: Final = 12
_PROJECTS: Final = "*/*/project.json"
"""Below the data folder: see `t4t.project.attachment`."""


@in_english()
def report(data: Path, *, known: Known | None = None, doctor_too: bool = True) -> str:
    """The whole text. ``known`` is who must not be named, beside whoever runs this; ``doctor_too``: also look at this computer, which takes a few seconds."""
    reader = Reader(time.time())
    sections = [
        _section("versions", lambda: _versions(data)),
        _section("session", lambda: _session(data, reader)),
        *([_section("computer", lambda: _computer(data, reader))] if doctor_too else []),
        _section("tasks", lambda: _tasks(data)),
        *_past(data, reader),
        _section("intent", lambda: (data / INTENT).read_text(encoding="utf-8", errors="replace")),
        *_logs(data),
    ]
    return _composed(sections, data, known)


@in_english()
def logs(data: Path) -> str:
    """The ends of the logs alone, as a report has them."""
    return _composed(list(_logs(data)), data, None)


def _composed(sections: list[Section], data: Path, known: Known | None) -> str:
    who = identity.known()
    if known is not None:
        who = Known(users=who.users + known.users, people=who.people + known.people, hosts=who.hosts + known.hosts, homes=who.homes + known.homes)
    who = Known(users=who.users, people=(*who.people, *_accounts(data)), hosts=who.hosts, homes=who.homes)
    return words.compose(sections, hide=Cloak(who).hide, made=time.strftime("%Y-%m-%d %H:%M %z"))


def _section(key: str, gather: Callable[[], str]) -> Section:
    return Section(words.title(key), _whatever(gather))


def _whatever(gather: Callable[[], str]) -> str:
    """What ``gather`` gives, or why it gives nothing: a report is wanted most when something is broken."""
    try:
        return gather() or words.nothing()
    except T4TError as error:
        told = notice(error)
        return words.missing(f"{told.title}. {told.body} ({error.code})")
    except OSError as error:
        return words.missing(error.strerror or str(error))
    except Exception as error:  # noqa: BLE001 - one part that fails, for whatever reason, must not take the others along
        _log.warning("a part of the report is missing", exc_info=True)
        return words.missing(f"{type(error).__name__}: {error}")


def _versions(data: Path) -> str:
    frozen = " (bundle)" if getattr(sys, "frozen", False) else ""
    lines = [
        f"t4t {__version__}{frozen}",
        f"Python {platform.python_version()} ({platform.python_implementation()})",
        f"{platform.platform()} {platform.machine()}",
        f"{resources.cores()} processors, free space {_space(data)}",
        f"data folder {data}",
    ]
    for part in _PARTS:
        try:
            lines.append(f"{part} {importlib.metadata.version(part)}")
        except importlib.metadata.PackageNotFoundError:
            lines.append(f"{part}: not installed")
    return "\n".join(lines)


def _space(data: Path) -> str:
    free = resources.free_bytes(data)
    return "not known" if free is None else f"{free / (1 << 30):.2f} GiB"


def _session(data: Path, reader: Reader) -> str:
    try:
        with Client(data, seconds=_PATIENCE_S) as client:
            view, why = client.status(), client.why()
    except AgentMissing:
        return words.no_agent()
    now = said(view, reader)
    document = json.dumps({"status": msgspec.to_builtins(view), "why": msgspec.to_builtins(why)}, indent=1, ensure_ascii=False)
    return f"{now.sentence}. {now.detail}\n{explained(why, reader)}\n\n{document}"


def _computer(data: Path, reader: Reader) -> str:
    diagnosis, boot, proved = checks.doctor_and_last_boot(data)
    lines = [doctor.verdict(diagnosis), "", *map(_finding, diagnosis.findings), ""]
    if boot is None:
        return "\n".join((*lines, words.no_test_boot()))
    trials = [
        f"{name}: {json.dumps(msgspec.to_builtins(trial))}" for name, trial in (("VirtualBox", boot.virtualbox), ("QEMU", boot.qemu)) if trial is not None
    ]
    return "\n".join((*lines, words.test_boot(moment(boot.at, reader), boot.version), *map(_finding, proved), *trials))


def _finding(found: Finding) -> str:
    line = findings.say(found)
    return f"{found.status.value:8} {line.check}: {line.summary}. {line.detail} [{'; '.join(found.sources)}]"


def _tasks(data: Path) -> str:
    lines = []
    for shelf in (TASKS, DONE, FAILED):
        folders = sorted((path for path in (data / shelf).glob("*") if path.is_dir()), key=_changed, reverse=True)
        lines.append(f"{shelf}: {len(folders)}")
        for path in folders[:_FOLDERS]:
            record = peek(path)
            facts = "its record can't be read" if record is None else json.dumps(msgspec.to_builtins(record), ensure_ascii=False)
            lines.append(f"  {path.name}: {facts}")
    return "\n".join(lines)


def _changed(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0


def _past(data: Path, reader: Reader) -> Iterator[Section]:
    """What the state file knows; one look at it for all."""
    found: list[Past] = []

    def of(show: Callable[[Past], Iterable[str]]) -> Callable[[], str]:
        def gather() -> str:
            if not found:
                found.append(past.read(data, effects=_STEPS, results=_STEPS, timeline=_LINES))
            return "\n".join(show(found[0]))

        return gather

    def at(when: float) -> str:
        return moment(when, reader)

    yield _section("results", of(lambda all_: (f"{at(one.at)}  {one.task}  {one.outcome} {one.error} {one.elapsed_s:.0f} s" for one in all_.results)))
    yield _section(
        "timeline",
        of(
            lambda all_: (f"{at(one.at)}  {one.task}  {timeline.sentence(one.what, one.detail, one.lost_s)} [{one.what} {one.detail}]" for one in all_.timeline)
        ),
    )
    yield _section("effects", of(lambda all_: (f"{at(one.begun)}  {one.task}  {one.step}: {one.outcome or 'not ended'}" for one in all_.effects)))


def _logs(data: Path) -> Iterator[Section]:
    for name, most in _OUR_LOGS:
        yield _log_of(f"logs/{name}", data / "logs" / name, most)
    for number, path in enumerate(_latest(data, "VBox.log")):
        yield _log_of(f"VBox.log {number + 1}: {path.parent.parent.name}", path, _TAIL, begins=_HEAD)
    for name in ("VBoxHardening.log", "qemu.log"):
        for path in _latest(data, name):
            yield _log_of(f"{name}: {path.parent.name}", path, _SHORT_TAIL)
    for path in sorted((data / FAILED).glob("*/console.log"), key=_changed, reverse=True)[:_MACHINES]:
        yield _log_of(f"console.log of the failed task {path.parent.name}", path, _SHORT_TAIL)
    for home in locate.expected_homes(locate.here()):
        if (home / "VBoxSVC.log").is_file():
            yield _log_of("VBoxSVC.log", home / "VBoxSVC.log", _SHORT_TAIL)


def _latest(data: Path, name: str) -> list[Path]:
    """The newest logs of this name among our virtual machines, those of single tasks too."""
    places = itertools.chain.from_iterable(data.glob(f"{root}/*/{way}{name}") for root in ("vms", "runs/*/vms") for way in ("", "Logs/", "*/Logs/"))
    return sorted(places, key=_changed, reverse=True)[:_MACHINES]


def _log_of(name: str, path: Path, most: int, *, begins: int = 0) -> Section:
    def gather() -> str:
        end = tails.tail(path, most)
        if not end.left_out or not begins:
            return words.cut(end.left_out) + end.text
        first = tails.head(path, begins)
        return first.text + words.cut(max(0, end.left_out - len(first.text.encode()))) + end.text

    return Section(name, _whatever(gather))


def _accounts(data: Path) -> tuple[str, ...]:
    """Names of accounts and teams that are attached, from the projects' files."""
    names: list[str] = []
    for path in data.glob(_PROJECTS):
        try:
            document = msgspec.json.decode(path.read_bytes())
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            continue
        if isinstance(document, dict):
            names += [value for key in ("user_name", "team_name") if isinstance(value := document.get(key), str)]
    return tuple(names)
