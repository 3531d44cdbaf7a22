"""What is opened about a finding: what would be done, word by word; what only the volunteer can do, as steps, also for a phone; what else could help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from t4t.gui.components.parts import TextDialog
from t4t.gui.components.qr import QrDialog
from t4t.wording import changes, doctor, remedies
from t4t.wording import window as words

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QDialog, QWidget

    from t4t.domain.changes import Fix, Plan
    from t4t.domain.diagnosis.findings import Finding, Step
    from t4t.gui.theme.style import Theme
    from t4t.wording.remedies import SaidStep


def _numbered(guide: SaidStep) -> str:
    return "\n".join(f"{number}. {line}" for number, line in enumerate(guide.steps, 1))


def _open(dialog: QDialog) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()


def offer(parent: QWidget, theme: Theme, fix: Fix, do: Callable[[Fix], object]) -> None:
    """Show what ``fix`` is; ``do`` is called where it is agreed to."""
    guide = remedies.say(fix.step, fix.finding)
    others = [one for one in fix.finding.steps if one != fix.step]
    more = [(words.word("other_ways"), lambda: _others(parent, fix.finding, others))] if others else []
    if fix.plan is None or fix.plan.asks:
        phone = (words.word("phone"), lambda: _open(QrDialog(parent, theme, guide.title, doctor.for_phone(doctor.fix(fix.finding, fix.step)))))
        _open(TextDialog(parent, guide.title, _numbered(guide), above=words.word("by_hand"), actions=(*more, phone)))
    else:
        shown = "\n".join(changes.shown(fix.plan))
        _open(TextDialog(parent, guide.title, shown, above=words.word("plan_above"), actions=(*more, (words.word("do_it"), lambda: do(fix)))))


def _others(parent: QWidget, finding: Finding, others: list[Step]) -> None:
    """The other remedies, each with its steps: some keep everything as it is, some are for who looks after the computer, and can be copied for them."""
    guides = [remedies.say(one, finding) for one in others]
    _open(TextDialog(parent, words.word("other_ways"), "\n\n".join(f"{guide.title}\n{_numbered(guide)}" for guide in guides), above=words.word("by_hand")))


def show_undo(parent: QWidget, plan: Plan) -> None:
    """How what was done is taken back."""
    _open(TextDialog(parent, words.word("undo"), "\n".join(changes.undoing(plan)), above=words.word("by_hand")))
