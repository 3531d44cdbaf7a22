"""Verbs that ask the agent of the data folder, through the local API."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

import msgspec

from t4t.api.client import Client
from t4t.cli.project_verbs import show_project
from t4t.cli.terminal import plain, show_notice
from t4t.domain.errors import from_wire
from t4t.domain.policy import AnywayKind, LessKind, PauseKind
from t4t.domain.session import SessionView, TaskView
from t4t.wording import costs
from t4t.wording.notices import notice
from t4t.wording.projects import in_short
from t4t.wording.projects import why as why_no_work
from t4t.wording.screen import Reader, explained, moment, rules, said, task
from t4t.wording.timeline import sentence

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

VERBS: Final = frozenset({"status", "why", "pause", "prolong", "resume", "run-anyway", "use-less", "finish", "checkpoint", "tasks", "timeline", "quit"})
DONE: Final = 0
OFF: Final = "off"


def run(args: argparse.Namespace, data_dir: Path) -> int:
    """Run the verb in ``args``; raises `AgentMissing`, `AgentNotUnderstood`, or what the agent refused with."""
    params: dict[str, Any] = {}
    if args.verb == "pause":
        params["kind"] = PauseKind(args.kind).value
    if args.verb == "run-anyway":
        params["kind"] = None if args.kind == OFF else AnywayKind(args.kind).value
    if args.verb == "use-less":
        params["kind"] = None if args.kind == OFF else LessKind(args.kind).value
    if args.verb == "timeline":
        params["limit"] = args.limit
    with Client(data_dir) as client:
        if args.verb == "why" and not args.json:
            _print_why(client)
            return DONE
        answer = client.call(args.verb.replace("-", "_"), **params)
    if args.json:
        print(json.dumps(answer, indent=2))
    elif args.verb == "tasks":
        _print_tasks(tuple(msgspec.convert(task, TaskView) for task in answer))
    elif args.verb == "timeline":
        _print_timeline(answer)
    else:
        _print_status(msgspec.convert(answer, SessionView))
    return DONE


def _reader() -> Reader:
    return Reader(time.time())


def _print_status(view: SessionView) -> None:
    now = said(view, _reader())
    print("\n  ".join(part for part in (f"{now.sentence}.", now.detail) if part))
    _print_tasks(view.tasks)
    _print_costs(view)
    for project in view.projects:
        show_project(project, time.time())
    if view.finished:
        print(f"  finished so far: {view.finished}")
    for told in view.notices:
        show_notice(notice(from_wire({"code": told.code, "data": told.data})))


def _print_costs(view: SessionView) -> None:
    awake = costs.kept_awake(view)
    spent = costs.in_short(view.spent) if view.spent is not None and view.spent.month.joules else ""
    for line in filter(None, (awake, spent)):
        print(f"  {line}")


def _print_tasks(tasks: tuple[TaskView, ...]) -> None:
    for one in tasks:
        text = task(one, _reader())
        print(f"  {text.name}: {text.doing}, {text.progress}, {one.cores} cores, {one.memory_mib} MiB")
        for port in one.ports:
            print(f"    http://127.0.0.1:{port.host_port}/  ({plain(port.name, 20)})")


def _print_why(client: Client) -> None:
    why = client.why()
    print(explained(why, _reader()))
    for rule in rules(why.rules):
        print(f"  {'holds' if rule.holds else 'no   '}  {rule.title}{f': {rule.value}' if rule.value else ''}")
    now = time.time()
    view = msgspec.convert(client.call("status"), SessionView)
    if awake := costs.kept_awake(view):
        print(awake)
    for project in view.projects:
        print(plain(in_short(project, now)))
        for line in why_no_work(project, now):
            print(f"  {plain(line)}")
    if not view.projects and not view.tasks:
        print("This computer works for no project yet: t4t attach URL.")


def _print_timeline(lines: list[dict[str, Any]]) -> None:
    for line in lines:
        text = sentence(line["what"], line["detail"], line["lost_s"])
        if text:
            print(f"  {moment(line['at'], _reader())}  {plain(line['task'], 40)}{': ' if line['task'] else ''}{text}")
