"""Pictures of every page in both schemes (``make screenshots``), without a screen: into the folder that is the first argument.

The second is their scale; what follows are the beginnings of the names of those that are wanted. ``T4T_PICTURES_IN`` names a language, or one of
`support.tongues`; ``T4T_PICTURES_LOOK`` is ``contrast`` for a system's high contrast, or ``large`` for letters of twice
the usual size, in place of light and dark.
"""

from __future__ import annotations

import functools
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["QT_SCALE_FACTOR"] = sys.argv[2] if len(sys.argv) > 2 else "1"

from PySide6.QtCore import QEvent, QRect, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit

from support import tongues, wizard_pictures
from support.api_thread import an_agent
from support.scenes import Scene, some_work
from support.scripted_engine import a_notice, a_task
from support.scripted_physics import a_job, silent, some_results
from support.scripted_projects import a_community, a_project, credit, news, some_boards, team_credit
from support.widgets import button, buttons
from support.window_rig import TROUBLE, ScriptedServices
from t4t.domain.boards import BoardsView
from t4t.domain.community import CommunityView
from t4t.domain.contribution import Span
from t4t.domain.policy import Level
from t4t.domain.project_errors import Unreachable
from t4t.domain.project_view import ProjectDetails
from t4t.domain.session import Activity, TrayState
from t4t.domain.vm import VmState
from t4t.engine.showing import notice_view
from t4t.gui.application import application
from t4t.gui.components.fields import FieldRow
from t4t.gui.components.week import HoursRow
from t4t.gui.link import AgentLink
from t4t.gui.picture import sheet_png
from t4t.gui.session import Session
from t4t.gui.theme.icons import render, tray_name
from t4t.gui.theme.scheme import of_palette
from t4t.gui.theme.style import Theme
from t4t.gui.theme.tokens import DARK, LIGHT
from t4t.gui.tray.leaving import QuitDialog
from t4t.gui.tray.panel import MiniPanel
from t4t.gui.window.community import CommunityPage
from t4t.gui.window.main import Window
from t4t.gui.window.removal import RemovalDialog
from t4t.gui.window.science import Science
from t4t.gui.window.settings import Settings
from t4t.storage import gallery
from t4t.storage.state import Happening
from t4t.wording import contribution, removal
from t4t.wording import physics as words

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from t4t.gui.theme.tokens import Colors


_SIZES: Final = (16, 22, 24, 32, 48)
_LOOK: Final = os.environ.get("T4T_PICTURES_LOOK", "")
_LARGE: Final = 2


def _contrast() -> Colors:
    """What a system in high contrast asks for."""
    palette = QPalette(QColor("#000000"))
    for role, color in ((QPalette.ColorRole.WindowText, "#FFFFFF"), (QPalette.ColorRole.Base, "#000000"), (QPalette.ColorRole.Highlight, "#1AEBFF")):
        palette.setColor(role, QColor(color))
    palette.setColor(QPalette.ColorRole.HighlightedText, QColor("#000000"))
    return of_palette(palette)


_SCHEMES: Final = {"": {"light": LIGHT, "dark": DARK}, "contrast": {"contrast": _contrast()}, "large": {"large": LIGHT}}[_LOOK]


def _until(made: QApplication, check: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not check():
        made.processEvents()
        if time.monotonic() > end:
            raise TimeoutError


def _search(window: Window, page: str, text: str) -> None:
    """The first field of both pages is the search."""
    window.page(page).findChildren(QLineEdit)[0].setText(text)


def _press(window: Window, text: str) -> None:
    """The button may come with an answer."""
    made = QApplication.instance()
    assert isinstance(made, QApplication)
    _until(made, lambda: text in buttons(window))
    button(window, text).click()


def _part(window: Window, key: str) -> None:
    science = window.page("science")
    assert isinstance(science, Science)
    science.show_part(key)


def _draw_schedule(window: Window) -> None:
    """A week with all levels, and its picture in view."""
    page = window.page("settings")
    assert isinstance(page, Settings)
    made = QApplication.instance()
    assert isinstance(made, QApplication)
    weekdays = {"days": ["mon", "tue", "wed", "thu", "fri"]}
    spans = [
        weekdays | {"start": "08:00", "end": "18:00", "does": "gentle"},
        weekdays | {"start": "18:00", "end": "22:00", "does": "pause"},
        {"days": ["sun"], "start": "10:00", "end": "20:00", "does": "one-core"},
    ]
    _until(made, lambda: any(row.isVisible() for row in page.findChildren(FieldRow)))
    page._ask("settings_set", values={"when.schedule": True, "when.spans": spans})
    row = next(row for row in page.findChildren(HoursRow) if row.field.path == "when.spans")
    _until(made, row.isVisible)
    row.open_editor(open_=True)
    for _ in range(20):
        made.processEvents()
    row.grid.setFocus()
    page.ensureWidgetVisible(row)


def _removal(window: Window) -> QWidget:
    """The dialog, as soon as it is there."""
    made = QApplication.instance()
    assert isinstance(made, QApplication)
    if not window.findChildren(RemovalDialog):
        _press(window, removal.word("show"))
    _until(made, lambda: bool(window.findChildren(RemovalDialog)))
    return window.findChildren(RemovalDialog)[0]


def _all_as_table(window: Window) -> None:
    page = window.page("contribution")
    page.findChildren(QComboBox)[0].setCurrentIndex(1)
    button(window, contribution.span(Span.ALL)).click()
    _press(window, words.word("table"))


def _point_at_map(window: Window) -> None:
    page = window.page("community")
    assert isinstance(page, CommunityPage)
    page.map_card.tick.setChecked(True)
    page.map_card.where.setCurrentText("Switzerland")


def _old_community() -> CommunityView:
    """Of three weeks ago, and the project does not answer."""
    return CommunityView(community=a_community(at=time.time() - 21 * 86_400), trouble=notice_view(Unreachable(host="lhcathome.example.org", reason="offline")))


def _scenes() -> list[Scene]:
    now = time.time()
    waiting = a_task(key="k2", name="theory_2279-3862", activity=Activity.QUEUED, vm=VmState.ABSENT, fraction=0.0, elapsed_s=0.0, checkpoints=0)
    frozen = a_task(activity=Activity.PAUSED, vm=VmState.PAUSED, last_checkpoint=now - 900)
    paused = {"state": TrayState.PAUSED_BY_YOU, "deciding": "manual_pause", "level": Level.PAUSED, "next_change": now + 47 * 60, "tasks": (frozen, waiting)}
    starting = {
        "tasks": (a_task(activity=Activity.SETTING_UP, vm=VmState.STARTING, fraction=0.0, elapsed_s=0.0, checkpoints=0),),
        "state": TrayState.SETTING_UP,
    }
    no_work = {"state": TrayState.NO_WORK, "tasks": ()}
    return [
        Scene("home", physics=a_job()),
        Scene("home-why", page="why", physics=a_job()),
        Scene("home-paused", changes=paused, physics=a_job(live=False)),
        Scene("home-starting", changes=starting),
        Scene("home-no-plots", physics=silent()),
        Scene("home-table", physics=a_job(), size=(1040, 1000), before=lambda window: _press(window, words.word("table"))),
        Scene("home-no-work", changes=no_work),
        Scene("home-needs-you", changes={"state": TrayState.NEEDS_YOU, "notices": (a_notice(),)}),
        Scene("home-narrow", size=(420, 700), physics=a_job()),
        Scene("science-last", page="science", changes=paused, physics=a_job(live=False)),
        Scene("science-words", page="science", physics=a_job(), before=lambda window: _part(window, "words")),
        Scene("science-results", page="science", before=lambda window: _part(window, "results")),
        Scene("science-gallery", page="science", before=lambda window: _part(window, "gallery")),
        Scene("science-who", page="science", before=lambda window: _part(window, "who")),
        Scene("science-narrow", page="science", size=(420, 700), before=lambda window: _part(window, "results")),
        Scene("science-starting", page="science", changes=starting),
        Scene("science-no-work", page="science", changes=no_work),
        Scene("contribution", page="contribution", work=some_work()),
        Scene("contribution-all", page="contribution", work=some_work(), size=(1040, 1000), before=_all_as_table),
        Scene("contribution-alone", page="contribution", changes={"projects": ()}),
        Scene("contribution-narrow", page="contribution", work=some_work(), size=(420, 700)),
        Scene("community", page="community", size=(1040, 2000), community=CommunityView(community=a_community(), fresh=True), before=_point_at_map),
        Scene("community-empty", page="community"),
        Scene("community-old", page="community", community=_old_community()),
        Scene("community-narrow", page="community", size=(420, 2450), community=CommunityView(community=a_community(), fresh=True)),
        Scene("news", page="news"),
        Scene("news-none", page="news", changes={"projects": ()}),
        Scene("computer", page="computer"),
        Scene("computer-trouble", page="computer", diagnosis=TROUBLE),
        Scene("settings", page="settings"),
        Scene("settings-search", page="settings", before=lambda window: _search(window, "settings", "battery")),
        Scene("settings-schedule", page="settings", before=_draw_schedule),
        Scene("help", page="help"),
        Scene("help-remove", page="help", shown=_removal),
        Scene("help-search", page="help", before=lambda window: _search(window, "help", "disk")),
    ]


def _windows(made: QApplication, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as data, an_agent(Path(data)) as agent:
        session, services = Session(AgentLink(agent.path)), ScriptedServices()
        chosen = [LIGHT]
        theme = Theme(made, choose=lambda _: chosen[0])
        agent.projects.told = [ProjectDetails(project=a_project(unread=2), news=news(), credit=credit(), team=team_credit())]
        agent.engine.happened = _history()
        agent.physics.kept = some_results()
        _fill_gallery(Path(data))
        session.open()
        _until(made, lambda: session.view is not None)
        usual = {
            "state": TrayState.WORKING,
            "deciding": "base",
            "level": Level.FULL,
            "since": time.time() - 2400,
            "next_change": None,
            "notices": (),
            "finished": 37,
            "hypervisor": "virtualbox",
            "projects": (a_project(unread=2),),
            "tasks": (
                a_task(last_checkpoint=time.time() - 240),
                a_task(key="k2", name="theory_2279-3862", activity=Activity.QUEUED, vm=VmState.ABSENT, fraction=0.0, elapsed_s=0.0),
            ),
        }
        for scene in (*_scenes(), *wizard_pictures.scenes()):
            if not scene.name.startswith(tuple(sys.argv[3:]) or ""):
                continue
            services.diagnosis, services.place, services.data = scene.diagnosis, scene.place, Path(data)
            agent.physics.told = scene.physics
            agent.work, agent.projects.known = scene.work, scene.community
            agent.projects.boards_known = BoardsView(boards=some_boards(), fresh=scene.community.fresh) if scene.community.community else BoardsView()
            agent.show(**usual | scene.changes)
            serial = agent.engine.view.serial
            _until(made, functools.partial(_has_come, session, serial))
            for name, colors in _SCHEMES.items():
                chosen[0] = colors
                theme.dress()
                window = Window(session, theme, services)
                window.resize(*scene.size)
                window.show()
                window.show_page(scene.page)
                scene.before(window)
                _take(made, scene.shown(window), folder / f"{scene.name}-{name}.png")
                window.close()
                window.deleteLater()
                made.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        session.close()


def _fill_gallery(data: Path) -> None:
    for details in some_results()[:2]:
        shown = words.shown(details.plots[0], details.result.spec)
        assert shown is not None
        title, subtitle = words.picture_title(shown, details.result.spec)
        gallery.keep(data, title, sheet_png([shown.histogram], title=title, subtitle=subtitle, columns=1), now=time.time())


def _has_come(session: Session, serial: int) -> bool:
    return session.view is not None and session.view.serial == serial


def _history() -> list[Happening]:
    now = time.time()
    told = [
        ("agent_started", ""),
        ("created", ""),
        ("started", ""),
        ("checkpoint", ""),
        ("on_battery", ""),
        ("on_mains", ""),
        ("checkpoint", ""),
        ("completed", ""),
    ]
    return [Happening(now - 9000 + 600 * number, what, "k1", detail) for number, (what, detail) in enumerate(told)]


def _opened(made: QApplication, folder: Path) -> None:
    """What the tray opens, over a desktop of another colour."""
    now = time.time()
    paused = {"state": TrayState.PAUSED_BY_YOU, "deciding": "manual_pause", "level": Level.PAUSED, "next_change": now + 47 * 60}
    with tempfile.TemporaryDirectory() as data, an_agent(Path(data)) as agent:
        session, chosen = Session(AgentLink(agent.path)), [LIGHT]
        theme = Theme(made, choose=lambda _: chosen[0])
        session.open()
        _until(made, lambda: session.view is not None)
        for scene, changes in (
            ("tray-panel", {}),
            ("tray-panel-paused", paused),
            ("tray-panel-needs-you", {"state": TrayState.NEEDS_YOU, "notices": (a_notice(),)}),
        ):
            agent.show(**{"state": TrayState.WORKING, "deciding": "base", "level": Level.FULL, "next_change": None, "notices": ()} | changes)
            _until(made, functools.partial(_has_come, session, agent.engine.view.serial))
            for name, colors in _SCHEMES.items():
                chosen[0] = colors
                theme.dress()
                panel = MiniPanel(session, theme)
                panel.toggle(QRect(700, 780, 24, 24))
                _take(made, panel, folder / f"{scene}-{name}.png")
                panel.deleteLater()
        for name, colors in _SCHEMES.items():
            chosen[0] = colors
            theme.dress()
            leaving = QuitDialog(session, theme)
            leaving.ask()
            _take(made, leaving, folder / f"tray-quit-{name}.png")
            leaving.deleteLater()
        made.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        session.close()


def _take(made: QApplication, window: QWidget, path: Path) -> None:
    """Rules, notices and history come with answers of their own, and Qt lays out in several turns: when two looks are alike, all is there."""
    before = QImage()
    while (now := window.grab().toImage()) != before:
        before, end = now, time.monotonic() + 0.4
        _until(made, functools.partial(_is_over, end))
    before.save(str(path))


def _is_over(end: float) -> bool:
    return time.monotonic() > end


def _tray(folder: Path) -> None:
    column, row = sum(size + 16 for size in _SIZES) + 16, 64
    image = QImage(2 * column + 220, row * len(TrayState), QImage.Format.Format_RGB32)
    image.fill(QColor(LIGHT.window))
    painter = QPainter(image)
    font = QFont()
    font.setPixelSize(14)
    painter.setFont(font)
    for number, state in enumerate(TrayState):
        painter.setPen(QColor(LIGHT.text))
        painter.drawText(QRect(16, number * row, 190, row), Qt.AlignmentFlag.AlignVCenter, state.value.replace("_", " "))
        for left, colors in ((220, LIGHT), (220 + column, DARK)):
            painter.fillRect(left, number * row, column, row, QColor(colors.window))
            x = left + 16
            for size in _SIZES:
                painter.drawImage(x, number * row + (row - size) // 2, render(tray_name(state), size, colors.text))
                x += size + 16
    painter.end()
    image.save(str(folder / "tray-icons.png"))


def main() -> None:
    """Write the pictures into the folder that is the first argument."""
    chosen = os.environ.get("T4T_PICTURES_IN", "en")
    tongues.speak(chosen)
    made = application(on_screen=False)
    assert made is not None
    tongues.speak(chosen)  # from right to left goes an application
    if _LOOK == "large":
        font = made.font()
        font.setPointSizeF(_LARGE * font.pointSizeF())
        made.setFont(font)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    _windows(made, folder)
    if "tray".startswith(tuple(one[:4] for one in sys.argv[3:]) or ""):
        _opened(made, folder)
    _tray(folder)


if __name__ == "__main__":
    main()
