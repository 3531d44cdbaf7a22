"""The command's outermost layer: what reaches it becomes an exit status, a sentence or a line of the log."""

from __future__ import annotations

import codecs
import contextlib
import io
import logging
import logging.handlers
import os
import sys
from typing import TYPE_CHECKING, Final

from t4t.bootstrap import language
from t4t.bootstrap.services import Services
from t4t.cli import arguments, terminal, verbs
from t4t.domain.errors import T4TError
from t4t.storage import paths
from t4t.storage.logs import RedactingFormatter
from t4t.wording.notices import notice

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from t4t.hypervisor.twin import Twin

_log = logging.getLogger(__name__)

_LOG_BYTES: Final = 2_000_000
_WITHOUT_LOG: Final = frozenset({"quit", "remove-everything", "self-check"})
"""What installers run: where no volunteer ever started the program, it must not leave a data folder behind, and nobody can remove a file that is open."""
_PIPE_CLOSED: Final = 141
"""A shell's own status for a program that wrote to a closed pipe."""


def run(words: Sequence[str], twin: Twin | None = None) -> int:
    """Carry out a command line; returns the exit status. ``twin`` will be the agent's VM host, if the verb is the agent's."""
    _take_every_letter()
    language.of_command(words)
    args = arguments.parser().parse_args(words)
    try:
        status = _run(args, Services(paths.data_dir(args.data_dir), twin))
        sys.stdout.flush()  # here, where somebody who no longer reads is no surprise
    except BrokenPipeError:
        return _nobody_reads()
    return status


def _take_every_letter() -> None:
    """Windows gives a pipe or a file the letters of its old code page alone, and a program without a terminal no streams at all."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - until the process ends
        elif isinstance(stream, io.TextIOWrapper) and codecs.lookup(stream.encoding).name != "utf-8":
            stream.reconfigure(errors="replace")


def _run(args: argparse.Namespace, services: Services) -> int:
    try:
        _log_to(None if args.verb in _WITHOUT_LOG else services.data / "logs" / "t4t.log")
        return verbs.run(args, services)
    except T4TError as error:
        _log.error("%s", error)
        terminal.show_notice(notice(error))
        return error.exit_code
    except KeyboardInterrupt:
        return verbs.INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception:
        _log.exception("a bug")
        raise


def _nobody_reads() -> int:
    """Who read our output (`head`, say) has enough: what is left goes nowhere, and Python's own last flush has nothing to complain of."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
    return _PIPE_CLOSED


def _log_to(path: Path | None) -> None:
    """Everything from INFO on goes to a rotating file (None: nowhere); a data folder that can't be written is told by what needs it."""
    handler: logging.Handler = logging.NullHandler()
    if path is not None:
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            handler = logging.handlers.RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=2, encoding="utf-8")
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.raiseExceptions = False  # a full disk is told once, by what needs it, and not by each line of the log
