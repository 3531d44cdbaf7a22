"""The first run's words: complete, and true of what they are filled with."""

from __future__ import annotations

import pytest

from t4t.domain.offers import offers
from t4t.domain.project import Team
from t4t.domain.setting_up import SCREENS, Step
from t4t.domain.settings.presets import Computer
from t4t.domain.trial_load import Trying
from t4t.gui.components.stages import Stand
from t4t.wording import wizard as words

OFFERS = offers(Computer(cores=8, memory_bytes=16 << 30, disk_bytes=500 << 30), real_cores=4, processor="Intel(R) Core(TM) i5-10400")


@pytest.mark.parametrize("step", SCREENS)
def test_each_screen_has_a_headline_and_a_place(step: Step) -> None:
    assert words.title(step)
    assert words.spoken_place(step) == (f"Step {SCREENS.index(step) + 1} of 5" if step is not Step.FIRST_RESULT else "Setting up")


def test_offers_in_words() -> None:
    gentle, balanced, everything = OFFERS
    assert words.offer_lines(gentle) == ("1 of 8 processors", "only while you are away", "about 5 W")
    assert words.spoken_offer(balanced).startswith("Balanced (suggested here): 2 of 8 processors, half of that while you work")
    assert words.offer_whole(everything, price=0.25, currency="EUR").endswith("kWh a month (1.46 EUR).")
    assert words.offer_whole(everything).endswith("kWh a month.")
    assert "6 hours" in words.estimate()


def test_what_is_measured_while_trying() -> None:
    assert words.trying(Trying(left_s=1.2, busy_cores=1.94)) == "1 second left. Measured: 1.9 processors busy."


def test_what_is_sent_in_words() -> None:
    values = (("p_model", "x"), ("m_nbytes", float(8 << 30)), ("timezone", -12600), ("d_free", 0.0), ("host_cpid", "1"), ("p_features", "sse"))
    assert words.sent(values) == [("Processor", "x"), ("Memory", "8 GB"), ("Time zone", "-4 hours")]
    assert words.sent((("p_ncpus", 4), ("timezone", "odd"))) == [("Processors", "4"), ("Time zone", "odd")]


def test_people_and_teams() -> None:
    assert words.other_account("") == "Use BOINC’s account"
    assert words.other_account("Ada\nL") == "Use Ada L’s account from BOINC"
    assert words.team_found(Team(name="Class 10b")) == "You will join “Class 10b”."
    assert words.new_password(None) == "A new password, at least 6 characters"


def test_stages() -> None:
    assert words.stage_line("Download x", words.word(Stand.NOW.value), words.megabytes(62 << 20)) == "Download x, now, 62 MB"
    assert words.megabytes(100) == ""
