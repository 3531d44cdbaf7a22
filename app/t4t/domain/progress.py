"""What a running task tells those who look on: frozen events, no sentences."""

from __future__ import annotations

import enum
from dataclasses import field
from typing import TYPE_CHECKING, TypeAlias

from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from t4t.domain.errors import T4TError


class Happened(enum.Enum):
    """Moments of a task's life."""

    CREATED = "created"
    STARTED = "started"
    RESTORED = "restored"
    ADOPTED = "adopted"
    """It was found running: an earlier run of ours had started it."""
    CHECKPOINT = "checkpoint"
    CHECKPOINT_SKIPPED = "checkpoint_skipped"
    SAVED = "saved"
    PAUSED = "paused"
    RESUMED = "resumed"
    ADJUSTED = "adjusted"
    """It may use more or less of a processor from now on."""
    RELINKED = "relinked"
    """Its network was taken away and given back."""
    RESTING = "resting"
    RECOVERED = "recovered"
    """Back to the last checkpoint, or booted anew."""
    STATE_DISCARDED = "state_discarded"
    COMPLETED = "completed"
    FAILED = "failed"
    IGNORED = "ignored"
    """An element of ``vbox_job.xml`` that has no effect here."""


@record(kw_only=True)
class Moment:
    """Something happened; ``detail`` is data (a path, a code, a name)."""

    what: Happened
    detail: str = ""
    lost_s: float = 0.0
    """Running time whose work is gone."""


@record(kw_only=True)
class Failure:
    """A task of the agent's that ended without success, by its folder's name; ``error`` if it was refused before it ran, ``message`` is the guest's."""

    task: str
    code: str
    message: str = ""
    error: T4TError | None = None


@record(kw_only=True)
class Progress:
    """Where the task is. ``job`` is the guest's own ``job/index.json`` (untrusted), if its page answered."""

    fraction: float
    elapsed_s: float
    cpu_s: float
    web_port: int | None = None
    job: Mapping[str, object] = field(default_factory=dict)


@record(kw_only=True)
class Trickle:
    """The guest wrote a trickle-up message."""

    name: str
    data: bytes


@record(kw_only=True)
class IntermediateUpload:
    """The guest offers a file for upload before its end."""

    path: str


TaskEvent: TypeAlias = Moment | Progress | Trickle | IntermediateUpload


class Outcome(enum.Enum):
    """How a run of a task ended."""

    DONE = "done"
    FAILED = "failed"
    SAVED = "saved"


@record(kw_only=True)
class TaskResult:
    """The document that ``t4t task run`` prints: times in seconds over all starts, paths of output files."""

    outcome: Outcome
    exit_code: int
    elapsed_s: float
    cpu_s: float
    hypervisor: str
    checkpoints: int
    restarts: int
    outputs: tuple[str, ...]
    message: str = ""
    error: str = ""
    """The stable code of the error that ended it."""
