"""The environment of the programs that we start: what our own bundle put there for itself would break them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

_BUNDLED: Final = (
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "DYLD_FRAMEWORK_PATH",
    "LIBPATH",
    "QT_PLUGIN_PATH",
    "QT_QPA_PLATFORM_PLUGIN_PATH",
    "QML2_IMPORT_PATH",
)


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` without what a bundle's start put there for itself (its own libraries would break other programs).

    Where it bears no mark of such a start, what is in it is somebody else's and stays.
    """
    cleaned = {name: value for name, value in environment.items() if not name.startswith(("_MEI", "_PYI_"))}
    bundled = len(cleaned) < len(environment)
    for name in _BUNDLED:
        original = cleaned.pop(f"{name}_ORIG", None)
        if original is not None:
            cleaned[name] = original
        elif bundled:
            cleaned.pop(name, None)
    return cleaned


def leave_bundle(environment: MutableMapping[str, str]) -> None:
    """Take out of our own environment what the bundle's start put there: it has done its work, and everything that is started from now on is spared it.

    Programs that libraries start for us (Qt the browser, say) never pass a place where we could clean what they get.
    """
    kept = clean_environment(environment)
    for name in set(environment) - set(kept):
        del environment[name]
    environment.update(kept)
