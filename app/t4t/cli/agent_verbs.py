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
from t4t.domain.policy import PauseKind
from t4t.domain.session import SessionView, TaskView
from t4t.wording.notices import notice
from t4t.wording.session import RULES, TASK, status_sentence, when, why_sentence

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

VERBS: Final = frozenset({"status", "why", "pause", "resume", "finish", "checkpoint", "tasks", "timeline", "quit"})
DONE: Final = 0


def run(args: argparse.Namespace, data_dir: Path) -> int:
    """Run the verb in ``args``; raises `AgentMissing`, `AgentNotUnderstood`, or what the agent refused with."""
    params: dict[str, Any] = {}
    if args.verb == "pause":
        params["kind"] = PauseKind(args.kind).value
    if args.verb == "timeline":
        params["limit"] = args.limit
    with Client(data_dir) as client:
        if args.verb == "why" and not args.json:
            _print_why(client)
            return DONE
        answer = client.call(args.verb, **params)
    if args.json:
        print(json.dumps(answer, indent=2))
    elif args.verb == "tasks":
        _print_tasks(tuple(msgspec.convert(task, TaskView) for task in answer))
    elif args.verb == "timeline":
        _print_timeline(answer)
    else:
        _print_status(msgspec.convert(answer, SessionView))
    return DONE


def _print_status(view: SessionView) -> None:
    print(status_sentence(view, now=time.time()))
    if view.finishing:
        print("  No new work is begun; when all is done, it pauses.")
    _print_tasks(view.tasks)
    for project in view.projects:
        show_project(project, time.time())
    if view.finished:
        print(f"  finished so far: {view.finished}")
    for told in view.notices:
        show_notice(notice(from_wire({"code": told.code, "data": told.data})))


def _print_tasks(tasks: tuple[TaskView, ...]) -> None:
    for task in tasks:
        print(f"  {plain(task.name, 60)}: {TASK[task.sentence]}, {task.fraction:.1%}, {task.elapsed_s:.0f} s, {task.cores} cores, {task.memory_mib} MiB")
        for port in task.ports:
            print(f"    http://127.0.0.1:{port.host_port}/  ({plain(port.name, 20)})")


def _print_why(client: Client) -> None:
    why = client.why()
    print(why_sentence(why, now=time.time()))
    for rule in why.rules:
        limit = "" if rule.limit is None else f" (limit {rule.limit})"
        print(f"  {'holds' if rule.holds else 'no   '}  {rule.id}: {RULES[rule.id]}{'' if rule.value is None else f': {rule.value}{limit}'}")


def _print_timeline(lines: list[dict[str, Any]]) -> None:
    for line in lines:
        lost = f", {line['lost_s'] / 60:.0f} min of work lost" if line["lost_s"] else ""
        print(f"  {when(line['at'], time.time())}  {plain(line['task'], 40)}  {line['what']} {plain(line['detail'])}{lost}")
