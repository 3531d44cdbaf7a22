"""The verbs: from parsed arguments to an exit status."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from t4t.cli import autostart, contribution, energy, moving, project_verbs, proxy, removal, self_check, settings_verbs, updating
from t4t.cli.services import DemoResult, MachineOptions, Services
from t4t.cli.terminal import TerminalView, number, plain
from t4t.domain.errors import AgentMissing, AgentRunning
from t4t.domain.progress import Outcome, TaskResult
from t4t.wording.language import gettext
from t4t.wording.numbers import decimal

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    from t4t.wording.language import Marked

DONE: Final = 0
TASK_FAILED: Final = 6
_LONGEST_PATH: Final = 4096
_ENDED: Final[dict[Outcome, Marked]] = {
    Outcome.DONE: "Task done, exit code {exit_code}",
    Outcome.FAILED: "Task failed, exit code {exit_code}",
    Outcome.SAVED: "Task saved, exit code {exit_code}",
}
INTERRUPTED: Final = 130
"""A shell's own status for Ctrl-C: the task was saved and is not done."""


def run(args: argparse.Namespace, services: Services) -> int:
    """Run the verb in ``args``; raises leaves of `T4TError`."""
    verbs: dict[str, Callable[[argparse.Namespace, Services], int]] = {
        "task": _task_run,
        "demo": _demo,
        "decode": _decode,
        "demo-project": _demo_project,
        "doctor": _doctor,
        "virtualbox": _virtualbox,
        "appliance": _appliance,
        "report": _report,
        "settings": lambda args, services: settings_verbs.run(args, services.of_settings()),
        "autostart": autostart.run,
        "contribution": contribution.run,
        "energy": energy.run,
        "self-check": self_check.run,
        "proxy-login": proxy.run,
        "move": moving.run,
        "remove-everything": removal.run,
        "app-update": updating.run,
    }
    return verbs.get(args.verb, _agent)(args, services)


def _demo_project(args: argparse.Namespace, services: Services) -> int:
    from t4t.cli import demo_project  # noqa: PLC0415 - the agent, which lives long, has no use for it

    return demo_project.serve(args, services)


def _report(args: argparse.Namespace, services: Services) -> int:
    from t4t.cli import report  # noqa: PLC0415 - the agent, which lives long, has no use for it

    return report.run(args, services)


def _doctor(args: argparse.Namespace, services: Services) -> int:
    from t4t.cli import changes, doctor  # noqa: PLC0415 - the agent, which lives long, has no use for it

    return doctor.examine(args, services) if args.fix is None else changes.fix(args, services)


def _virtualbox(args: argparse.Namespace, services: Services) -> int:
    from t4t.cli import changes, doctor  # noqa: PLC0415 - the agent, which lives long, has no use for it

    return doctor.virtualbox_health(args, services) if args.virtualbox_verb == "health" else changes.virtualbox(args, services)


def _agent(args: argparse.Namespace, services: Services) -> int:
    """Be the agent or its window, or ask the one that runs."""
    match args.verb:
        case None:
            return _desktop(services)
        case "run":
            opening = project_verbs.opening(args, services.of_projects)
            services.run_agent(_options(args), tasks=args.tasks, once=args.once, tray=args.tray, passphrase=opening)
            return DONE
        case "window":
            services.show_window(args.page)
            return DONE
        case "quit" if args.wait:
            if not services.end():
                raise AgentMissing(data_dir=str(services.data))
            return DONE
        case verb if verb in project_verbs.VERBS:
            return project_verbs.run(args, services.of_projects())
        case _:
            from t4t.cli import agent_verbs  # noqa: PLC0415 - the agent, which lives long, has no use for it

            return agent_verbs.run(args, services.data)


def _desktop(services: Services) -> int:
    """``t4t`` alone: the agent with its tray; a second one shows the window of the first."""
    try:
        services.run_agent(MachineOptions(hypervisor="auto", cores=None, cap_percent=None, memory_mib=None), tasks=None, once=False, tray=True)
    except AgentRunning:
        if not services.has_screen():
            raise
        services.show_window("home")
    return DONE


def _options(args: argparse.Namespace) -> MachineOptions:
    return MachineOptions(hypervisor=args.hypervisor, cores=args.cores, cap_percent=args.cap, memory_mib=args.memory, cmdline=getattr(args, "cmdline", ""))


def _status(result: TaskResult) -> int:
    return {Outcome.DONE: DONE, Outcome.FAILED: TASK_FAILED, Outcome.SAVED: INTERRUPTED}[result.outcome]


def _document(result: TaskResult) -> dict[str, Any]:
    return dataclasses.asdict(result) | {"outcome": result.outcome.value}


def _print_json(document: object) -> None:
    print(json.dumps(document, indent=2))


def _task_run(args: argparse.Namespace, services: Services) -> int:
    view = TerminalView()
    try:
        result = services.run_task(Path(args.folder), _options(args), view)
    finally:
        view.finish()
    if args.json:
        _print_json(_document(result))
    else:
        _print_result(result)
    return _status(result)


def _print_result(result: TaskResult) -> None:
    message = f": {result.message}" if result.message else ""
    code = f" ({result.error})" if result.error else ""
    first = gettext(_ENDED[result.outcome]).format(exit_code=result.exit_code)
    print(f"{first}{code}{message}")
    shape = gettext("{elapsed} s running, {cpu} s of processor time, {checkpoints} checkpoints, {restarts} restarts, {hypervisor}")
    facts = {"elapsed": decimal(result.elapsed_s, 1), "cpu": decimal(result.cpu_s, 1), "checkpoints": result.checkpoints, "restarts": result.restarts}
    print(f"  {shape.format(hypervisor=result.hypervisor, **facts)}")
    for output in result.outputs:
        print(f"  {plain(output, _LONGEST_PATH)}")


def _demo(args: argparse.Namespace, services: Services) -> int:
    once = args.once or args.json or args.runspec is not None or not services.has_screen()
    while True:
        view = TerminalView()
        try:
            demo = services.run_demo(_options(args), args.runspec, view)
        finally:
            view.finish()
        if args.json:
            _print_json(_demo_document(demo))
        else:
            _print_demo(demo)
        if once or demo.task.outcome is not Outcome.DONE:
            return TASK_FAILED if demo.credit is not None and not demo.credit.valid else _status(demo.task)


def _rate(demo: DemoResult) -> float:
    events = number(demo.job.get("events"))
    return events / demo.task.elapsed_s if events is not None and demo.task.elapsed_s > 0 else 0.0


def _events(demo: DemoResult) -> int | None:
    """What the guest's result says, as far as it is a number."""
    events = number(demo.job.get("events"))
    return None if events is None else round(events)


def _demo_document(demo: DemoResult) -> dict[str, Any]:
    return _document(demo.task) | {
        "runspec": demo.runspec,
        "events": _events(demo),
        "events_per_second": round(_rate(demo), 3),
        "folder": str(demo.folder),
        "result": str(demo.result) if demo.result else None,
        "picture": str(demo.picture) if demo.picture else None,
        "histograms": [histogram.path for histogram in demo.histograms],
        "credit": None if demo.credit is None else dataclasses.asdict(demo.credit),
    }


def _print_demo(demo: DemoResult) -> None:
    if demo.task.outcome is not Outcome.DONE:
        _print_result(demo.task)
        return
    task = demo.task
    print()
    events = gettext("{events} in {elapsed} s: {rate} events/s, start-up included")
    rows = [
        (gettext("runspec"), demo.runspec),
        (gettext("events"), events.format(events=_events(demo), elapsed=decimal(task.elapsed_s, 1), rate=decimal(_rate(demo), 1))),
        (gettext("machine"), gettext("{hypervisor}, {cpu} s of processor time").format(hypervisor=task.hypervisor, cpu=decimal(task.cpu_s, 1))),
        (gettext("checkpoints"), gettext("{checkpoints}, restarts {restarts}").format(checkpoints=task.checkpoints, restarts=task.restarts)),
        (gettext("histograms"), gettext("{count}, in the result as histograms.yoda:").format(count=len(demo.histograms))),
        *(("", f"  {histogram.title}") for histogram in demo.histograms),
        (gettext("result"), str(demo.result)),
        (gettext("picture"), str(demo.picture)),
    ]
    if demo.credit is not None:
        rows.append((gettext("project"), gettext("{project}, on this computer alone").format(project=plain(demo.credit.project))))
        valid = gettext("valid: {credit} credits").format(credit=decimal(demo.credit.granted, 1))
        verdict = valid if demo.credit.valid else gettext("refused: {why}").format(why=plain(demo.credit.why))
        rows.append((gettext("its verdict"), gettext("{verdict}; {total} in all").format(verdict=verdict, total=decimal(demo.credit.total, 1))))
    print(gettext("Real collisions, computed in a virtual machine on this computer:"))
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"  {name:{width}}  {value}")


def _appliance(args: argparse.Namespace, services: Services) -> int:
    match args.appliance_verb:
        case "list":
            _appliance_list(services, as_json=args.json)
        case "fetch":
            info = services.appliance_fetch(args.address, updating.Progress())
            _print_json(info) if args.json else _print_facts(info)
        case "path":
            folder = str(services.appliance_folder())
            _print_json({"path": folder}) if args.json else print(folder)
        case _ if args.name is None:
            info = services.appliance_info()
            _print_json(info) if args.json else _print_facts(info)
        case _:
            document = msgspec.to_builtins(services.appliance_descriptor(args.name))
            _print_json(document) if args.json else _print_description(document)
    return DONE


def _print_facts(info: Mapping[str, object]) -> None:
    for key, value in info.items():
        print(f"{key:14}{value if not isinstance(value, dict) else ', '.join(map(str, value))}")


def _appliance_list(services: Services, *, as_json: bool) -> None:
    found = services.appliance_descriptors()
    if as_json:
        _print_json({"appliances": [msgspec.to_builtins(descriptor) for descriptor in found]})
        return
    for one in found:
        print(f"{one.name:18}{one.image.format.value:9}{', '.join(one.hypervisors):18}{one.title}")


def _print_description(document: Mapping[str, Any]) -> None:
    """Every key, as it is written in the file."""
    for section, content in document.items():
        if not isinstance(content, dict):
            print(f"{section} = {_toml(content)}")
    for section, content in document.items():
        if isinstance(content, dict):
            print(f"\n[{section}]")
            for key, value in content.items():
                print(f"{key} = {_toml(value)}")


def _toml(value: object) -> str:
    """A value for people: TOML has no word for "not given"."""
    return gettext("(not given)") if value is None else json.dumps(value, ensure_ascii=False)


def _decode(args: argparse.Namespace, services: Services) -> int:
    """Done when the file could be read: what the server said is the result, also where it refused."""
    from t4t.cli.decoded import show_decoded  # noqa: PLC0415 - the agent, which lives long, has no use for it

    decoded = services.decode(Path(args.file))
    if args.json:
        _print_json(dataclasses.asdict(decoded))
    else:
        show_decoded(decoded)
    return DONE
