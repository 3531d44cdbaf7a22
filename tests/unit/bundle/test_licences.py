"""Nothing goes along without its licence."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING

import pytest
from bundle_build import licences

if TYPE_CHECKING:
    from pathlib import Path


def installed(folder: Path, name: str, metadata: str, **files: str) -> importlib.metadata.Distribution:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{metadata}", encoding="utf-8")
    record = [f"{name}-1.0.dist-info/METADATA,,"]
    for file, text in files.items():
        (info / file).write_text(text, encoding="utf-8")
        record.append(f"{info.name}/{file},,")
    (info / "RECORD").write_text("\n".join(record), encoding="utf-8")
    return importlib.metadata.Distribution.at(info)


def test_every_library_with_its_text(tmp_path: Path) -> None:
    new = installed(tmp_path, "newer", "License-Expression: MIT\n", LICENSE="MIT text")
    old = installed(tmp_path, "Older", "Classifier: License :: OSI Approved :: BSD License\nLicense: a\n  text\n", COPYING="BSD text")
    qt = installed(tmp_path, "PySide6_Essentials", "License-Expression: LGPL-3.0-only\n")
    ours = installed(tmp_path, "t4t-desktop", "")
    found = tuple(licences.libraries([old, new, qt, ours]))
    assert [(one.name, one.licence, one.texts) for one in found] == [
        ("newer", "MIT", ("MIT text",)),
        ("Older", "BSD License", ("BSD text",)),
        ("PySide6_Essentials", "LGPL-3.0-only", ()),
    ]
    text = licences.document(found, web=False)
    assert "  newer 1.0: MIT\n" in text
    assert "BSD text" in text
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in text
    assert "The Chromium Authors" not in text
    assert "The Chromium Authors" in licences.document(found, web=True)


@pytest.mark.parametrize(("metadata", "files"), [("License: MIT\n", {}), ("", {"LICENSE": "text"})])
def test_a_library_without_is_a_fault(tmp_path: Path, metadata: str, files: dict[str, str]) -> None:
    with pytest.raises(licences.LicenceMissing, match="nameless"):
        tuple(licences.libraries([installed(tmp_path, "nameless", metadata, **files)]))


def test_pythons_own() -> None:
    assert "PYTHON SOFTWARE FOUNDATION LICENSE" in licences.python().texts[0]


def test_a_library_of_the_building_computer(tmp_path: Path) -> None:
    info, doc = tmp_path / "var/lib/dpkg/info", tmp_path / "usr/share/doc/libx1"
    for folder in (info, doc):
        folder.mkdir(parents=True)
    library = tmp_path / "libx.so.1"
    library.write_bytes(b"")
    (info / "libx1:amd64.list").write_text(f"/.\n{library}\n", encoding="utf-8")
    (tmp_path / "var/lib/dpkg/status").write_text("Package: liby1\nVersion: 2\n\nPackage: libx1\nStatus: x\nVersion: 1:3.4-5\n", encoding="utf-8")
    (doc / "copyright").write_text("its text", encoding="utf-8")
    found = licences.of_debian(library, root=tmp_path)
    assert found is not None
    assert (found.name, found.version, found.texts) == ("libx1", "1:3.4-5", ("its text",))
    assert licences.of_debian(tmp_path / "liby.so.1", root=tmp_path) is None
