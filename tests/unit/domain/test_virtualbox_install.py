"""How VirtualBox is installed on each kind of computer: exact commands, and what forbids it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.changes import DOWNLOAD, MOUNT, Note
from t4t.domain.facts import Architecture, Computer, System, certain, unknown
from t4t.domain.install_errors import LayoutStrange, MachinesRunning, NewerInstalled, NoWayKnown
from t4t.domain.virtualbox_install import (
    MICROSOFT,
    ORACLE,
    Package,
    Purpose,
    Scene,
    asked_packages,
    check,
    good_enough,
    needs_release,
    plan,
    with_release,
)
from t4t.domain.virtualbox_release import FINGERPRINT, Release, latest, sums

if TYPE_CHECKING:
    from t4t.domain.changes import Plan

WIN, MAC = "VirtualBox-7.2.20-175154-Win.exe", "VirtualBox-7.2.20-175154-OSX.dmg"
RELEASE = Release("7.2.20", {WIN: "a" * 64, MAC: "b" * 64, "VirtualBox-7.2.20-175154-macOSArm64.dmg": "c" * 64})
KERNEL = "6.8.0-45-generic"


def computer(system: System, *distribution: str, release: str = KERNEL, architecture: Architecture = Architecture.X86_64) -> Computer:
    return Computer(
        system=system,
        architecture=certain(architecture, "test"),
        distribution=certain(distribution, "test") if distribution else unknown(),
        release=certain(release, "test") if release else unknown(),
        name=certain("Some system", "test"),
    )


def scene(system: System = System.LINUX, *distribution: str, release: str = KERNEL, **more: object) -> Scene:
    return replace(Scene(computer=computer(system, *distribution, release=release), oldest="7.0.0", release=RELEASE), **more)  # type: ignore[arg-type]


def commands(made: Plan) -> list[str]:
    return [command.text for change in made.changes for command in change.commands]


UBUNTU = {
    "virtualbox": Package(candidate="7.0.16-dfsg-2"),
    f"linux-headers-{KERNEL}": Package(candidate="6.8.0-45.45"),
    "gcc": Package(installed="13", candidate="13"),
    "make": Package(candidate="4.3"),
    "perl": Package(),
}


def test_ubuntu_takes_its_own_package() -> None:
    made = plan(scene(System.LINUX, "ubuntu", "debian", packages=UBUNTU, release=KERNEL), Purpose.INSTALL)
    assert commands(made) == [
        "env DEBIAN_FRONTEND=noninteractive apt-get update -q",
        f"env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-remove virtualbox linux-headers-{KERNEL} make",
    ]
    assert made.elevated
    assert [one.text for one in made.undo] == ["apt-get remove virtualbox"]
    assert made.fetch == ()


def test_repair_on_ubuntu() -> None:
    packages = UBUNTU | {"virtualbox": Package(installed="7.0.16-dfsg-2", candidate="7.0.16-dfsg-2")}
    made = plan(scene(System.LINUX, "ubuntu", packages=packages, installed=(7, 0, 16)), Purpose.REPAIR)
    assert "--reinstall virtualbox" in commands(made)[1]


@pytest.mark.parametrize("packages", [{}, {"virtualbox": Package(candidate="6.1.50")}, {"virtualbox-7.1": Package(installed="7.1.4")}])
def test_debian_takes_oracles_repository_with_its_key(packages: dict[str, Package]) -> None:
    base = scene(System.LINUX, "debian", packages=packages, codename="bookworm")
    assert needs_release(base)
    made = plan(base, Purpose.INSTALL)
    (fetch,) = made.fetch
    assert fetch.fingerprint == FINGERPRINT
    assert fetch.address == "https://www.virtualbox.org/download/oracle_vbox_2016.asc"
    ((name, line),) = made.files
    assert line == (
        "deb [arch=amd64 signed-by=/usr/share/keyrings/oracle-virtualbox-2016.asc] https://download.virtualbox.org/virtualbox/debian bookworm contrib\n"
    )
    assert commands(made) == [
        f"install -D -m 644 '{DOWNLOAD}/oracle_vbox_2016.asc' /usr/share/keyrings/oracle-virtualbox-2016.asc",
        f"install -D -m 644 '{DOWNLOAD}/{name}' /etc/apt/sources.list.d/oracle-virtualbox.list",
        "env DEBIAN_FRONTEND=noninteractive apt-get update -q",
        "env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-remove virtualbox-7.2",
    ]
    assert made.notes == (Note.REPOSITORY,)
    assert len(made.changes) == 1  # one question for a password
    assert "--reinstall virtualbox-7.2" in commands(plan(base, Purpose.REPAIR))[3]
    with pytest.raises(NoWayKnown):
        plan(replace(base, codename=""), Purpose.INSTALL)


@pytest.mark.parametrize(("distribution", "folder"), [(("fedora",), "fedora"), (("almalinux", "rhel", "centos"), "el")])
def test_fedora_and_its_kin(distribution: tuple[str, ...], folder: str) -> None:
    base = scene(System.LINUX, *distribution)
    assert needs_release(base)
    made = plan(base, Purpose.INSTALL)
    assert f"/rpm/{folder}/$releasever/$basearch" in made.files[0][1]
    assert "gpgcheck=1\nrepo_gpgcheck=1\n" in made.files[0][1]
    assert commands(made)[2:] == [f"dnf install -y kernel-devel-{KERNEL} gcc make perl elfutils-libelf-devel", "dnf install -y VirtualBox-7.2"]
    assert "kernel-devel" not in commands(plan(scene(System.LINUX, *distribution, release=""), Purpose.INSTALL))[2]
    assert commands(plan(replace(base, installed=(7, 2, 20)), Purpose.REPAIR))[3] == "dnf reinstall -y VirtualBox-7.2"


def test_opensuse_and_arch() -> None:
    suse = scene(System.LINUX, "opensuse-tumbleweed", "opensuse", "suse")
    assert not needs_release(suse)
    assert commands(plan(suse, Purpose.INSTALL)) == ["zypper --non-interactive install virtualbox"]
    assert commands(plan(suse, Purpose.REPAIR)) == ["zypper --non-interactive install --force virtualbox"]
    arch = scene(System.LINUX, "arch", release="6.16.3-arch1-1")
    assert commands(plan(arch, Purpose.INSTALL)) == ["pacman -S --noconfirm --needed virtualbox virtualbox-host-modules-arch"]
    assert commands(plan(arch, Purpose.REPAIR)) == ["pacman -S --noconfirm virtualbox virtualbox-host-modules-arch"]
    lts = scene(System.LINUX, "arch", release="6.12.1-1-lts")
    assert commands(plan(lts, Purpose.INSTALL)) == ["pacman -S --noconfirm --needed virtualbox virtualbox-host-dkms linux-lts-headers"]


def test_windows() -> None:
    made = plan(scene(System.WINDOWS), Purpose.INSTALL)
    (change,) = made.changes
    (command,) = change.commands
    assert change.elevated
    assert change.genuine == (f"{DOWNLOAD}\\{WIN}", ORACLE)
    assert command.words[:2] == (f"{DOWNLOAD}\\{WIN}", "--silent")
    assert command.words[command.words.index("ADDLOCAL") + 1] == "VBoxApplication"
    assert not any("extpack" in word.lower() for word in command.words)
    assert made.fetch[0].sha256 == "a" * 64
    assert made.fetch[0].address == f"https://download.virtualbox.org/virtualbox/7.2.20/{WIN}"
    assert "--reinstall" in plan(scene(System.WINDOWS, installed=(7, 2, 20)), Purpose.REPAIR).changes[0].commands[0].words


def test_windows_without_the_runtime_gets_it_first() -> None:
    made = plan(scene(System.WINDOWS, runtime=False), Purpose.INSTALL)
    assert [one.genuine[1] for one in made.changes] == [MICROSOFT, ORACLE]
    assert made.fetch[1].sha256 == ""


def test_macos() -> None:
    made = plan(scene(System.MACOS), Purpose.INSTALL)
    assert [(one.elevated, one.always) for one in made.changes] == [(False, False), (True, False), (False, True)]
    assert made.changes[1].genuine == (f"{MOUNT}/VirtualBox.pkg", ORACLE)
    assert made.fetch[0].name == MAC


@pytest.mark.parametrize("architecture", [Architecture.ARM64, Architecture.X86, Architecture.OTHER])
def test_nothing_is_fetched_where_it_can_not_run(architecture: Architecture) -> None:
    with pytest.raises(NoWayKnown):
        check(replace(scene(System.MACOS), computer=computer(System.MACOS, architecture=architecture)))
    with pytest.raises(NoWayKnown):
        check(replace(scene(System.MACOS), computer=replace(computer(System.MACOS), architecture=unknown())))


@pytest.mark.parametrize("system", [System.WINDOWS, System.MACOS, System.LINUX])
def test_other_peoples_machines_are_never_touched(system: System) -> None:
    with pytest.raises(MachinesRunning) as caught:
        plan(scene(system, "ubuntu", running=("Win11", "dev box")), Purpose.INSTALL)
    assert caught.value.names == "Win11, dev box"


def test_never_backwards() -> None:
    for purpose in Purpose:
        with pytest.raises(NewerInstalled):
            plan(scene(System.WINDOWS, installed=(7, 2, 22)), purpose)
    with pytest.raises(NewerInstalled):
        plan(scene(System.WINDOWS, installed=(7, 2, 18)), Purpose.REPAIR)  # not the same one
    with pytest.raises(NewerInstalled):
        plan(scene(System.LINUX, "ubuntu", packages=UBUNTU, installed=(7, 2, 0)), Purpose.UPDATE)
    assert plan(scene(System.WINDOWS, installed=(7, 2, 18)), Purpose.UPDATE).changes


def test_what_is_good_enough_stays() -> None:
    assert good_enough(scene(installed=(7, 0, 4)), Purpose.INSTALL)
    assert not good_enough(scene(installed=(7, 0, 4)), Purpose.UPDATE)
    assert not good_enough(scene(installed=(6, 1, 50)), Purpose.INSTALL)
    assert not good_enough(scene(), Purpose.INSTALL)


def test_no_way_known() -> None:
    for one in (scene(System.OTHER), scene(System.LINUX, "nixos"), scene(System.WINDOWS, release=KERNEL)):
        with pytest.raises(NoWayKnown):
            plan(replace(one, release=None), Purpose.INSTALL)
    nameless = replace(scene(System.LINUX), computer=replace(computer(System.LINUX), name=unknown()))
    with pytest.raises(NoWayKnown):
        plan(nameless, Purpose.INSTALL)


def test_what_apt_is_asked() -> None:
    assert asked_packages(computer(System.LINUX, "ubuntu"))[:2] == ("virtualbox", f"linux-headers-{KERNEL}")
    assert asked_packages(computer(System.LINUX, "ubuntu", release="")) == ()
    assert asked_packages(computer(System.LINUX, "fedora")) == ()
    assert with_release(scene(), RELEASE).release is RELEASE
    assert needs_release(scene(System.WINDOWS))


# --- the official place -------------------------------------------------------------------------------------------------


def test_the_official_texts() -> None:
    assert latest("7.2.20\n") == "7.2.20"
    text = f"{'A' * 64} *{WIN}\n{'b' * 64}  {MAC}\n# a word\n{'b' * 64} *{MAC}\n"
    assert sums(text) == {WIN: "a" * 64, MAC: "b" * 64}
    assert RELEASE.file_for(System.WINDOWS) == (WIN, "a" * 64)
    assert RELEASE.file_for(System.MACOS) == (MAC, "b" * 64)


@pytest.mark.parametrize("text", ["", "7.2", "7.2.20 7.2.22", "<html>", "7.2.20-rc1", "../7.2.20"])
def test_no_version(text: str) -> None:
    with pytest.raises(LayoutStrange):
        latest(text)


@pytest.mark.parametrize("text", ["", "abc *x", f"{'a' * 64} *x\n{'b' * 64} *x"])
def test_no_digests(text: str) -> None:
    with pytest.raises(LayoutStrange):
        sums(text)


@pytest.mark.parametrize("files", [{}, {WIN: "a", WIN.replace("175154", "175155"): "b"}, {WIN.replace("7.2.20", "7.2.22"): "a"}])
def test_not_exactly_one_file(files: dict[str, str]) -> None:
    with pytest.raises(LayoutStrange):
        Release("7.2.20", files).file_for(System.WINDOWS)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (latest, sums):
        try:
            assert read(text)
        except LayoutStrange:
            continue
