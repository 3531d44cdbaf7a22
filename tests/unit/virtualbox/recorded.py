"""Recorded answers of a real VBoxManage."""

from __future__ import annotations

from pathlib import Path

from t4t.hypervisor.virtualbox.answer import Answer

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "vboxmanage"
CASES = tuple(sorted(folder.name for folder in FOLDER.iterdir() if folder.is_dir()))
_PROGRAMS = ("VBoxManage", "VBoxHeadless", "VirtualBoxVM")


def recorded(case: str) -> Answer:
    """The answer of one case."""
    folder = FOLDER / case
    words = (folder / "args").read_text(encoding="utf-8").splitlines()
    begin = max(place for place, word in enumerate(words) if word.endswith(_PROGRAMS)) + 1
    out, err = ((folder / name).read_bytes().decode() for name in ("out", "err"))
    return Answer(arguments=tuple(words[begin:]), status=int((folder / "rc").read_text(encoding="ascii")), out=out, err=err)
