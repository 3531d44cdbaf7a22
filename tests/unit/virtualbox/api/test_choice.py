"""Which road is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from t4t.bootstrap import machines, virtualbox_road
from t4t.domain.errors import HypervisorMissing
from t4t.host.clock import RealClock
from t4t.hypervisor.virtualbox import locate
from t4t.hypervisor.virtualbox.api.choice import RoadName, choose

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("platform", "loads", "road"),
    [
        ("linux", True, RoadName.API),
        ("linux", False, RoadName.MANAGE),
        ("win32", True, RoadName.MANAGE),
        ("win32", False, RoadName.MANAGE),
        ("darwin", True, RoadName.MANAGE),
    ],
)
def test_without_a_wish(platform: str, loads: bool, road: RoadName) -> None:  # noqa: FBT001 - a column of the table
    assert choose(platform, wish=None, loads=loads) is road


@pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
@pytest.mark.parametrize("wish", list(RoadName))
def test_a_wish_is_followed(platform: str, wish: RoadName) -> None:
    assert choose(platform, wish=wish, loads=False) is wish


@pytest.mark.parametrize("wish", list(RoadName))
async def test_the_environment_may_wish(wish: RoadName, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T4T_VIRTUALBOX_ROAD", wish.value)
    road = await virtualbox_road.road(RealClock())
    assert road.name == wish.value
    await road.close()


async def test_where_the_api_does_not_open_vboxmanage_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    async def no(road: object) -> bool:
        del road
        return False

    monkeypatch.delenv("T4T_VIRTUALBOX_ROAD", raising=False)
    monkeypatch.setattr(virtualbox_road, "opens", no)
    assert (await virtualbox_road.road(RealClock())).name == "vboxmanage"


def test_only_virtualboxs_own_program_is_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machines.programs("qemu", tmp_path) == ()
    assert machines.programs("auto", tmp_path) == ()
    manage = tmp_path / "VBoxManage"
    monkeypatch.setattr(locate, "find", lambda _place: locate.Programs(str(manage), "", str(tmp_path)))
    assert machines.programs("virtualbox", tmp_path) == (manage,)

    def missing(_place: object) -> locate.Programs:
        raise HypervisorMissing(hypervisor="VirtualBox")

    monkeypatch.setattr(locate, "find", missing)
    assert machines.programs("virtualbox", tmp_path) == ()
