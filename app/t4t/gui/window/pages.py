"""The window's pages beside the first one: each is loaded when somebody first wants it, so that the window is there at once."""
# ruff: noqa: PLC0415 - see above

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from t4t.gui.gallery import Gallery
    from t4t.gui.session import Session
    from t4t.gui.theme.style import Theme
    from t4t.gui.window.community import CommunityPage
    from t4t.gui.window.computer import Computer
    from t4t.gui.window.contribution import Contribution
    from t4t.gui.window.help import Help
    from t4t.gui.window.news import News
    from t4t.gui.window.science import Science
    from t4t.gui.window.services import WindowServices
    from t4t.gui.window.settings import Settings
    from t4t.gui.wizard.frame import Wizard


def science(session: Session, theme: Theme, gallery: Gallery) -> Science:
    """What is simulated."""
    from t4t.gui.window.science import Science

    return Science(session, theme, gallery)


def contribution(session: Session, theme: Theme) -> Contribution:
    """What it came to."""
    from t4t.gui.window.contribution import Contribution

    return Contribution(session, theme)


def community(session: Session, theme: Theme, services: WindowServices) -> CommunityPage:
    """All volunteers."""
    from t4t.gui.window.community import CommunityPage

    return CommunityPage(session, theme, services)


def news(session: Session, theme: Theme) -> News:
    """What the projects say."""
    from t4t.gui.window.news import News

    return News(session, theme)


def computer(session: Session, theme: Theme, services: WindowServices) -> Computer:
    """This computer."""
    from t4t.gui.window.computer import Computer

    return Computer(session, theme, services)


def helping(theme: Theme, services: WindowServices, session: Session) -> Help:
    """Help."""
    from t4t.gui.window.help import Help

    return Help(theme, services, session)


def settings(session: Session, theme: Theme) -> Settings:
    """The settings."""
    from t4t.gui.window.settings import Settings

    return Settings(session, theme)


def wizard(session: Session, theme: Theme, services: WindowServices) -> Wizard:
    """The first run."""
    from t4t.gui.wizard.frame import Wizard

    return Wizard(session, theme, services)
