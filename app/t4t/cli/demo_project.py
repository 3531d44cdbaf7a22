"""``t4t demo-project``: what a person or script needs to know of the project that now runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from t4t.wording.language import gettext

if TYPE_CHECKING:
    import argparse

    from t4t.cli.services import Services


def serve(args: argparse.Namespace, services: Services) -> int:
    """Run it until it is stopped."""

    def tell(address: str, invite_code: str) -> None:
        if args.json:
            print(json.dumps({"address": address, "invite_code": invite_code}), flush=True)
        else:
            print(gettext("A BOINC project on this computer alone: {address}").format(address=address))
            print(f"  {gettext('invitation code')}  {invite_code}")
            print(gettext("Ctrl-C ends it; what it knows stays."), flush=True)

    services.serve_demo_project(tell)
    return 0
