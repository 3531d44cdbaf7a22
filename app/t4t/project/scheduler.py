"""One exchange with a project's scheduler: find it, ask it, understand it, and remember what must be remembered before anything else happens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from t4t.domain import project_state as states
from t4t.domain.project import Refusal, SchedulerReply
from t4t.domain.project_errors import (
    KeyRefused,
    NoScheduler,
    ProjectDown,
    ProjectError,
    RequestUnreadable,
    SigningKeyChanged,
    SigningKeyUnreadable,
    TooEarly,
)
from t4t.domain.record import record
from t4t.project.outward import is_outward, outward
from t4t.project.replies import master_page
from t4t.project.request import write_request
from t4t.project.scheduler_reply import read_scheduler_reply
from t4t.project.signing import SigningKey, accepted_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from t4t.domain.errors import T4TError
    from t4t.domain.project_state import ProjectState, Reason
    from t4t.domain.scheduler_request import SchedulerRequest
    from t4t.transfer.http import Http


@record(kw_only=True)
class Exchange:
    """What came of it. With ``error`` there may be a reply too, whose messages and delay hold; its work then does not.

    ``acknowledged`` are the tasks that may be forgotten now; ``trickles_stored``: so may all trickles of the request.
    """

    state: ProjectState
    reply: SchedulerReply | None = None
    error: T4TError | None = None
    acknowledged: tuple[str, ...] = ()
    trickles_stored: bool = False


class Scheduler:
    """Contacts of one project, one at a time."""

    def __init__(
        self, http: Http, *, save: Callable[[ProjectState], None], now: Callable[[], float], chance: Callable[[], float], new_cpid: Callable[[], str]
    ) -> None:
        """``save`` writes the state down before a request leaves; ``now`` is Unix time; ``chance`` is uniform from 0 to 1."""
        self._http = http
        self._save = save
        self._now = now
        self._chance = chance
        self._new_cpid = new_cpid

    async def exchange(self, state: ProjectState, make: Callable[[ProjectState], SchedulerRequest], reason: Reason) -> Exchange:
        """Contact the scheduler; ``make`` gets the state whose numbers the request must carry. Failures are in the result, never raised.

        A contact that only we want and that comes too early is refused here, whoever calls.
        """
        state = states.after_clock(state, self._now())
        early = states.allowed_at(state) - self._now()
        if early > 0 and reason is not states.Reason.USER:
            return Exchange(state=state, error=TooEarly(project=state.project_name or state.master_url, seconds=early))
        if states.page_wanted(state, self._now()):
            state, error = await self._read_page(state)
            if error is not None:
                return Exchange(state=state, error=error)
        if not state.scheduler_urls:
            return Exchange(state=state, error=NoScheduler(address=state.master_url))
        state = states.about_to_ask(state, self._now())
        self._save(state)
        request = make(state)
        try:
            reply = outward(await self._ask(state.scheduler_urls, write_request(request)), master_url=state.master_url)
        except ProjectError as error:
            state = states.after_failure(state, self._now(), self._chance())
            self._save(state)
            return Exchange(state=state, error=error)
        return self._understood(state, request, reply, reason)

    async def _read_page(self, state: ProjectState) -> tuple[ProjectState, ProjectError | None]:
        """The scheduler's addresses from the project's page; those that may not be used are left out."""
        try:
            page = master_page((await self._http.get(state.master_url)).body)
            urls = tuple(url for url in page.scheduler_urls if is_outward(url, master_url=state.master_url))
            error: ProjectError | None = None if urls else NoScheduler(address=state.master_url)
        except ProjectError as failure:
            urls, error = (), failure
        state = states.after_page(state, urls, self._now(), self._chance())
        self._save(state)
        return state, None if state.scheduler_urls else error

    async def _ask(self, urls: Sequence[str], body: bytes) -> SchedulerReply:
        """The first scheduler that answers, beginning with any of them; raises the last failure."""
        first = min(int(self._chance() * len(urls)), len(urls) - 1)
        for url in (*urls[first:], *urls[:first])[:-1]:
            try:
                return read_scheduler_reply((await self._http.post(url, body)).body)
            except ProjectError:
                continue  # another one may know better; the last one's failure is told
        return read_scheduler_reply((await self._http.post(urls[first - 1], body)).body)

    def _understood(self, state: ProjectState, request: SchedulerRequest, reply: SchedulerReply, reason: Reason) -> Exchange:
        error = _refused(state, reply)
        new_state = states.after_reply(
            state, reply, self._now(), asked=reason, wanted_work=request.work.seconds > 0, chance=self._chance(), new_cpid=self._new_cpid()
        )
        if error is None:
            try:
                known = SigningKey(state.code_sign_key) if state.code_sign_key else None
                key = accepted_key(known, reply.code_sign_key, reply.code_sign_key_signature, project=new_state.project_name)
                new_state = replace(new_state, code_sign_key=key.text if key else "")
            except (SigningKeyChanged, SigningKeyUnreadable) as changed:
                error = changed
        self._save(new_state)
        heard = reply.refusal is None
        reported = {task.name for task in request.finished}
        return Exchange(
            state=new_state,
            reply=reply,
            error=error,
            acknowledged=tuple(name for name in reply.result_acks if name in reported) if heard else (),
            trickles_stored=heard and reply.message_ack,
        )


def _refused(state: ProjectState, reply: SchedulerReply) -> T4TError | None:
    said = " ".join(message.text for message in reply.messages)
    project = reply.project_name or state.project_name or state.master_url
    if any("changed its security key" in message.text for message in reply.messages):
        return SigningKeyChanged(project=project)
    errors = {
        None: None,
        Refusal.KEY: KeyRefused(project=project),
        Refusal.DOWN: ProjectDown(project=project, message=said),
        Refusal.REQUEST: RequestUnreadable(project=project, message=said),
    }
    return errors[reply.refusal]
