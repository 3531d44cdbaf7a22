"""Removing everything that this program made: shown first, with sizes and what can be kept; then done, part by part, and told."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QCloseEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from t4t.domain.removal import KEEPABLE, Part, Removal, Removed
from t4t.domain.removal_errors import FolderShared, NotAllRemoved
from t4t.gui.background import Background
from t4t.gui.components.basic import Card, button, label, line, say
from t4t.gui.components.choices import Tick
from t4t.gui.components.stages import Stage, Stages, Stand
from t4t.gui.theme.style import give_role
from t4t.gui.theme.tokens import SPACE
from t4t.wording import removal as words
from t4t.wording import window as pages

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.errors import T4TError
    from t4t.gui.theme.style import Theme
    from t4t.gui.window.services import WindowServices

_SIZE: Final = (620, 620)


class _StoppedError(Exception):
    """The volunteer wants no more of it."""


class _PartRow(QWidget):
    """One part: what it is, where, how much space it takes, and whether it is kept."""

    def __init__(self, theme: Theme, part: Part, found: Removal) -> None:
        super().__init__()
        pieces = found.of(part)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, SPACE[1], 0, SPACE[1])
        box.setSpacing(2)
        head = QHBoxLayout()
        head.addWidget(label("name", words.name(part)), 1)
        head.addWidget(label("name", words.sizes(pieces), wraps=False))
        box.addLayout(head)
        box.addWidget(label("muted", words.about(part)))
        box.addWidget(label("small", words.places(pieces)))
        self.setAccessibleName(words.spoken(part, pieces))
        self.keep: Tick | None = None
        if part in KEEPABLE:
            self.keep = Tick(theme, words.word("keep"))
            self.keep.setAccessibleName(f"{words.word('keep')}: {words.name(part)}")
            box.addWidget(self.keep)


class RemovalDialog(QDialog):
    """What would go; then, what goes; then, what has gone."""

    removed = Signal()
    """Somebody has seen that all is gone, and wants to close the window."""

    def __init__(self, parent: QWidget, theme: Theme, services: WindowServices, found: Removal) -> None:
        """Changes nothing before somebody says so."""
        super().__init__(parent)
        self.setWindowTitle(words.word("title"))
        self.setModal(True)
        self._services, self._found = services, found
        self._stop = threading.Event()
        self._gone = False
        self._going: Part | None = None
        self._doing = Background(self)
        self._doing.told.connect(self._progress)
        self._doing.done.connect(self._done)
        self._doing.failed.connect(self._failed)
        self._said = label("muted", words.word("above"))
        self._rows: dict[Part, _PartRow] = {}
        self._list = self._build_list(theme)
        self._stages = Stages(theme)
        self._stages.hide()
        self._sum = label("name")
        self._cancel = button(words.word("cancel"), self.reject)
        self._do = button(words.word("do_it"), self._begin, role="primary")
        box = QVBoxLayout(self)
        box.setContentsMargins(SPACE[4], SPACE[4], SPACE[4], SPACE[4])
        box.setSpacing(SPACE[2])
        box.addWidget(label("title", words.word("title")))
        box.addWidget(self._said)
        box.addWidget(self._list, 1)
        box.addWidget(self._stages)
        box.addStretch(0)
        box.addWidget(self._sum)
        row = QHBoxLayout()
        row.setSpacing(SPACE[1])
        row.addStretch(1)
        row.addWidget(self._cancel)
        row.addWidget(self._do)
        box.addLayout(row)
        self._cancel.setDefault(True)  # Return removes nothing
        self._cancel.setFocus()
        room = self.screen().availableSize()
        self.resize(QSize(theme.px(_SIZE[0]), theme.px(_SIZE[1])).boundedTo(QSize(room.width() - SPACE[5], room.height() - 2 * SPACE[5])))
        if found.strange:
            say(self._said, pages.went_wrong(FolderShared(path=found.folder, names=", ".join(found.strange[:5]))))
            self._do.setEnabled(False)
        elif not found.pieces:
            say(self._said, words.word("nothing"))
            self._do.setEnabled(False)
        self._count()

    def _build_list(self, theme: Theme) -> QScrollArea:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setAccessibleName(words.word("title"))
        inner = QWidget()
        give_role(inner, "page")
        box = QVBoxLayout(inner)
        box.setContentsMargins(0, 0, SPACE[2], 0)
        card = Card()
        for part in self._found.parts:
            if self._rows:
                card.rows.addWidget(line())
            made = _PartRow(theme, part, self._found)
            if made.keep is not None:
                made.keep.toggled.connect(self._count)
            card.rows.addWidget(made)
            self._rows[part] = made
        box.addWidget(card)
        box.addStretch(1)
        area.setWidget(inner)
        return area

    @property
    def busy(self) -> bool:
        """Whether it is being removed at this moment."""
        return self._doing.busy

    @property
    def kept(self) -> frozenset[Part]:
        """What is to be kept."""
        return frozenset(part for part, row in self._rows.items() if row.keep is not None and row.keep.isChecked())

    def _count(self) -> None:
        say(self._sum, words.freed(self._found.size(self.kept)))

    # --- doing it ------------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        keep, stop = self.kept, self._stop
        stop.clear()

        def work(tell: Callable[[object], None]) -> Removed | None:
            def next_one(part: Part) -> None:
                if stop.is_set():
                    raise _StoppedError
                tell(part)

            try:
                return self._services.remove(keep, next_one)
            except _StoppedError:
                return None

        if self._doing.start(work):
            self._list.hide()
            say(self._said, "")
            self._do.setEnabled(False)
            self._rename(words.word("stop"))
            self._progress(Part.PROJECTS)

    def _rename(self, text: str) -> None:
        self._cancel.setText(text)
        self._cancel.setAccessibleName(text)

    def _progress(self, part: object) -> None:
        if isinstance(part, Part):
            self._going = part
            say(self._sum, words.doing(part))
            self._show_stages(Stand.NOW)

    def _show_stages(self, going: Stand) -> None:
        order = list(Part)
        at = order.index(self._going) if self._going is not None else len(order)
        self._stages.fill(
            [
                Stage(name=words.name(part), stand=Stand.DONE if order.index(part) < at else going if order.index(part) == at else Stand.WAITING)
                for part in self._found.parts
                if part not in self.kept
            ]
        )

    def _done(self, removed: object) -> None:
        if not isinstance(removed, Removed):
            self._ended(words.word("stopped"))
            return
        if removed.stayed:
            first = removed.stayed[0]
            self._failed(NotAllRemoved(path=first.place, reason=first.reason, count=len(removed.stayed)))
            return
        self._gone, self._going = True, None
        self._show_stages(Stand.DONE)
        self._ended(words.done(removed))
        say(self._said, words.word("program"))
        self._rename(words.word("close"))

    def _failed(self, error: T4TError) -> None:
        self._show_stages(Stand.FAILED)
        self._ended(pages.went_wrong(error))
        self._do.setEnabled(True)  # it goes on where it stopped

    def _ended(self, text: str) -> None:
        say(self._sum, text)
        self._rename(words.word("cancel"))
        self._cancel.setEnabled(True)
        self._do.setVisible(not self._gone)
        self._do.setEnabled(not self._gone)
        self._cancel.setFocus()
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))

    # --- leaving -------------------------------------------------------------------------------------------------------

    def reject(self) -> None:
        """Escape and the first button: stop what is being done, or leave."""
        if self._doing.busy:
            self._stop.set()
            self._cancel.setEnabled(False)
            say(self._sum, words.word("stopping"))
            return
        super().reject()
        if self._gone:
            self.removed.emit()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """As `reject`: what is being done is stopped first."""
        if self._doing.busy:
            event.ignore()
        self.reject()


class RemovalCard(Card):
    """The way there, on a page."""

    removed = Signal()
    """All is gone: the window is to be closed."""

    def __init__(self, theme: Theme, services: WindowServices) -> None:
        """Nothing is looked at before somebody asks."""
        super().__init__(words.word("title"))
        self._theme, self._services = theme, services
        self._dialog: RemovalDialog | None = None
        self._show = button(words.word("show"), self._look)
        self._said = label("muted")
        say(self._said, "")
        self.rows.addWidget(label("muted", words.word("text")))
        self.rows.addWidget(self._show, 0, Qt.AlignmentFlag.AlignLeft)
        self.rows.addWidget(self._said)
        self._looking = Background(self)
        self._looking.done.connect(self._offer)
        self._looking.failed.connect(self._failed)

    @property
    def removing(self) -> bool:
        """Whether it is being removed at this moment."""
        return self._dialog is not None and self._dialog.busy

    def _look(self) -> None:
        if self._looking.start(lambda _tell: self._services.removal()):
            self._show.setEnabled(False)
            say(self._said, words.word("looking"))

    def _offer(self, found: object) -> None:
        self._show.setEnabled(True)
        say(self._said, "")
        if isinstance(found, Removal):
            self._dialog = RemovalDialog(self, self._theme, self._services, found)
            self._dialog.removed.connect(self.removed)
            self._dialog.finished.connect(self._forget)
            self._dialog.open()

    def _forget(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None

    def _failed(self, error: T4TError) -> None:
        self._show.setEnabled(True)
        say(self._said, pages.went_wrong(error))
