"""``t4t report``: one text for whoever helps, written to a new file or shown."""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from t4t.cli.terminal import tell
from t4t.domain.errors import FileExists, ReportUnwritable
from t4t.wording import report as words

if TYPE_CHECKING:
    import argparse

    from t4t.cli.services import Services

DONE: Final = 0


def run(args: argparse.Namespace, services: Services) -> int:
    """Raises `FileExists` or `ReportUnwritable`."""
    if args.show:
        text = services.report()
        print(json.dumps({"report": text}, indent=2) if args.json else text, end="\n" if args.json else "")
        tell(words.shown())
        return DONE
    path = _place(args.output)
    if os.path.lexists(path):  # told before the work is done; the writing itself makes sure
        raise FileExists(path=str(path))
    data = services.report().encode("utf-8", "replace")
    write_new(path, data)
    if args.json:
        print(json.dumps({"path": str(path), "bytes": len(data)}, indent=2))
    else:
        print(words.written(str(path), len(data)))
    return DONE


def _place(wanted: str | None) -> Path:
    """Where it goes: a file, or a folder in which it gets a name with the time."""
    place = Path(wanted).absolute() if wanted else Path.cwd()
    return place / time.strftime("t4t-report-%Y-%m-%d-%H%M%S.txt") if place.is_dir() else place


def write_new(path: Path, data: bytes) -> None:
    """All of it or nothing, for its owner's eyes; what is there already is never touched."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    except FileExistsError as error:
        raise FileExists(path=str(path)) from error
    except OSError as error:
        raise ReportUnwritable(path=str(path), reason=error.strerror or str(error)) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise ReportUnwritable(path=str(path), reason=error.strerror or str(error)) from error
