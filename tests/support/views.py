"""Any session that the local API can carry, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from t4t.domain.app_update import Step, UpdateView
from t4t.domain.energy import Day, Spent
from t4t.domain.errors import leaves
from t4t.domain.no_work import NoWork
from t4t.domain.policy import RULES, LessKind, Level
from t4t.domain.project_view import ProjectView
from t4t.domain.readings import Source, Watts
from t4t.domain.session import VERSION, Activity, NoticeView, PortView, RuleView, SessionView, TaskView, TrayState
from t4t.domain.vm import VmState

NOW = 1_795_000_000.0
_NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
_MOMENTS = st.floats(min_value=NOW - 1e6, max_value=NOW + 1e6) | _NUMBERS
_MAYBE = st.none() | _MOMENTS
_VALUES = st.none() | st.booleans() | st.integers() | _NUMBERS | st.text(max_size=20) | st.sampled_from(["1h", "30m", "forever"])

TASKS = st.builds(
    TaskView,
    key=st.text(max_size=8),
    name=st.text(max_size=200),
    path=st.text(max_size=20),
    activity=st.sampled_from(Activity),
    vm=st.sampled_from(VmState),
    fraction=_NUMBERS,
    elapsed_s=_NUMBERS,
    cpu_s=_NUMBERS,
    lost_s=_NUMBERS,
    cores=st.integers(0, 256),
    memory_mib=st.integers(0, 1 << 20),
    ports=st.just((PortView(name="web", host_port=8080),)),
    checkpoints=st.integers(0, 1000),
    restarts=st.integers(0, 1000),
    last_checkpoint=_MAYBE,
    save_s=_MAYBE,
    retry_at=_MAYBE,
    sentence=st.sampled_from(["task.running", "task.of_a_later_version"]),
    cap_percent=st.integers(1, 100),
    measured_percent=st.none() | _NUMBERS,
)
NOTICES = st.builds(
    NoticeView,
    code=st.sampled_from([leaf.code for leaf in leaves()]) | st.just("T4T-NEW-99"),
    data=st.dictionaries(st.sampled_from(["path", "detail", "needed_mib", "free_mib", "vm", "seconds"]), _VALUES, max_size=6),
    task=st.text(max_size=8),
    retry_at=_MAYBE,
)
PROJECTS = st.builds(
    ProjectView,
    url=st.just("https://example.org/"),
    name=st.text(min_size=1, max_size=100).filter(lambda name: any(one.isprintable() and not one.isspace() for one in name)),
    user=st.text(max_size=20),
    team=st.text(max_size=20),
    user_total=st.floats(0, 1e15),
    user_recent=st.floats(0, 1e15),
    host_total=st.floats(0, 1e15),
    held=st.integers(0, 100),
    fetching=st.integers(0, 100),
    sending=st.integers(0, 100),
    reporting=st.integers(0, 100),
    next_request=_MAYBE,
    no_work_since=_MAYBE,
    no_work=st.lists(st.sampled_from([*(reason.value for reason in NoWork), "a_reason_of_a_later_version"]), max_size=3).map(tuple),
    said=st.lists(st.text(max_size=200), max_size=2).map(tuple),
    trouble=st.just("") | st.sampled_from([leaf.code for leaf in leaves()]) | st.just("T4T-NEW-99"),
    ended=st.booleans(),
    moved_to=st.sampled_from(["", "https://elsewhere.example/"]),
    metered=st.booleans(),
    unread=st.integers(0, 10),
)
WATTS = st.builds(Watts, watts=_NUMBERS, source=st.sampled_from(Source))
DAYS = st.builds(
    Day,
    day=st.just("2026-11-23"),
    joules=st.dictionaries(st.sampled_from(["rapl", "estimate", "of_a_later_version"]), _NUMBERS, max_size=2),
    costs=st.dictionaries(st.text(max_size=20), _NUMBERS, max_size=2),
    received=st.integers(0, 1 << 50),
    sent=st.integers(0, 1 << 50),
)
SESSIONS = st.builds(
    SessionView,
    version=st.just(VERSION),
    serial=st.integers(1, 1 << 40),
    pid=st.integers(1, 1 << 22),
    state=st.sampled_from(TrayState),
    sentence=st.text(max_size=20),
    level=st.sampled_from(Level),
    deciding=st.sampled_from([*(rule.id for rule in RULES), "base", "a_rule_of_a_later_version"]),
    since=_MOMENTS,
    next_change=_MAYBE,
    finishing=st.booleans(),
    using_less=st.none() | st.sampled_from(LessKind),
    hypervisor=st.sampled_from(["", "qemu", "virtualbox"]),
    save_s=_NUMBERS,
    finished=st.integers(0, 1 << 20),
    tasks=st.lists(TASKS, max_size=3).map(tuple),
    notices=st.lists(NOTICES, max_size=3).map(tuple),
    projects=st.lists(PROJECTS, max_size=2).map(tuple),
    kept_awake=st.none() | st.booleans(),
    spent=st.none() | st.builds(Spent, day=DAYS, month=DAYS, power=st.none() | WATTS),
    update=st.none() | st.builds(UpdateView, installed=st.text(max_size=20), newest=st.text(max_size=20), step=st.sampled_from(Step)),
)
RULE_VIEWS = st.builds(
    RuleView,
    id=st.sampled_from([*(rule.id for rule in RULES), "a_rule_of_a_later_version"]),
    value=_VALUES,
    limit=_VALUES,
    holds=st.booleans(),
)
