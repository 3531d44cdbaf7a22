"""What a window has done beside the API, by a test's hand."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from support.first_run_rig import ScriptedFirstRun
from t4t.domain.changes import Change, Command, Fetch, Fix, Plan, What
from t4t.domain.diagnosis.findings import Check, Diagnosis, Finding, Remedy, Step, Verdict
from t4t.domain.removal import Part, Piece, Removal, Removed
from t4t.storage import gallery, world

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from t4t.domain.gallery import SavedPicture
    from t4t.domain.world import World

WELL = Diagnosis(
    ready=True,
    can_demo=True,
    findings=(
        Finding(check=Check.PLATFORM, verdict=Verdict.PLATFORM_OK, data={"name": "Debian GNU/Linux 12"}),
        Finding(check=Check.SURROUNDINGS, verdict=Verdict.SURROUNDINGS_OK),
        Finding(check=Check.PROCESSOR, verdict=Verdict.PROCESSOR_OK, data={"processor": "Intel Core i5", "cores": 8}),
    ),
)
VIRTUALIZATION_OFF = Finding(
    check=Check.VIRTUALIZATION,
    verdict=Verdict.VIRTUALIZATION_OFF,
    data={"feature": "Intel VT-x", "key": "F1", "path": "Security", "setting": "Virtualization", "board": "ThinkPad T480", "machine": "ThinkPad T480"},
    steps=(Step(Remedy.FIRMWARE_SETTING),),
)
DRIVER_STOPPED = Finding(check=Check.QEMU, verdict=Verdict.QEMU_MISSING, steps=(Step(Remedy.INSTALL_QEMU, "sudo apt-get install qemu-system-x86 qemu-utils"),))
TROUBLE = Diagnosis(ready=False, can_demo=True, findings=(*WELL.findings, VIRTUALIZATION_OFF, DRIVER_STOPPED))
PLAN = Plan(
    changes=(Change(what=What.INSTALL_PACKAGES, commands=(Command(words=("apt-get", "-y", "install", "qemu-system-x86", "qemu-utils")),), elevated=True),),
    undo=(Command(words=("apt-get", "remove", "qemu-system-x86")),),
)


MADE = Removal(
    folder="/home/ada/.local/share/t4t",
    pieces=(
        Piece(part=Part.PROJECTS, place="/home/ada/.local/share/t4t/attached", size=8192),
        Piece(part=Part.MACHINES, place="/home/ada/.local/share/t4t/vms", size=6 << 30),
        Piece(part=Part.WORK, place="/home/ada/.local/share/t4t/slots", size=300 << 20),
        Piece(part=Part.WORK, place="/home/ada/.local/share/t4t/projects", size=900 << 20),
        Piece(part=Part.WORK, place="/home/ada/.local/share/t4t/state.sqlite3", size=1 << 20),
        Piece(part=Part.WORK, place="/home/ada/.local/share/t4t/energy.json", size=4096),
        Piece(part=Part.RESULTS, place="/home/ada/.local/share/t4t/results", size=40 << 20),
        Piece(part=Part.PICTURES, place="/home/ada/.local/share/t4t/gallery", size=3 << 20),
        Piece(part=Part.SETTINGS, place="/home/ada/.local/share/t4t/settings.toml", size=4096),
        Piece(part=Part.LOGS, place="/home/ada/.local/share/t4t/logs", size=2 << 20),
        Piece(part=Part.START, place="/home/ada/.config/autostart/org.t4t.autostart.desktop"),
    ),
)


class ScriptedServices(ScriptedFirstRun):
    """`t4t.gui.window.services.WindowServices`: a list of what was asked, and answers that a test sets."""

    def __init__(self) -> None:
        super().__init__()
        self.diagnosis = WELL
        self.text = "Report of Test4Theory Desktop\n"
        self.go_on = threading.Event()
        """What is carried out ends when it is set."""
        self.go_on.set()
        self.restart = False
        self.plan: Plan | None = None
        """Of every fix, if it is not the usual one."""
        self.tells: list[tuple[Change | Fetch, int]] = [(PLAN.changes[0], 0)]
        self.begin: Callable[[], None] = lambda: None
        self.data: Path | None = None
        """Where pictures are kept; None: there are none."""
        self.made: Removal | Exception = MADE
        self.removes: Removed | Exception = Removed(freed=MADE.size())

    def start_agent(self) -> None:
        self._ask("start")
        self.begin()

    def doctor(self, *, boot: bool = False) -> Diagnosis:
        self._ask("boot" if boot else "doctor")
        return self.diagnosis

    def fix_plan(self, remedy: str) -> Fix:
        self._ask(f"plan {remedy}")
        finding = next(one for one in self.diagnosis.findings if any(step.remedy.value == remedy for step in one.steps))
        plan = self.plan if self.plan is not None else PLAN if remedy == Remedy.INSTALL_QEMU.value else None
        return Fix(finding=finding, step=finding.steps[0], plan=plan)

    def carry_out(self, fix: Fix, tell: Callable[[Change | Fetch, int], None]) -> bool:
        for one, received in self.tells:
            tell(one, received)
        self.go_on.wait(20)
        self._ask(f"do {fix.step.remedy.value}")
        self.diagnosis = WELL
        return self.restart

    def report(self) -> str:
        self._ask("report")
        return self.text

    def logs(self) -> str:
        self._ask("logs")
        return f"first line\n{self.text}"

    def pictures(self) -> Sequence[SavedPicture]:
        return () if self.data is None else gallery.pictures(self.data)

    def keep_picture(self, title: str, png: bytes) -> None:
        self._ask(f"keep {title}")
        assert self.data is not None
        gallery.keep(self.data, title, png, now=time.time())

    def remove_picture(self, name: str) -> None:
        self._ask("remove picture")
        assert self.data is not None
        gallery.remove(self.data, name)

    def world(self) -> World:
        return world.load()

    def write_report(self, path: Path, text: str) -> None:
        self._ask("write")
        with path.open("x", encoding="utf-8") as file:
            file.write(text)

    def removal(self) -> Removal:
        self._ask("removal")
        if isinstance(self.made, Exception):
            raise self.made
        return self.made

    def remove(self, keep: Collection[Part], tell: Callable[[Part], None]) -> Removed:
        self._ask("remove but " + ",".join(sorted(part.value for part in keep)))
        for part in Part:
            tell(part)
            self.go_on.wait(20)
        if isinstance(self.removes, Exception):
            raise self.removes
        return self.removes
