"""Write the pages that are tables of the code, those in `PAGES`, to ``docs``. With ``--check``: 1 if one is out of date."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import appliances_page
import failures_table
import settings_page
from appliances_page import cell

from t4t.domain.diagnosis.findings import Status, Verdict
from t4t.domain.errors import HostError, HypervisorError, InternalFault, T4TError, TaskError, UsageError, leaves
from t4t.domain.install_errors import ChangeError
from t4t.domain.project_errors import AccountError, ProjectError
from t4t.domain.update_errors import UpdateError
from t4t.domain.vbox_job_elements import ELEMENTS
from t4t.wording.findings import CHECKS, SENTENCES
from t4t.wording.notices import TEXTS
from t4t.wording.remedies import GUIDES, Guide

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"


def vbox_job() -> str:
    """The page on ``vbox_job.xml``."""
    rows = [f"| `{row.name}` | {row.kind.value} | {cell(row.default) or '–'} | {cell(row.action)} |" for row in ELEMENTS]
    return "\n".join(
        [
            "# `vbox_job.xml`, element by element",
            "",
            "Written by `packaging/docs/generate.py` from `t4t.domain.vbox_job_elements`.",
            "Elements that are not listed are logged and have no effect, as in BOINC.",
            "A scalar element that stands twice counts as its last one. DTDs and entities are refused; so are names that leave their folder.",
            "",
            "Refused together: `share_slot_dir` with `enable_shared_directory` or `copy_to_shared`; `copy_to_shared` without `enable_shared_directory`;",
            "`share_project_dir` with `enable_scratch_directory`.",
            "",
            "| element | kind | default | what `t4t task run` does |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _family(leaf: type[T4TError]) -> str:
    names = {
        InternalFault: "the program",
        UsageError: "usage",
        ChangeError: "a change",
        UpdateError: "an update",
        HostError: "this computer",
        HypervisorError: "hypervisor",
        TaskError: "task",
        ProjectError: "project",
        AccountError: "account",
    }
    return next(name for kind, name in names.items() if kind in leaf.__mro__)


def failures() -> str:
    """The page on errors."""
    rows = []
    for leaf in sorted(leaves(), key=lambda leaf: leaf.code):
        text = TEXTS[leaf.code]
        remedies = " ".join(text.remedies) or "–"
        code = f'<a id="{leaf.code.lower()}"></a>`{leaf.code}`'
        rows.append(f"| {code} | {leaf.exit_code} | {_family(leaf)} | **{cell(text.title)}.** {cell(text.body)} | {cell(remedies)} |")
    return "\n".join(
        [
            "# Failures: what you read and what you can do",
            "",
            "Written by `packaging/docs/generate.py` from the error tree and its wording. Codes are stable. Words in braces are filled in.",
            "",
            "| code | exit status | where | what it says | what you can do |",
            "|---|---|---|---|---|",
            *rows,
            *failures_table.table(),
            "",
            "# What `t4t doctor` finds",
            "",
            "Written from its verdicts. “Known as” is how VirtualBox and others report the same, for those who search for it. `t4t doctor` names the",
            "remedies that fit this computer, with their commands.",
            "",
            "| finding | status | where | what it says | known as |",
            "|---|---|---|---|---|",
            *(_verdict(verdict) for verdict in Verdict if verdict.status is not Status.OK),
            "",
            "| remedy | what it is |",
            "|---|---|",
            *(_remedy(remedy.value, guide) for remedy, guide in GUIDES.items()),
            "",
        ]
    )


def _remedy(name: str, guide: Guide) -> str:
    return f'| <a id="remedy-{name}"></a>`{name}` | **{cell(guide.title)}.** {cell(" ".join(guide.steps))} |'


def _verdict(verdict: Verdict) -> str:
    sentence = SENTENCES[verdict]
    prefix = verdict.id.partition(".")[0]
    where = next(name for check, name in CHECKS.items() if check.value in {prefix, f"virtualbox-{prefix}", f"project-{prefix}"})
    known = ", ".join(f"`{code}`" for code in sentence.known_as) or "–"
    anchor = f'<a id="{verdict.id.replace(".", "-")}"></a>`{verdict.id}`'
    return f"| {anchor} | {verdict.status.value} | {where} | **{cell(sentence.summary)}.** {cell(sentence.detail)} | {known} |"


PAGES: Final = {"vbox-job.md": vbox_job, "appliances.md": appliances_page.page, "failures.md": failures, "settings.md": settings_page.page}


def main() -> int:
    """Write the pages, or compare them."""
    stale = 0
    for name, make in PAGES.items():
        path = DOCS / name
        if "--check" in sys.argv[1:]:
            if not path.is_file() or path.read_text(encoding="utf-8") != make():
                print(f"docs/{name} is out of date: run packaging/docs/generate.py")
                stale = 1
        else:
            path.write_text(make(), encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main())
