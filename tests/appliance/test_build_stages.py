"""The build's cache and the pure parts of its stages."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

import pytest
from appliance_build.images import DISK_SIGNATURE, _write_disk
from appliance_build.kernel import refused_options
from appliance_build.stages import cached, fingerprint, folder_hash, tidy
from native import guest_command, guest_environment

if TYPE_CHECKING:
    from pathlib import Path


def test_a_stage_is_made_once_for_the_same_inputs(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "result").write_text("x")

    first = cached(tmp_path, "tree", {"a": "1", "b": "2"}, make)
    assert cached(tmp_path, "tree", {"b": "2", "a": "1"}, make) == first
    assert cached(tmp_path, "tree", {"a": "1", "b": "3"}, make) != first
    assert len(made) == 2
    assert (first / "result").read_text() == "x"


def test_an_interrupted_stage_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached(tmp_path, "kernel", {}, interrupt)
    assert list(tmp_path.iterdir()) == []


def test_tidying_keeps_the_latest_results(tmp_path: Path) -> None:
    (tmp_path / ".kernel-killed").mkdir()
    (tmp_path / "lock").touch()
    for number in range(5):
        cached(tmp_path, "images", {"n": str(number)}, lambda _folder: None)
    wheel = cached(tmp_path, "wheel", {}, lambda _folder: None)
    tidy(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert wheel.name in names
    assert "lock" in names
    assert len(names) == 5


def test_fingerprints_differ_with_names_and_values() -> None:
    assert len({fingerprint({"a": "b"}), fingerprint({"b": "a"}), fingerprint({"a": "c"}), fingerprint({})}) == 4


def test_a_folder_hash_sees_names_and_content_but_no_caches(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    before = folder_hash(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__/a.pyc").write_text("1")
    assert folder_hash(tmp_path) == before
    (tmp_path / "a").rename(tmp_path / "b")
    assert folder_hash(tmp_path) != before


def test_options_the_kernel_does_not_take_are_named() -> None:
    fragment = "# a comment\nCONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=64\nCONFIG_BASE_FULL=y\n"
    assert refused_options(fragment, "CONFIG_A=y\nCONFIG_C=8\n") == ["CONFIG_C"]


def test_the_disk_has_a_boot_partition_and_a_root(tmp_path: Path) -> None:
    fat, root, disk = tmp_path / "fat", tmp_path / "root", tmp_path / "disk"
    fat.write_bytes(b"F" * 512)
    root.write_bytes(b"R" * 1000)
    _write_disk(disk, fat=fat, root=root, boot_code=b"B" * 440)
    content = disk.read_bytes()
    assert content[510:512] == b"\x55\xaa"
    assert struct.unpack_from("<I", content, 440)[0] == DISK_SIGNATURE
    (active, kind, first, _), (_, second_kind, second, sectors) = (
        (content[place], content[place + 4], *struct.unpack_from("<II", content, place + 8)) for place in (446, 462)
    )
    assert (active, kind, second_kind) == (0x80, 0x0E, 0x83)
    assert content[first * 512 :][:512] == b"F" * 512
    assert content[second * 512 :][:1000] == b"R" * 1000
    assert len(content) == (second + sectors) * 512


def test_the_native_command_uses_nothing_of_the_host(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"python": "3.11"}))
    tree = str(tmp_path / "tree")
    command = guest_command(tmp_path, "-c", "pass")
    assert all(word.startswith(tree) for word in command if "/" in word)
    assert set(guest_environment(tmp_path)) == {"GLIBC_TUNABLES", "PYTHIA8DATA", "LANG", "PATH"}
