"""The composition root: builds every object once; the only package that sees all layers.

One program is several processes. Those that live beside the agent import here what they need and nothing more: each megabyte is the volunteer's.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from t4t.bootstrap import language
from t4t.bootstrap.machines import API_WORKER, VM_HOST
from t4t.cli import arguments
from t4t.hypervisor.environment import leave_bundle
from t4t.storage import paths

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``t4t``; returns the exit status."""
    if getattr(sys, "frozen", False):
        leave_bundle(os.environ)
    given = sys.argv[1:] if argv is None else argv
    language.of_command(given)
    args = arguments.parser().parse_args(given)
    data = paths.data_dir(args.data_dir)
    if args.verb == VM_HOST:
        from t4t.bootstrap import vm_host  # noqa: PLC0415 - as the module says

        return vm_host.serve(data, args.hypervisor)
    if args.verb == API_WORKER:
        from t4t.hypervisor.virtualbox.api import worker  # noqa: PLC0415 - as the module says

        worker.main()
    from t4t.bootstrap import command  # noqa: PLC0415 - as the module says

    return command.run(args, data)
