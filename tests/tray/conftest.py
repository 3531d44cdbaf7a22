"""Fixtures of the tests on a real X server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.desk import Desk, a_desk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path) as found:
        yield found
