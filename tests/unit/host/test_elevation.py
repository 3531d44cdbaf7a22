"""Who may: an administrator is asked where one can answer, once, and a refusal is a refusal; programs are really run."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest

from t4t.domain.changes import Command
from t4t.domain.install_errors import NoAdministrator
from t4t.host import elevation
from t4t.host.elevation import PosixRunner, Surroundings, asking, run

if TYPE_CHECKING:
    from pathlib import Path

ROOT = Surroundings(root=True, terminal=False, programs={}, screen=False)
ONE = (Command(words=("modprobe", "vboxdrv")),)
TWO = (Command(words=("apt-get", "update"), may_fail=True), Command(words=("apt-get", "install", "a b"), done=frozenset({0, 7})))


@pytest.mark.parametrize(
    ("terminal", "screen", "programs", "first"),
    [
        (True, True, {"sudo": "/usr/bin/sudo", "pkexec": "/usr/bin/pkexec"}, ("/usr/bin/sudo", "--")),
        (True, False, {"pkexec": "/usr/bin/pkexec"}, ("/usr/bin/pkexec",)),
        (False, True, {"sudo": "/usr/bin/sudo", "pkexec": "/usr/bin/pkexec"}, ("/usr/bin/pkexec",)),
        (False, True, {"sudo": "/usr/bin/sudo"}, None),
        (False, False, {"sudo": "/usr/bin/sudo", "pkexec": "/usr/bin/pkexec"}, None),
        (True, True, {}, None),
    ],
)
def test_an_administrator_is_asked_where_one_can_answer(*, terminal: bool, screen: bool, programs: dict[str, str], first: tuple[str, ...] | None) -> None:
    around = Surroundings(root=False, terminal=terminal, programs=programs, screen=screen)
    if first is None:
        with pytest.raises(NoAdministrator):
            asking(ONE, around)
        return
    assert asking(ONE, around) == ((*first, "modprobe", "vboxdrv"),)
    (words,) = asking(TWO, around)  # once for all of them
    assert words[: len(first) + 2] == (*first, "/bin/sh", "-ec")
    assert words[-1] == "apt-get update || true\napt-get install 'a b' || case $? in 7) ;; *) exit $? ;; esac"


def test_root_asks_nobody() -> None:
    assert asking(TWO, ROOT) == (TWO[0].words, TWO[1].words)


posix = pytest.mark.skipif(sys.platform == "win32", reason="runs shells")


def sh(text: str, **more: frozenset[int] | bool) -> Command:
    return Command(words=("sh", "-c", text), **more)  # type: ignore[arg-type]  # a table's own fields


def pretender(folder: Path, name: str, text: str) -> str:
    """A program in the place of pkexec or sudo."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n{text}\n", encoding="ascii")
    program.chmod(0o755)
    return str(program)


@posix
async def test_really_run_as_root_would(tmp_path: Path) -> None:
    runner = PosixRunner(ROOT, darwin=False)
    good = await runner.elevated((sh("exit 3", may_fail=True), sh(f"touch {tmp_path}/x")))
    assert good.status == 0
    assert (tmp_path / "x").exists()
    bad = await runner.elevated((sh("echo no; exit 4"), sh(f"touch {tmp_path}/y")))
    assert (bad.status, bad.tail, bad.refused) == (4, "no", False)
    assert not (tmp_path / "y").exists()
    assert (await runner.elevated((sh("exit 9", restart=frozenset({9})), sh("true")))).status == 9
    assert (await runner.plain(sh("exit 2"))).status == 2
    assert "touch" in runner.shown((sh("touch x"),))


@posix
@pytest.mark.parametrize(("text", "refused", "status"), [('exec "$@"', False, 0), ("exit 126", True, 126), ("exit 127", True, 127), ("exit 5", False, 5)])
async def test_pkexec(tmp_path: Path, text: str, refused: bool, status: int) -> None:  # noqa: FBT001 - a parameter of the table
    around = Surroundings(root=False, terminal=False, programs={"pkexec": pretender(tmp_path, "pkexec", text)}, screen=True)
    said = await PosixRunner(around, darwin=False).elevated((sh("true"),))
    assert (said.status, said.refused) == (status, refused)


@posix
@pytest.mark.parametrize(
    ("text", "refused", "status"), [('[ "$1" = -v ] && exit 0; shift; exec "$@"', False, 0), ("exit 1", True, 1), ('[ "$1" = -v ]', False, 1)]
)
async def test_sudo(tmp_path: Path, text: str, refused: bool, status: int) -> None:  # noqa: FBT001 - a parameter of the table
    around = Surroundings(root=False, terminal=True, programs={"sudo": pretender(tmp_path, "sudo", text)}, screen=False)
    said = await PosixRunner(around, darwin=False).elevated((sh("true"),))
    assert (said.status, said.refused) == (status, refused)


@posix
@pytest.mark.parametrize(("text", "refused"), [("exit 0", False), ("echo 'execution error: User canceled. (-128)'; exit 1", True), ("exit 1", False)])
async def test_a_mac_asks_by_its_own_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, refused: bool) -> None:  # noqa: FBT001 - a parameter
    pretender(tmp_path, "osascript", f'echo "$2" > {tmp_path}/asked\n{text}')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    said = await PosixRunner(Surroundings(root=False, terminal=True, programs={}, screen=True), darwin=True).elevated((Command(words=("echo", 'a "b"')),))
    assert said.refused is refused
    assert (tmp_path / "asked").read_text(encoding="ascii") == 'do shell script "echo \'a \\"b\\"\'" with administrator privileges\n'


async def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    said = await run((str(tmp_path / "none"),), attached=False)
    assert said.status == 127
    assert said.tail


@posix
async def test_who_cancels_waits_for_the_package_manager(tmp_path: Path) -> None:
    task = asyncio.create_task(run(("sh", "-c", f"touch {tmp_path}/begun; sleep 0.3; touch {tmp_path}/done"), attached=False))
    async with asyncio.timeout(20):
        while not (tmp_path / "begun").exists():  # noqa: ASYNC110 - another process's file
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (tmp_path / "done").exists()


def test_this_process() -> None:
    found = elevation.here()
    assert set(found.programs) <= {"pkexec", "sudo"}
