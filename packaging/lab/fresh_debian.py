"""A package installed as a person would, in a fresh Debian of its own, over an older one that is at work, used by an ordinary user, and removed.

``fresh_debian.py --cache DIR --package DEB --older DEB --task DIR --appliance DIR`` needs root; ``--task`` is a task of minutes,
``--older`` another version. The Debian is made once, in the cache; what happens in it lies in memory and is gone
afterwards, with all its processes. Prints what was seen as JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lab_build.apart import apart, bind, furnish, mount
from lab_build.folder import LabFailed, say
from lab_build.packages import chroot_environment, run
from lab_build.surroundings import LAB_BUNDLE, apt_options, ca_bundle, debian_mirror, proxies

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SUITE: Final = "bookworm"
_BASE: Final = ("ca-certificates", "dbus-daemon", "qemu-system-x86", "qemu-utils", "xauth", "xvfb")
"""A computer with a screen and something to run machines with."""
_USER: Final = "volunteer"
_HOME: Final = f"home/{_USER}"
_DATA: Final = f"{_HOME}/.local/share/t4t"
_PROGRAM: Final = "usr/lib/t4t/t4t"
_TASK: Final = "a"
_SECONDS: Final = 900
_NOBODY_LOOKS: Final = ("when.in_use=go-on", "when.busy_slow_percent=0", "when.busy_pause_percent=0")
"""Settings with which the work goes on whatever else this computer does."""
_CHECKOUT: Final = Path(__file__).resolve().parents[2]
_FLEETING: Final = ("dev", "home", "proc", "root", "run", "sys", "tmp", "var/cache", "var/lib/apt", "var/lib/dpkg", "var/log", "appliance", "older", "package")
"""Where a system keeps what no package owns."""


def place(cache: Path) -> Path:
    """Where the fresh Debian lies once it is made."""
    recipe = hashlib.sha256(repr((SUITE, _BASE)).encode()).hexdigest()[:12]
    return cache / f"{SUITE}-{recipe}"


def make(cache: Path) -> None:
    """Make it. This process can do no more afterwards."""
    ready = place(cache)
    cache.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="making-", dir=cache))
    root = work / "root"
    try:
        if apart(lambda: _debootstrap(root, cache), network=True):
            raise LabFailed("the fresh Debian was not made")
        root.rename(ready)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _debootstrap(root: Path, cache: Path) -> int:
    say(f"a fresh Debian {SUITE}")
    root.mkdir()
    mirror = debian_mirror()
    kept = cache / "packages"
    kept.mkdir(exist_ok=True)
    environment = os.environ | {"LC_ALL": "C", "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}
    run(["debootstrap", "--variant=minbase", "--force-check-gpg", f"--cache-dir={kept}", SUITE, root, mirror], environment=environment)
    (root / "etc/apt/sources.list").write_text(f"deb {mirror} {SUITE} main\n", encoding="ascii")
    (root / "etc/dpkg/dpkg.cfg.d/quick").write_text("force-unsafe-io\n", encoding="ascii")
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    _open(root)
    _apt(root, "update")
    _apt(root, "install", "--no-install-recommends", *_BASE)
    run(["chroot", root, "useradd", "--create-home", "--uid", "1000", _USER], environment=chroot_environment())
    return 0


def _open(root: Path) -> None:
    """The kernel's file systems, and this machine's way to Debian's archive."""
    furnish(root)
    for source in (Path("/etc/resolv.conf"), Path("/etc/hosts")):
        if source.is_file():
            shutil.copyfile(source, root / "etc" / source.name)
    bundle = ca_bundle()
    if bundle is not None:
        own = root / LAB_BUNDLE.lstrip("/")
        own.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(bundle, own)
    (root / "run/apt.conf").write_text(f'{apt_options()}APT::Sandbox::User "root";\n', encoding="utf-8")


def _apt(root: Path, *words: str) -> str:
    environment = chroot_environment(APT_CONFIG="/run/apt.conf", **proxies())
    return run(["chroot", root, "apt-get", "-q", "-y", *words], environment=environment)


def _environment(root: Path) -> dict[str, str]:
    """What an ordinary user's session has."""
    runtime = root / "run/user/1000"
    if not runtime.is_dir():
        runtime.mkdir(parents=True)
        os.chown(runtime, 1000, 1000)
        runtime.chmod(0o700)
    kept = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "USER": _USER, "XDG_RUNTIME_DIR": "/run/user/1000", "T4T_APPLIANCE": "/appliance"}
    return {"HOME": f"/{_HOME}"} | kept


def _before(root: Path) -> tuple[str, ...]:
    return ("/usr/sbin/chroot", str(root), "setpriv", "--reuid=1000", "--regid=1000", "--clear-groups")


def _as_user(root: Path, *words: str, screen: bool = False) -> subprocess.CompletedProcess[str]:
    """Run it as an ordinary user in the fresh Debian."""
    command = [*_before(root), *(("xvfb-run", "-a") if screen else ()), *words]
    return subprocess.run(command, env=_environment(root), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False)


def _until(check: Callable[[], bool], what: str, seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            raise LabFailed(f"waited in vain for {what}")
        time.sleep(0.5)


def _document(done: subprocess.CompletedProcess[str]) -> Any:  # noqa: ANN401 - as the verb answers
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise LabFailed(f"{' '.join(done.args[-4:])} ended with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}") from None


def _files(root: Path) -> set[str]:
    """Everything that is there and should not depend on what once was installed."""
    found = set()
    for place, folders, files in os.walk(root):
        here = Path(place).relative_to(root)
        folders[:] = [name for name in folders if str(here / name) not in _FLEETING]
        found |= {str(here / name) for name in (*folders, *files)}
    return found


def _running(root: Path) -> list[int]:
    """The processes whose program is the package's, also if another file has its name by now, and the machines."""
    places = (f"{root}/usr/lib/t4t/", f"{root}/usr/bin/qemu-system")
    found = []
    for process in (root / "proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str((process / "exe").readlink()).startswith(places):
                found.append(int(process.name))
    return sorted(found)


def _is_of_the_package(root: Path, pid: int) -> bool:
    """Whether it runs the file that lies there now."""
    with contextlib.suppress(OSError):
        return (root / "proc" / str(pid) / "exe").samefile(root / _PROGRAM)
    return False


def _status(root: Path) -> dict[str, Any]:
    done = _as_user(root, "t4t", "--json", "status")
    found = json.loads(done.stdout) if done.returncode == 0 else {}
    return found if isinstance(found, dict) else {}


def _upgrade(root: Path, older: str, newer: str, task: Path) -> dict[str, Any]:
    """An older version computes while apt brings the newer one: what became of the agent and of the work."""
    say("an older version at work")
    _apt(root, "install", "-o", "APT::Install-Recommends=true", older)
    _as_user(root, "t4t", "settings", "set", *_NOBODY_LOOKS)
    data = root / _DATA
    (data / "tasks").mkdir(parents=True, exist_ok=True)
    shutil.copytree(task, data / "tasks" / _TASK)
    for place, _, files in os.walk(data):
        for path in (Path(place), *(Path(place) / name for name in files)):
            os.chown(path, 1000, 1000)
    with (root / "tmp/agent.log").open("wb") as log:
        agent = subprocess.Popen(
            [*_before(root), "t4t", "run", "--hypervisor", "qemu", "--cores", "1"], env=_environment(root), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )

    def computed() -> float:
        return max((one["fraction"] for one in _status(root).get("tasks", ()) if one["vm"] == "running"), default=0.0)

    _until(lambda: computed() > 0.0, "the first collisions")
    was, begun = _is_of_the_package(root, agent.pid), computed()
    say("apt brings the newer one")
    _apt(root, "install", "-o", "APT::Install-Recommends=true", newer)
    apart_now = not _is_of_the_package(root, agent.pid)
    _until(lambda: _is_of_the_package(root, agent.pid), "the agent to become the new version", 90)
    _until(lambda: computed() > 0.0, "the work to go on")
    after = _status(root)
    _until(lambda: _status(root).get("finished") == 1, "the end of the work")
    result = next((data / "done" / _TASK).rglob("output.tgz"))
    found = {
        "of the older package": was,
        "of a file that is gone": apart_now,
        "the same process": after["pid"] == agent.pid,
        "fraction before and after": [begun, next(one["fraction"] for one in after["tasks"])],
        "result": hashlib.sha256(result.read_bytes()).hexdigest(),
        "started again and lost": [(one["restarts"], one["lost_s"]) for one in after["tasks"]],
    }
    _as_user(root, "t4t", "quit", "--wait")
    found["ended with"] = agent.wait(60)
    shutil.rmtree(data)  # the next one is a new volunteer
    return found


def _first_run(root: Path) -> dict[str, Any]:
    """The window on a screen, and somebody who clicks from the welcome to the first result; the agent goes on after it."""
    say("the first run, on a screen")
    place = root / "tmp/.X11-unix"
    place.mkdir(exist_ok=True)
    place.chmod(0o1777)
    Path("/tmp/.X11-unix").mkdir(exist_ok=True)  # noqa: S108 - X's own place
    bind(Path("/tmp/.X11-unix"), place, read_only=False)  # noqa: S108 - as above
    reading, writing = os.pipe()
    words = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-ac", "-nolisten", "tcp", "-noreset"]
    screen = subprocess.Popen(words, pass_fds=(writing,), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as said:
            display = f":{said.readline().strip()}"
        _as_user(root, "t4t", "settings", "set", *_NOBODY_LOOKS[1:])
        told = {"before": _before(root), "environment": _environment(root), "display": display, "data": str(root / _DATA)}
        (root / "tmp/walk.json").write_text(json.dumps(told), encoding="utf-8")
        path = os.pathsep.join(str(_CHECKOUT / name) for name in ("app", "tests"))
        command = [sys.executable, "-m", "support.first_run_walk", str(root / "tmp/walk.json")]
        done = subprocess.run(
            command, env=os.environ | {"PYTHONPATH": path}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        found = _document(done)
        return found if isinstance(found, dict) else {}
    finally:
        screen.terminate()
        screen.wait()


def use(lower: Path, packages: tuple[Path, Path], task: Path, appliance: Path, told: Path) -> int:
    """The whole story; runs in namespaces of its own."""
    mount("-t", "proc", "proc", Path("/proc"))  # that of our processes
    memory = told.parent / "memory"
    memory.mkdir()
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", memory)
    root = memory / "root"
    for name in ("upper", "work", "root"):
        (memory / name).mkdir()
    mount("-t", "overlay", "overlay", "-o", f"lowerdir={lower},upperdir={memory / 'upper'},workdir={memory / 'work'}", root)
    _open(root)
    package, older = packages
    for source, name in ((package.parent, "package"), (older.parent, "older"), (appliance, "appliance")):
        (root / name).mkdir()
        bind(source, root / name, read_only=True)
    deb = f"/package/{package.name}"
    seen: dict[str, Any] = {}

    _apt(root, "update")
    say("installing it without what only screens need")
    _apt(root, "install", "--no-install-recommends", deb)
    seen["without a screen"] = {
        part: _document(_as_user(root, "t4t", "--json", "self-check", part))["well"] for part in ("libraries", "certificates", "vm-host", "agent")
    }
    seen["started by itself"] = sorted(str(path) for path in (root / "etc/xdg/autostart").glob("*t4t*"))
    seen["autostart"] = _document(_as_user(root, "t4t", "--json", "autostart"))["on"]
    say("installing it as apt does by itself")
    _apt(root, "install", "--reinstall", "-o", "APT::Install-Recommends=true", deb)
    _apt(root, "-o", "APT::Install-Recommends=true", "--fix-policy", "install")
    _apt(root, "purge", "t4t")
    clean = _files(root)
    seen["upgrade"] = _upgrade(root, f"/older/{older.name}", deb, task)
    say("using it as an ordinary user")
    seen["version"] = _as_user(root, "t4t", "--version").stdout.strip()
    seen["self-check"] = {one["part"]: one for one in _document(_as_user(root, "t4t", "--json", "self-check", screen=True))["parts"]}
    seen["doctor"] = _document(_as_user(root, "t4t", "--json", "doctor", "--offline"))["can_demo"]
    say("the demonstration")
    seen["demo"] = _document(_as_user(root, "t4t", "--json", "demo", "--once", "--hypervisor", "qemu"))
    seen["first run"] = _first_run(root)
    say("removing it while it is at work")
    seen["at work before"] = bool(_running(root))
    _apt(root, "purge", "t4t")
    seen["at work after"] = len(_running(root))
    seen["work is kept"] = (root / _DATA / "settings.toml").is_file()
    seen["left"] = sorted(_files(root) - clean)
    seen["named after it"] = sorted(name for name in clean if "t4t" in name)
    told.write_text(json.dumps(seen, indent=1), encoding="utf-8")
    return 0


def main(words: Sequence[str] | None = None) -> int:
    """Command line."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cache", type=Path, required=True)
    arguments.add_argument("--package", type=Path, help="without one: only make the fresh Debian")
    arguments.add_argument("--older", type=Path, help="another version of the package, over which it is installed")
    arguments.add_argument("--task", type=Path, help="the folder of a task on which the older one is at work then")
    arguments.add_argument("--appliance", type=Path)
    given = arguments.parse_args(words)
    cache = given.cache.resolve()
    try:
        if given.package is None:
            make(cache)
            return 0
        lower = place(cache)
        if not lower.is_dir() and subprocess.run([sys.executable, __file__, "--cache", str(cache)], check=False).returncode:
            return 1
        with tempfile.TemporaryDirectory(prefix="t4t-fresh-") as folder:
            told = Path(folder) / "told.json"
            packages = given.package.resolve(), given.older.resolve()
            if apart(lambda: use(lower, packages, given.task.resolve(), given.appliance.resolve(), told), network=True):
                return 1
            print(told.read_text(encoding="utf-8"))
    except LabFailed as failure:
        print(f"fresh Debian: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
