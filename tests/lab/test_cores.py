"""More than one virtual processor without hardware virtualization: the guest boots and counts them; computing there is not worth the wait."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lab.vbox import answer, guest, wait_for

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.virtualbox, pytest.mark.timeout(400)]


def test_a_guest_with_two_processors_boots_and_counts_them(tmp_path: Path, appliance_dir: Path) -> None:
    with guest("two", tmp_path, appliance_dir, cores=2) as made:
        made.start()

        def counted() -> bool:
            page = answer(made.port, "machine.json")
            return bool(page) and json.loads(page).get("cores") == 2

        wait_for("a guest that has counted its processors", counted, 300, made.log_end)
