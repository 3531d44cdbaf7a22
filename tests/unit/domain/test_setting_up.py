"""How far the first run is: its order, what may be written down."""

from __future__ import annotations

import pytest

from t4t.domain.setting_up import SCREENS, Setup, Step, after, before, kept


def test_the_screens_follow_each_other_to_the_end() -> None:
    assert [after(step) for step in Step] == [*SCREENS[1:], Step.DONE, Step.DONE]
    assert [before(step) for step in SCREENS[:-1]] == [Step.WELCOME, *SCREENS[:-2]]
    assert Setup(step=Step.DONE).done
    assert not Setup().done


@pytest.mark.parametrize("step", [Step.FIRST_RESULT, Step.DONE])
def test_what_was_agreed_to_has_no_way_back(step: Step) -> None:
    assert before(step) is step


def test_an_account_is_chosen_again_by_who_comes_back() -> None:
    assert kept(Setup(step=Step.PRIVACY, finished=2)) == Setup(step=Step.ACCOUNT, finished=2)
    for setup in (Setup(step=Step.PRIVACY, demo=True), Setup(step=Step.FIRST_RESULT), Setup(step=Step.COMPUTER)):
        assert kept(setup) == setup
