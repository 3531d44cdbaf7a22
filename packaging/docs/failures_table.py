"""The rows of ``failures.toml``, typed, and the table that they become in ``docs/failures.md``."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

import msgspec
from appliances_page import cell

from t4t.domain.diagnosis.findings import Verdict
from t4t.wording.findings import SENTENCES
from t4t.wording.notices import TEXTS
from t4t.wording.timeline import sentence

FILE: Final = Path(__file__).resolve().with_name("failures.toml")


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One failure: see the head of the file."""

    id: str
    symptom: str
    tests: tuple[str, ...]
    does: str
    code: str = ""
    history: str = ""
    silent: str = ""
    findings: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """The line of the history; empty if there is none."""
        what, _, detail = self.history.partition(" ")
        return sentence(what, detail, 0.0) if self.history else ""

    @property
    def reads(self) -> str:
        """What the volunteer reads, in the wording's words."""
        said = f"**{TEXTS[self.code].title}.** {TEXTS[self.code].body}" if self.code else ""
        found = " ".join(f"“{SENTENCES[verdict].summary}”" for verdict in Verdict if verdict.id in self.findings)
        return " ".join(part for part in (said, found, f"In the history: “{self.told}”" if self.told else "", self.silent) if part)


def rows() -> tuple[Row, ...]:
    """All of them, in the file's order; `msgspec.ValidationError` if one is not what it must be."""
    return msgspec.convert(tomllib.loads(FILE.read_text(encoding="utf-8"))["row"], tuple[Row, ...])


def table() -> list[str]:
    """The section of the page."""
    lines = [
        "",
        "# What goes wrong",
        "",
        "Written from `packaging/docs/failures.toml`. The numbers are those of our list of what volunteers report most. `tests/lab` is real VirtualBox,",
        "`tests/qemu` real QEMU; a test of the contract runs on each driver. Nothing is put off by a day. What the doctor finds (codes with a dot) is shown by",
        "machines, recorded or made from the cited sources, each with the findings, remedies and sentences that it must have.",
        "",
        "| no. | what volunteers see elsewhere | provoked by | what the program does by itself | what you read | code |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows():
        tests = "<br>".join(f"`{test.removeprefix('tests/')}`" for test in row.tests)
        codes = (row.code, *row.findings, row.history.partition(" ")[0] if not row.code else "")
        code = "<br>".join(f"`{one}`" for one in codes if one) or "–"
        lines.append(f"| {row.id} | {cell(row.symptom)} | {tests} | {cell(row.does)} | {cell(row.reads)} | {code} |")
    return lines
