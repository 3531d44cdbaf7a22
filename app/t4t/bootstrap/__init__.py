"""The composition root: builds every object once; the only package that sees all layers.

One program is several processes. Those that live beside the agent import here what they need and nothing more: each megabyte is the volunteer's.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from t4t.bootstrap.machines import API_WORKER, VM_HOST
from t4t.cli import arguments
from t4t.hypervisor.environment import leave_bundle
from t4t.hypervisor.own import own_program
from t4t.storage import paths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t4t.hypervisor.twin import Twin

_AGENTS: Final = frozenset({None, "run"})
"""The verbs that begin an agent."""


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``t4t``; returns the exit status."""
    if getattr(sys, "frozen", False):
        leave_bundle(os.environ)
    args = arguments.parser().parse_args(argv)
    data = paths.data_dir(args.data_dir)
    if args.verb == VM_HOST:
        from t4t.bootstrap import vm_host  # noqa: PLC0415 - as the module says

        vm_host.serve(data, args.hypervisor)
    if args.verb == API_WORKER:
        from t4t.hypervisor.virtualbox.api import worker  # noqa: PLC0415 - as the module says

        worker.main()
    twin = _vm_host() if args.verb in _AGENTS else None
    try:
        from t4t.bootstrap import command  # noqa: PLC0415 - as the module says

        return command.run(args, data, twin)
    finally:
        if twin is not None:
            twin.drop()


def _vm_host() -> Twin | None:
    """The agent's VM host, made before the agent has anything in its memory that a VM host has no use for."""
    from t4t.bootstrap import vm_host  # noqa: F401, PLC0415 - what it is made of is there once, for both
    from t4t.hypervisor.twin import fork  # noqa: PLC0415 - as the module says

    own = len(own_program())
    return fork(lambda command: main(command[own:]))
