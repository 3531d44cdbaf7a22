"""The composition root: builds every object once; the only package that sees all layers.

One program is several processes. Those that live beside the agent import here what they need and nothing more: each megabyte is the volunteer's.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from t4t.bootstrap.machines import API_WORKER, host_asked_for
from t4t.hypervisor.environment import leave_bundle
from t4t.hypervisor.own import own_program
from t4t.hypervisor.twin import fork

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t4t.hypervisor.twin import Twin

_AGENT: Final = "run"


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``t4t``; returns the exit status."""
    if getattr(sys, "frozen", False):
        leave_bundle(os.environ)
    words = sys.argv[1:] if argv is None else list(argv)
    _be_host(words)
    if words == [API_WORKER]:
        from t4t.hypervisor.virtualbox.api import worker  # noqa: PLC0415 - as the module says

        worker.main()
    twin = _twin() if begins_agent(words) else None
    try:
        from t4t.bootstrap import command  # noqa: PLC0415 - as the module says

        return command.run(words, twin)
    finally:
        if twin is not None:
            twin.drop()


def _be_host(words: Sequence[str]) -> None:
    """Be a VM host, and never return, if these are its words."""
    asked = host_asked_for(words)
    if asked is not None:
        from t4t.bootstrap import vm_host  # noqa: PLC0415 - as the module says

        vm_host.serve(*asked)


def begins_agent(words: Sequence[str]) -> bool:
    """Whether these words begin an agent, as far as can be told without their grammar, which a VM host has no use for."""
    rest = iter(words)
    for word in rest:
        if word == "--data-dir":
            next(rest, None)
        elif word in {"-h", "--help", "--version"}:
            return False
        elif not word.startswith("-"):
            return word == _AGENT
    return True


def _twin() -> Twin | None:
    """The agent's VM host, made before the agent has anything in its memory that a VM host has no use for."""
    from t4t.bootstrap import vm_host  # noqa: F401, PLC0415 - what it is made of is there once, for both

    own = len(own_program())

    def be(command: Sequence[str]) -> int:
        _be_host(command[own:])
        raise AssertionError(command)

    return fork(be)
