"""The guest's page in a real browser, served by the appliance's own web server with recorded jobs; a running guest serves it in tests/qemu."""

from __future__ import annotations

import asyncio
import csv
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest
import pytest_asyncio

from support.browser import Page, axe_faults, browser
from support.guest_web import JOBS, GuestWeb, recorded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="module")

LANGUAGES = ("en", "de", "fr", "it", "es")
LARGEST = 500_000
"""Bytes of all that the page is made of."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def window(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    async with browser(tmp_path_factory.mktemp("browser")) as page:
        yield page


@pytest_asyncio.fixture(loop_scope="module")
async def guest(appliance_dir: Path, tmp_path: Path) -> AsyncIterator[GuestWeb]:
    async with GuestWeb(appliance_dir, tmp_path) as served:
        yield served


@pytest_asyncio.fixture(loop_scope="module")
async def page(window: Page, guest: GuestWeb) -> AsyncIterator[Page]:
    """The browser's page at an ordinary size; whatever a test does with it, nothing may be refused, thrown or asked of anybody else."""
    window.requests.clear()
    window.complaints.clear()
    await window.look(1400, 900)
    yield window
    await window.open("about:blank")
    await window.until("location.href === 'about:blank'")
    foreign = [url for url in window.requests if not url.startswith((f"{guest.origin}/", f"blob:{guest.origin}/", "about:"))]
    assert not foreign
    assert not window.complaints


async def show(page: Page, guest: GuestWeb, language: str = "en") -> None:
    """Open the page and wait until it has asked for everything once."""
    await page.open(f"{guest.origin}/?lang={language}")
    await page.until("document.querySelectorAll('#machine-facts dd').length > 0 && document.documentElement.lang !== ''")


async def hurry(page: Page) -> None:
    """The page's own pauses pass sixteen times as fast."""
    await page.run("{ const wait = setTimeout; window.setTimeout = (then, time) => wait(then, time / 16); 0 }")


async def keep(page: Page, button: str) -> None:
    """Press a button that saves a file, which then is in `kept`."""
    await page.run("window.kept ??= []; window.make ??= URL.createObjectURL.bind(URL); URL.createObjectURL = (blob) => { kept.push(blob); return make(blob); }")
    await page.click(button)


def headers_of(url: str, **options: Any) -> dict[str, str]:
    with urlopen(Request(url, **options), timeout=20) as answer:  # noqa: S310 - loopback
        return {name.lower(): value for name, value in answer.headers.items()}


@pytest.mark.parametrize("name", JOBS)
async def test_a_job_is_told_in_words_and_its_numbers_are_the_guests(page: Page, guest: GuestWeb, name: str) -> None:
    job = guest.put_job(name)
    await show(page, guest)
    histogram = recorded(name, "histograms")["histograms"][0]
    assert (
        await page.text("#headline")
        == f"Right now: {'electron–positron' if name == 'ee' else 'proton–proton'} collisions at {'91.2 GeV' if name == 'ee' else '13 TeV'}"
    )
    assert await page.text("#done") == f"{job['events_done']:,} of {job['events_wanted']:,} collisions"
    assert await page.run("document.querySelectorAll('#facts details').length") == 8
    assert not re.search(r"\b(h|p|row|process|beams|event|plot|state|tune)\.", await page.run("document.body.innerText")), (
        "a text that is missing shows its key"
    )
    assert await page.run("document.querySelectorAll('.thumb').length") == len(recorded(name, "histograms")["histograms"])
    assert "→" in await page.text("#heart")
    assert await page.run("document.querySelectorAll('#event .track').length") > 20
    await keep(page, "#csv")
    rows = list(csv.reader(line for line in (await page.run("kept.at(-1).text()")).splitlines() if not line.startswith("#")))
    assert [[float(row[2]), float(row[3])] for row in rows[1:]] == [list(pair) for pair in zip(histogram["heights"], histogram["errors"], strict=True)]
    assert float(rows[1][0]) == histogram["low"]
    assert float(rows[-1][1]) == histogram["high"]


async def test_the_names_in_the_guests_files_are_text_and_nothing_else(page: Page, guest: GuestWeb) -> None:
    guest.put_job("ee", message="<script>1</script>", tune="<i>own</i>")
    await show(page, guest)
    assert (
        await page.run(
            "document.querySelectorAll('main i:not([class]), main script, main b').length - document.querySelectorAll('.legend i:not([class])').length"
        )
        == 0
    )
    assert "<i>own</i>" in await page.text("#sub")
    assert "Ada <b>Lovelace</b>" in await page.text("#machine-facts")


async def test_the_picture_that_is_kept_shows_what_is_on_the_page(page: Page, guest: GuestWeb) -> None:
    guest.put_job("ee")
    await show(page, guest)
    await keep(page, "#png")
    await page.until("kept.some((one) => one.type === 'image/png')")
    facts = """createImageBitmap(kept.find((one) => one.type === 'image/png')).then((image) => {
        const canvas = new OffscreenCanvas(image.width, image.height), pen = canvas.getContext('2d'); pen.drawImage(image, 0, 0);
        const colours = {}, data = pen.getImageData(0, 0, image.width, image.height).data;
        for (let at = 0; at < data.length; at += 4) { const key = `${data[at]},${data[at + 1]},${data[at + 2]}`; colours[key] = (colours[key] || 0) + 1; }
        return { width: image.width, height: image.height, colours }; })"""
    picture = await page.run(facts)
    assert picture["width"] == 1600
    assert picture["height"] > 700
    assert picture["colours"]["31,95,191"] > 2000, "the steps, in the accent colour"
    assert picture["colours"]["215,229,250"] > 20_000, "the area below them"


async def test_values_are_read_by_keyboard(page: Page, guest: GuestWeb) -> None:
    guest.put_job("ee")
    await show(page, guest)
    heights = recorded("ee", "histograms")["histograms"][0]["heights"]
    await page.run("document.querySelector('#plot').focus()")
    await page.press("End")
    assert await page.run("document.querySelector('#plot').getAttribute('aria-valuenow')") == str(len(heights))
    await page.press("Home", *["ArrowRight"] * 9, "ArrowLeft")
    said = await page.run("document.querySelector('#plot').getAttribute('aria-valuetext')")
    assert said == await page.text("#value")
    assert said.startswith(f"15 to 17: {heights[8]:.3g} ± ")
    await page.press("Escape")
    assert "entries" in await page.run("document.querySelector('#plot').getAttribute('aria-valuetext')")
    await page.run("document.querySelector('#log').focus()")
    linear = await page.run("document.querySelector('#plot .step').getAttribute('d')")
    await page.press(" ")
    assert await page.run("document.querySelector('#plot .step').getAttribute('d')") != linear
    await page.run("document.querySelector('#table-button').focus()")
    await page.press("Enter")
    assert await page.run("document.querySelectorAll('#table tbody tr').length") == len(heights)


@pytest.mark.parametrize(("language", "width"), [("en", 1400), ("de", 380), ("fr", 800), ("it", 1400), ("es", 380)])
async def test_the_tour_is_walked_by_keyboard(page: Page, guest: GuestWeb, language: str, width: int) -> None:
    guest.put_job("jets")
    await page.look(width, 800)
    await show(page, guest, language)
    script: list[str] = await page.run("import('/app/tour.js').then((module) => module.SCRIPT.map((step) => step.key))")
    await page.run("document.querySelector('#tour-button').focus()")
    await page.press("Enter")
    for key in script:
        assert await page.run("document.querySelector('.tour').dataset.step") == key
        assert await page.run("document.querySelector('.tour').contains(document.activeElement)")
        assert await page.run("(({ left, right, top, bottom }) => left >= 0 && right <= innerWidth && top >= -1 && bottom <= innerHeight + 1)"
                              "(document.querySelector('.tour').getBoundingClientRect())"), key  # fmt: skip
        assert await page.run("document.querySelectorAll('.pointed').length") == 1
        assert "tour." not in await page.text(".tour")
        if key == "cursor":
            assert await page.run("document.querySelectorAll('#plot .spot').length") == 1
        await page.press("ArrowRight")
    assert await page.run("document.querySelector('.tour') === null && document.activeElement.id") == "tour-button"
    await page.press("Enter")
    await page.press("ArrowRight")
    await page.press("Escape")
    assert await page.run("document.querySelector('.tour') === null && document.querySelector('.pointed') === null")


async def test_a_pause_is_said_and_passes(page: Page, guest: GuestWeb) -> None:
    job = guest.put_job("ee")
    await show(page, guest)
    # A question is given up after eight seconds; here after a quarter of one.
    await page.run("{ const wait = AbortSignal.timeout.bind(AbortSignal); AbortSignal.timeout = (time) => wait(time / 32); 0 }")
    await hurry(page)
    guest.pause()
    said = await page.until("!document.querySelector('#banner').hidden && document.querySelector('#banner').textContent")
    assert said.startswith("No answer since ")
    assert await page.text("#done") == "400 of 1,200 collisions", "what was there stays"
    assert await page.text("#state .word") == "No answer"
    guest.put("job/index.json", job | {"events_done": 800, "progress": 0.66})
    guest.go_on()
    await page.run("AbortSignal.timeout = () => new AbortController().signal")  # the first answer may be slow on a busy computer
    await page.until("document.querySelector('#banner').hidden && document.querySelector('#done').textContent === '800 of 1,200 collisions'")
    assert await page.text("#state .word") == "Computing"


async def test_a_reference_is_shown_for_the_same_question_alone(page: Page, guest: GuestWeb) -> None:
    job = guest.put_job("ee")
    await show(page, guest)
    legend = await page.until("document.querySelector('#legend .reference') && document.querySelector('#legend').textContent")
    assert "reference: our own run of 60,000 collisions" in legend
    own, other = recorded("ee", "histograms")["histograms"][0], json.loads((guest.folder / "reference/ee-zhad.json").read_text())["histograms"][0]
    quads = zip(own["heights"], own["errors"], other["heights"], other["errors"], strict=True)
    counted = [(a - b) ** 2 / (da**2 + db**2) for a, da, b, db in quads if da and db and (a / da) ** 2 >= 5 and (b / db) ** 2 >= 5]
    assert f"(χ² per bin {sum(counted) / len(counted):.2g}, {len(counted)} bins)" in await page.text("#verdict")
    assert (await page.text("#verdict")).startswith("Your collisions agree with the reference within chance")
    await keep(page, "#csv")
    assert "low,high,height,error,reference" in await page.run("kept.at(-1).text()")
    guest.put("job/index.json", job | {"tune": "tune-4c", "runspec": job["runspec"].replace("monash13", "4c")})
    await page.until("!document.querySelector('#legend .reference') && document.querySelector('#verdict').textContent === ''")


async def test_before_during_and_after_a_job(page: Page, guest: GuestWeb) -> None:
    await show(page, guest)
    await hurry(page)
    assert await page.text("#headline") == "Waiting for a job"
    assert await page.run("document.querySelector('#plot-part').hidden && document.querySelector('#gallery').hidden")
    job = guest.put_job("z", state="initialising", events_done=0)
    await page.until("document.querySelector('#headline').textContent.startsWith('Coming up: proton')")
    guest.put("job/index.json", job | {"state": "running", "events_done": 45, "events_wanted": 90, "events_per_second": 0.5})
    await page.until("document.querySelector('#left').textContent === '0.5 a second · about 2 minutes left'")
    guest.put("job/index.json", job | {"state": "failed", "message": "Pythia could not be initialised"})
    await page.until("document.querySelector('#sub').textContent === 'Pythia could not be initialised'")
    guest.put("job/index.json", job | {"state": "done", "events_done": 90, "events_wanted": 90, "progress": 1.0})
    await page.until("document.querySelector('#state .word').textContent === 'Finished' && document.querySelector('#bar').value === 1")


async def test_the_log_grows_while_it_is_open(page: Page, guest: GuestWeb) -> None:
    guest.put_job("ee")
    await show(page, guest)
    await hurry(page)
    await page.click("#log-button")
    await page.until("document.querySelector('#log-text').textContent === '40 events processed\\n'")
    with (guest.folder / "logs/running.log").open("a", encoding="utf-8") as log:
        log.write("80 events processed – é\n")
    await page.until("document.querySelector('#log-text').textContent === '40 events processed\\n80 events processed – é\\n'")
    guest.put("logs/running.log", "anew\n")
    await page.until("document.querySelector('#log-text').textContent === 'anew\\n'")


@pytest.mark.parametrize(("width", "dark"), [(380, True), (1400, False)])
async def test_nothing_stands_in_the_way_of_anybody(page: Page, guest: GuestWeb, width: int, *, dark: bool) -> None:
    """axe-core, in the states that differ most."""
    await page.look(width, 900, dark=dark)
    await show(page, guest)
    assert await axe_faults(page) == []
    guest.put_job("jets")
    await page.until("document.querySelectorAll('.thumb').length")
    await page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    for button in ("#table-button", "#log-button"):
        await page.click(button)
    assert await axe_faults(page) == []
    await page.click("#tour-button")
    assert await axe_faults(page) == []


async def test_every_language_fits_every_width(page: Page, guest: GuestWeb) -> None:
    guest.put_job("soft")
    for language in LANGUAGES:
        await show(page, guest, language)
        for width in (320, 380, 800, 1400):
            await page.look(width, 900)
            assert await page.run("document.documentElement.scrollWidth <= innerWidth"), (language, width)


async def test_the_languages_say_the_same_things(page: Page, guest: GuestWeb) -> None:
    await show(page, guest)
    words: dict[str, dict[str, str]] = {}
    for language in LANGUAGES:
        words[language] = await page.run(f"import('/app/lang/{language}.js').then((module) => module.words)")
    english = words["en"]
    for language, own in words.items():
        assert own.keys() == english.keys(), language
        assert [key for key, text in own.items() if places(text) != places(english[key])] == [], language
    for name in JOBS:
        family = {"ee": "ee", "jets": "jets", "soft": "soft", "z": "z"}[name]
        for histogram in recorded(name, "histograms")["histograms"]:
            assert {f"h.{family}.{histogram['name']}{part}" for part in ("", ".x", ".about")} <= english.keys()
    sources = [path.read_text(encoding="utf-8") for path in [*guest.folder.glob("app/*.js"), guest.folder / "cgi-bin/page.html"]]
    asked = {key for source in sources for key in re.findall(r"""\bt\("([\w.-]+)"|data-t="([\w.-]+)\"""", source) for key in key if key}
    assert asked - english.keys() == set()


def places(text: str) -> list[str]:
    return sorted(re.findall(r"\{\w+\}", text))


async def test_the_language_can_be_chosen_and_is_kept(page: Page, guest: GuestWeb) -> None:
    guest.put_job("ee")
    await show(page, guest, "xx")
    await page.run("{ const list = document.querySelector('#language'); list.value = 'fr'; list.dispatchEvent(new Event('change')); 0 }")
    await page.until("document.querySelector('#headline').textContent === 'En ce moment : collisions électron–positron à 91,2 GeV'")
    await page.open(f"{guest.origin}/")
    await page.until("document.querySelector('#state .word').textContent === 'Calcule'")


async def test_the_server_sends_the_strict_headers_and_little(page: Page, guest: GuestWeb) -> None:
    await show(page, guest)
    answer = await asyncio.to_thread(headers_of, f"{guest.origin}/?lang=de")
    policy = answer["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer["x-content-type-options"] == "nosniff"
    assert answer["content-type"] == "text/html; charset=utf-8"
    assert sum(path.stat().st_size for path in guest.folder.rglob("*") if path.is_file()) < LARGEST
    assert await page.run("fetch('https://example.org/').then(() => 'let through', () => 'refused')") == "refused"
    assert [complaint for complaint in page.complaints if "example.org" in complaint], "the policy says so"
    page.complaints.clear()
    page.requests[:] = [url for url in page.requests if "example.org" not in url]


async def test_tracks_bend_as_physics_says(page: Page, guest: GuestWeb) -> None:
    await show(page, guest)
    # In 3.8 tesla a singly charged particle with 1.14 GeV across the beam runs on a circle of one metre.
    points = await page.run("import('/app/collision.js').then((module) => module.track(module.particle([211, 1, 1.14, 0, 0.57, 1.3])))")
    for x, y, _ in points:
        assert (x**2 + (y + 1) ** 2) ** 0.5 == pytest.approx(1, abs=1e-6), "to the right of its way, for it is positive"
    assert (points[-1][0] ** 2 + points[-1][1] ** 2) ** 0.5 == pytest.approx(1.1)
    assert points[-1][2] / 0.5 == pytest.approx(2 * 0.5823642378687435, rel=1e-6), "half as far along the beam as around the circle"
    straight = await page.run("import('/app/collision.js').then((module) => module.track(module.particle([22, 0, 3, 4, 0, 5])))")
    assert straight[-1] == pytest.approx([0.66, 0.88, 0])


async def test_jets_are_the_generators(page: Page, guest: GuestWeb) -> None:
    """Two narrow sprays back to back and soft ones in between: two jets, each with its own."""
    await show(page, guest)
    rows = [
        [211, 1, 20, 1, 3, 21],
        [211, 1, 22, -1, 4, 23],
        [22, 0, 5, 0.5, 1, 5.2],
        [211, -1, -30, 2, -9, 32],
        [22, 0, -9, -0.5, -2, 9.3],
        [211, 1, 0.1, 2, 0, 2.1],
    ]
    jets = f"module.jets({json.dumps(rows)}.map(module.particle)).map((jet) => [jet.members.sort(), Math.sqrt(jet.pt2)])"
    found = await page.run(f"import('/app/collision.js').then((module) => {jets})")
    assert [members for members, _ in found] == [[0, 1, 2], [3, 4]]
    assert found[0][1] == pytest.approx((47**2 + 0.5**2) ** 0.5)
