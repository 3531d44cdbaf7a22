"""How far the first run's wizard is: what is durable of it. Passwords and keys are no part of it."""

from __future__ import annotations

import enum
from typing import Final

import msgspec


class Step(enum.Enum):
    """The wizard's screens in their order, and the end."""

    WELCOME = "welcome"
    COMPUTER = "computer"
    RESOURCES = "resources"
    ACCOUNT = "account"
    PRIVACY = "privacy"
    FIRST_RESULT = "first-result"
    DONE = "done"


SCREENS: Final = tuple(step for step in Step if step is not Step.DONE)
COUNTED: Final = SCREENS[:-1]
"""What is counted as steps; after them somebody only looks on."""


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody is. ``demo``: whether the way without an account was chosen; ``finished``: tasks that were done before work was asked for."""

    step: Step = Step.WELCOME
    demo: bool = False
    finished: int = 0

    @property
    def done(self) -> bool:
        """Whether there is nothing to be gone on with."""
        return self.step is Step.DONE


def before(step: Step) -> Step:
    """The screen before; the first one's is itself. What was agreed to has no way back."""
    if step in {Step.FIRST_RESULT, Step.DONE}:
        return step
    return SCREENS[max(0, SCREENS.index(step) - 1)]


def after(step: Step) -> Step:
    """The next one; the end's is itself."""
    steps = tuple(Step)
    return steps[min(len(steps) - 1, steps.index(step) + 1)]


def kept(setup: Setup) -> Setup:
    """What may be written down: an account that was chosen is known only to the process, so who comes back chooses it again."""
    if setup.step is Step.PRIVACY and not setup.demo:
        return msgspec.structs.replace(setup, step=Step.ACCOUNT)
    return setup
