"""Write the report of `on_virtualbox` into ``docs/benchmarks.json`` and ``docs/benchmarks.md``: `python3 benchmarks/publish.py REPORT`.

Standard library only: the laboratory's runs can't write into the checkout, and nothing else needs to be installed outside it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
WHO = ("VBoxManage", "our VBoxManage road", "API", "our API road")
KEY = "virtualbox"
HEADING = "## VirtualBox\n"


def ratios(row: dict[str, float]) -> str:
    """Our roads against the bare ways, where there is one."""
    pairs = (("our API road", "API"), ("our VBoxManage road", "VBoxManage"))
    return " | ".join(f"{row[ours] / row[bare]:.2f}" if ours in row and bare in row else "–" for ours, bare in pairs)


def virtualbox(report: dict[str, Any]) -> str:
    """The report of `on_virtualbox` as a part of the page."""
    head = ["operation, ms", *WHO, "API road : API", "VBoxManage road : VBoxManage"]
    rows = [f"| {what} | {' | '.join(str(row.get(who, '–')) for who in WHO)} | {ratios(row)} |" for what, row in report["figures"].items()]
    counted = ", ".join(f"{name} {number}" for name, number in report["VBoxManage calls of a set-up"].items())
    hours = [f"| {who} | {' | '.join(map(str, row.values()))} |" for who, row in report["supervision"].items()]
    return "\n".join(
        [
            "## VirtualBox",
            "",
            "Written by `make lab-bench` (`benchmarks/on_virtualbox.py`), in the laboratory. Medians; all four took turns in one run. “VBoxManage” and",
            "“API” are the shortest sequences by hand, without records, checks, ownership or verified ports; the API's keeps its session while the VM runs.",
            "",
            f"{report['hypervisor']}; {report['machine']['cores']} cores; {report['rounds']} rounds, {report['pauses']} pauses each;",
            f"load {report['load']} at the end.",
            "",
            "| " + " | ".join(head) + " |",
            "|---|" + "---|" * (len(head) - 1),
            *rows,
            "",
            f"VBoxManage calls from a specification to a running VM on our VBoxManage road: {counted}.",
            "",
            f"Supervising one idle VM for {report['supervised seconds']:.0f} s (the VM host and what it starts, without the VM and VBoxSVC), load",
            f"{report['load while supervised']} (`on_virtualbox.py supervision` measures only this):",
            "",
            "| road | " + " | ".join(next(iter(report["supervision"].values()))) + " |",
            "|---|---|---|---|",
            *hours,
            "",
            *(program(report["program"]) if "program" in report else ()),
        ]
    )


def program(report: dict[str, dict[str, dict[str, float]]]) -> list[str]:
    """What the whole program costs, as a part of the page."""
    columns = next(iter(next(iter(report.values())).values()))
    return [
        "The whole program without a tray on one idle VM (`benchmarks/whole.py`; without the VM and VBoxSVC). The budget of both processes is 5 s of",
        "processor time an hour, 2 wake-ups a second and 75 MB, of which the agent alone 40:",
        "",
        f"| road | process | {' | '.join(columns)} |",
        "|---|---|" + "---|" * len(columns),
        *(f"| {road} | {who} | {' | '.join(map(str, row.values()))} |" for road, parts in report.items() for who, row in parts.items()),
        "",
    ]


def parts(known: dict[str, Any]) -> str:
    """What stands below the page of `run`, if it was ever measured."""
    return f"\n{virtualbox(known[KEY])}" if KEY in known else ""


def main() -> None:
    """Put a report in its place; the rest stays as it is."""
    numbers, text = ROOT / "docs" / "benchmarks.json", ROOT / "docs" / "benchmarks.md"
    known = json.loads(numbers.read_text(encoding="utf-8"))
    known[KEY] = known.get(KEY, {}) | json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))  # a report may be of a part
    numbers.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    text.write_text(text.read_text(encoding="utf-8").partition(HEADING)[0].rstrip("\n") + "\n" + parts(known), encoding="utf-8")


if __name__ == "__main__":
    main()
