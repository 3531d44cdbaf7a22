"""``t4t virtualbox install`` for real: in a Debian of the test's own, without VirtualBox, by its package manager; then the ladder names what is missing.

That Debian is a layer in memory over the laboratory, out of which dpkg has taken VirtualBox. Its archive holds the packages that the laboratory was built of.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.virtualbox
_OF_VIRTUALBOX = ("virtualbox", "virtualbox-qt", "virtualbox-source")
_PACKAGES = os.environ.get("T4T_LABORATORY_PACKAGES", "")


def call(*words: str | Path, good: bool = True, **environment: str) -> str:
    """Run a program to its end; what it said."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, env=os.environ | environment, timeout=100, check=False)
    assert not good or done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def archive(place: Path) -> None:
    """The kept packages as a flat archive of Debian's."""
    kept: dict[str, Any] = json.loads((Path(_PACKAGES) / "kept-set.json").read_text(encoding="utf-8"))
    place.mkdir(parents=True)
    (place / "pool").symlink_to(Path(_PACKAGES) / "incoming")
    stanzas = [
        f"{one['control'].rstrip()}\nFilename: ./pool/{file}\nSize: {(Path(_PACKAGES) / 'incoming' / file).stat().st_size}\nSHA256: {one['sha256']}\n\n"
        for file, one in sorted(kept.items())
    ]
    (place / "Packages").write_text("".join(stanzas), encoding="utf-8")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The root of a Debian without VirtualBox; its mounts end with the laboratory's run."""
    if not _PACKAGES:
        pytest.skip("needs the laboratory's packages (make lab)")
    layer = tmp_path_factory.mktemp("layer")
    root = layer / "root"
    for name in ("up", "work", "root"):
        (layer / name).mkdir()
    call("mount", "-t", "overlay", "overlay", "-o", f"lowerdir=/,upperdir={layer}/up,workdir={layer}/work", root)
    for name in ("proc", "checkout", "dev", "run"):
        call("mount", "--rbind" if name in {"dev", "run"} else "--bind", f"/{name}", root / name)
    call("mount", "-t", "tmpfs", "tmpfs", root / "tmp")
    try:
        for name in ("lists/partial", "periodic"):
            (root / "var/lib/apt" / name).mkdir(parents=True, exist_ok=True)
        (root / "var/cache/apt/archives/partial").mkdir(parents=True, exist_ok=True)
        archive(root / "srv/archive")
        (root / "etc/apt/sources.list").write_text("deb [trusted=yes] file:///srv/archive ./\n", encoding="ascii")
        (root / "etc/apt/apt.conf.d/99lab").write_text('APT::Sandbox::User "root";\n', encoding="ascii")
        call("chroot", root, "dpkg", "--purge", *_OF_VIRTUALBOX)
        call("rm", "-rf", root / "usr/lib/virtualbox")
        call("chroot", root, "apt-get", "update", "-q")
        yield root
    finally:
        call("umount", "-l", "-R", root, good=False)


def t4t(root: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """The real command in the fresh Debian."""
    command = ["chroot", str(root), "sh", "-c", 'cd /checkout && exec "$@"', "sh", sys.executable, "-m", "t4t", "--data-dir", "/root/t4t", "--json", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, document


def test_it_is_really_installed_and_the_missing_driver_is_named(fresh: Path) -> None:
    status, before = t4t(fresh, "virtualbox", "health")
    assert status == 3
    assert [(check["id"], check["status"]) for check in before["checks"]] == [("virtualbox", "fail")]
    assert before["checks"][0]["remedies"][0]["id"] == "install-virtualbox"

    status, shown = t4t(fresh, "virtualbox", "install", "--show")
    assert (status, shown["done"]) == (0, False)
    assert any(line.strip().startswith("env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-remove virtualbox") for line in shown["plan"])
    assert not (fresh / "usr/lib/virtualbox/VBoxManage").exists()
    assert t4t(fresh, "virtualbox", "install")[0] == 3  # nobody was there to agree
    assert not (fresh / "usr/lib/virtualbox/VBoxManage").exists()

    status, after = t4t(fresh, "virtualbox", "install", "--yes")
    assert (fresh / "usr/lib/virtualbox/VBoxManage").exists()
    assert call("chroot", fresh, "dpkg-query", "-W", "-f", "${Status}", "virtualbox") == "install ok installed"
    assert (status, after["done"], after["healthy"], after["restart"]) == (3, True, False, False)
    assert [(check["id"], check["status"]) for check in after["checks"]] == [
        ("virtualbox", "ok"),
        ("virtualbox-kernel", "ok"),
        ("virtualbox-driver", "fail"),
    ]
    first = after["checks"][-1]["remedies"][0]
    assert first["id"] == "install-headers"
    assert first["command"].startswith(f"sudo apt-get install linux-headers-{platform.release()}")

    status, again = t4t(fresh, "virtualbox", "install", "--yes")
    assert status == 3
    assert "done" not in again  # it is there: only its health is told
    status, repaired = t4t(fresh, "virtualbox", "repair", "--yes")
    assert repaired["done"] is True
    assert any("--reinstall" in line for line in repaired["plan"])
