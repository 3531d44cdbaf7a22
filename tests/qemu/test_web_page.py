"""The guest's page as a running guest serves it: what fills while one looks is, to the last bin, what the result says."""

from __future__ import annotations

import csv
import tarfile
from typing import TYPE_CHECKING

import pytest

from support.browser import Page, axe_faults, browser
from support.known_physics import has_leps_charge
from t4t.domain.vm import Share
from t4t.guest import webapp
from t4t.guest.yoda import HISTOGRAMS_NAME, read_result

if TYPE_CHECKING:
    from pathlib import Path

    from qemu.conftest import Lab
    from t4t.guest.yoda import ResultArchive

pytestmark = pytest.mark.qemu

_JOB = "boinc ee zhad 91.2 - - pythia8 8.317 tune-monash13 900 11"
_EVENTS = 900
_NOW = "Number((document.querySelector('#legend span')?.textContent.match(/\\d[\\d,]*/) || ['0'])[0].replace(',', ''))"


async def rows(page: Page, name: str) -> list[list[float]]:
    """What the page saves of a histogram as CSV."""
    await page.click(f".thumb[data-name={name}]")
    await page.click("#csv")
    text = await page.run("kept.at(-1).text()")
    return [[float(value) for value in row[:4]] for row in list(csv.reader(line for line in text.splitlines() if not line.startswith("#")))[1:]]


async def check_bins(page: Page, result: ResultArchive) -> None:
    """What the page saves of each histogram is what the result's file has."""
    assert len(result.histograms) == 9
    for histogram in result.histograms:
        shown = await rows(page, histogram.path.rpartition("/")[2])
        for bin_number, (low, high, height, error) in enumerate(shown):
            assert (low, high) == pytest.approx((histogram.edges[bin_number], histogram.edges[bin_number + 1]))
            assert height == pytest.approx(histogram.heights[bin_number], rel=1e-12)
            assert error == pytest.approx(histogram.errors[bin_number], rel=1e-12)
        assert len(shown) == histogram.bin_count


async def test_a_running_job_is_seen_to_its_end_through_a_pause(guest_lab: Lab, tmp_path: Path) -> None:
    share = guest_lab.folder / "shared"
    share.mkdir()
    (share / "input").write_text(f"{_JOB}\n")
    (share / "context").write_text("T4T_POWER_OFF=0\n")
    driver = guest_lab.qemu()
    spec = guest_lab.spec(guest=True, shares=(Share("shared", str(share)),))
    await driver.create(spec)
    info = await driver.start(spec.vm_id)
    port = info.ports[0].host_port

    async def serves() -> bool:
        return await webapp.probe(port, timeout=3) is webapp.WebHealth.PAGE_READY

    async with browser(tmp_path) as page:
        await guest_lab.eventually(serves, seconds=120, what="the guest's page")
        await page.look(1400, 900)
        await page.open(f"http://127.0.0.1:{port}/?lang=en")
        await page.until("document.querySelector('#headline').textContent === 'Right now: electron–positron collisions at 91.2 GeV'", seconds=150)

        first = await page.until(f"{_NOW} < {_EVENTS} && {_NOW}", seconds=60)
        assert await page.until("document.querySelectorAll('#event .track').length > 10")
        grown = await page.until(f"{_NOW} > {first} && {_NOW}", seconds=60)
        assert grown > first, "it fills while one looks"

        await driver.pause(info.vm_id)
        # A question is given up after eight seconds; here after one half.
        await page.run("{ window.wait = AbortSignal.timeout.bind(AbortSignal); AbortSignal.timeout = (time) => wait(time / 16); 0 }")
        await page.until("!document.querySelector('#banner').hidden", seconds=60)
        stood = await page.run(_NOW)
        assert (await page.text("#banner")).startswith("No answer since ")
        assert await page.run("document.querySelectorAll('#plot .step').length") == 1, "what was there stays"
        await page.run("AbortSignal.timeout = wait; 0")
        await driver.resume(info.vm_id)
        await page.until("document.querySelector('#banner').hidden", seconds=60)

        await page.until("document.querySelector('#state .word').textContent === 'Finished'", seconds=150)
        assert await page.until(f"{_NOW} === {_EVENTS} && {_NOW}") > stood
        await page.run(
            "window.kept = []; { const make = URL.createObjectURL.bind(URL); URL.createObjectURL = (blob) => { kept.push(blob); return make(blob); } } 0"
        )
        result = read_result(share / "output.tgz")
        await check_bins(page, result)
        (charged,) = (one for one in result.histograms if one.path.endswith("/nch"))
        assert has_leps_charge(charged.edges, charged.heights, _EVENTS), charged.mean
        with tarfile.open(share / "output.tgz") as archive:
            member = archive.extractfile(HISTOGRAMS_NAME)
            assert member is not None
            assert await page.run("fetch('job/histograms.yoda').then((answer) => answer.text())") == member.read().decode()
        await page.until("document.querySelectorAll('.jobs li').length === 1")
        assert f"{_EVENTS} collisions in" in await page.text(".jobs")

        await page.run("document.querySelector('#tour-button').focus()")
        await page.press("Enter", *["ArrowRight"] * 10)
        assert await page.run("document.querySelector('.tour') === null && document.activeElement.id") == "tour-button"
        assert await axe_faults(page) == []
        assert not [url for url in page.requests if not url.startswith((f"http://127.0.0.1:{port}/", f"blob:http://127.0.0.1:{port}/", "about:"))]
        # While the guest was paused, questions failed: that is all there may be to complain of.
        assert [complaint for complaint in page.complaints if not complaint.startswith("network:")] == []
