"""Which language a process speaks: as the settings say, or else the system. It is known before anything is said, so that also ``--help`` is in it."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Final

from t4t.domain.language import Language, spoken
from t4t.host.language import wishes
from t4t.storage import paths
from t4t.storage.resources import resource_folder
from t4t.storage.settings import deployment_file, look, read_deployment
from t4t.wording import language

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PATH: Final = "general.language"


def of_command(words: Sequence[str]) -> None:
    """Speak what this command's volunteer does. Documents are English."""
    if "--json" in words:
        language.speak_english()
    else:
        settle(of_settings(paths.data_dir(_data_dir(words))))


def _data_dir(words: Sequence[str]) -> str | None:
    """What ``--data-dir`` says, before the grammar is made."""
    for word, following in itertools.pairwise((*words, "")):
        name, equals, value = word.partition("=")
        if name == "--data-dir":
            return value if equals else following
    return None


def of_settings(data: Path) -> Language:
    """What the settings of a data folder say. They are only looked at: what is wrong with them is told by who uses them."""
    deployment, _ = read_deployment(deployment_file())
    layers: tuple[Mapping[str, object], ...] = (deployment.locked, look(data), deployment.defaults)
    return Language(next((layer[PATH] for layer in layers if PATH in layer), Language.SYSTEM.value))


def settle(chosen: Language) -> None:
    """Speak ``chosen`` from now on; for the system's what it says."""
    language.speak(spoken(chosen, wishes(os.environ)), resource_folder("locale"))
