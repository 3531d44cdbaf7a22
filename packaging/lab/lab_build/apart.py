"""A piece of work in namespaces of its own: its mounts, processes and ports are nobody else's and end with it, whatever happens."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lab_build.folder import LabFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_NEW_MOUNTS: Final = 0x00020000  # CLONE_NEWNS; these five from linux/sched.h
_NEW_NAMES: Final = 0x04000000  # CLONE_NEWUTS
_NEW_IPC: Final = 0x08000000  # CLONE_NEWIPC
_NEW_PIDS: Final = 0x20000000  # CLONE_NEWPID
_NEW_NETWORK: Final = 0x40000000  # CLONE_NEWNET
_DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG, linux/prctl.h
_SET_FLAGS: Final = 0x8914  # SIOCSIFFLAGS, linux/sockios.h
_UP_RUNNING: Final = 0x41  # IFF_UP | IFF_RUNNING, linux/if.h
_DEVICES: Final = ("null", "zero", "full", "random", "urandom", "tty")
_GRACE_SECONDS: Final = 15.0
_POLITE_SECONDS: Final = 3.0


class Ended(BaseException):
    """The person or the machine wants the work to end; as KeyboardInterrupt, no ordinary handler may swallow it."""


def _libc_call(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def apart(work: Callable[[], int], *, network: bool) -> int:
    """Run `work` as the first process of new namespaces and return its result; without `network` there is only a loopback device.

    All processes that it started are gone when this returns, also when this process is killed. This process can start no others afterwards.
    Raises LabFailed where the machine does not allow namespaces.
    """
    try:
        _libc_call("unshare", _NEW_PIDS | _NEW_IPC | _NEW_NAMES | (0 if network else _NEW_NETWORK))
    except OSError as error:
        raise LabFailed(f"this machine allows no namespaces ({error.strerror}); the laboratory needs root with CAP_SYS_ADMIN") from error
    sys.stdout.flush()
    sys.stderr.flush()
    alive_read, alive_write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(alive_write)
        os._exit(_first_process(work, alive_read, network=network))
    os.close(alive_read)
    handlers = {number: signal.signal(number, lambda *_: os.kill(child, signal.SIGTERM)) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        os.write(alive_write, b"x")
        _, status = os.waitpid(child, 0)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.close(alive_write)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _first_process(work: Callable[[], int], alive: int, *, network: bool) -> int:
    _libc_call("prctl", _DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    if not os.read(alive, 1):  # the parent died before the line above
        return 1
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _ended)
    try:
        # Only here: the parent removes folders afterwards and must not see these mounts.
        _libc_call("unshare", _NEW_MOUNTS)
        mount("--make-rprivate", "/")
        if not network:
            loopback_up()
        return work()
    except LabFailed as failure:
        print(f"lab: {failure}", file=sys.stderr, flush=True)
        return 1
    except Ended:
        print("lab: interrupted", file=sys.stderr, flush=True)
        return 130
    except BaseException:  # noqa: BLE001 - the end of this process; after a fork nothing may run on as if it were the parent
        traceback.print_exc()
        return 1
    finally:
        _end_the_others()
        sys.stdout.flush()
        sys.stderr.flush()


def _ended(_number: int, _frame: FrameType | None) -> None:
    raise Ended


def _end_the_others() -> None:
    """Ask all processes of this namespace to end and give them a moment; the kernel ends the rest together with this one."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if os.getpid() != 1:  # "all" must never mean the whole machine
        return
    with suppress(ProcessLookupError):
        os.kill(-1, signal.SIGTERM)
    deadline = time.monotonic() + _POLITE_SECONDS
    with suppress(ChildProcessError):
        while time.monotonic() < deadline:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.02)


def command(words: list[str], environment: dict[str, str], folder: Path | None = None) -> int:
    """Run a command to its end as a child of the namespace's first process, which buries orphans meanwhile."""
    process = subprocess.Popen(words, env=environment, cwd=folder)
    try:
        return _bury_until(process, None)
    except Ended:
        process.terminate()
        _bury_until(process, time.monotonic() + _GRACE_SECONDS)
        raise


def _bury_until(process: subprocess.Popen[bytes], deadline: float | None) -> int:
    while deadline is None or time.monotonic() < deadline:
        pid, status = os.waitpid(-1, 0 if deadline is None else os.WNOHANG)
        if pid == process.pid:
            process.returncode = code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        if pid == 0:
            time.sleep(0.02)
    return 1


def mount(*words: str | Path) -> None:
    """Mount a file system with the tool `mount`; raises LabFailed with what it said."""
    done = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise LabFailed(f"mount {' '.join(map(str, words))}: {done.stderr.strip()}")


def bind(source: Path, target: Path, *, read_only: bool) -> None:
    """Show a folder or file at a second place."""
    mount("--bind", source, target)
    if read_only:
        mount("-o", "remount,bind,ro", target)


def unbind(place: Path) -> None:
    """Take back what `bind` has shown, and the empty folders that were made for it."""
    done = subprocess.run(["umount", str(place)], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise LabFailed(f"umount {place}: {done.stderr.strip()}")
    with suppress(OSError):
        os.removedirs(place)


def loopback_up() -> None:
    """Switch on the loopback device of this network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sH14x", b"lo", _UP_RUNNING))


def furnish(root: Path) -> None:
    """Give a system folder the kernel's file systems and a small `/dev`: no disks of the machine, no `/dev/kvm`, no `/dev/vboxdrv`."""
    mount("-t", "proc", "-o", "nosuid,noexec,nodev", "proc", root / "proc")
    mount("-t", "sysfs", "-o", "ro,nosuid,noexec,nodev", "sysfs", root / "sys")
    mount("-t", "tmpfs", "-o", "mode=755,size=1m", "tmpfs", root / "dev")
    for name in _DEVICES:
        (root / "dev" / name).touch()
        bind(Path("/dev") / name, root / "dev" / name, read_only=False)
    for name in ("pts", "shm"):
        (root / "dev" / name).mkdir()
    mount("-t", "devpts", "-o", "newinstance,ptmxmode=0666,mode=620", "devpts", root / "dev/pts")
    mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", root / "dev/shm")
    (root / "dev/ptmx").symlink_to("pts/ptmx")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        (root / "dev" / name).symlink_to(f"/proc/self/fd/{number}")
    (root / "dev/fd").symlink_to("/proc/self/fd")
    for name, mode in (("tmp", "1777"), ("run", "755")):
        mount("-t", "tmpfs", "-o", f"mode={mode}", "tmpfs", root / name)
