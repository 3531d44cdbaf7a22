"""The command line's grammar: a stable surface that scripts rely on."""

from __future__ import annotations

import argparse
from typing import Final

from t4t import __version__
from t4t.cli import autostart, boards, community, contribution, energy, moving, proxy, removal, self_check, settings_verbs, updating
from t4t.cli.grammar import Parser
from t4t.domain.policy import AnywayKind, LessKind, PauseKind
from t4t.domain.project_view import Keep
from t4t.wording.language import gettext

HYPERVISORS: Final = ("auto", "virtualbox", "qemu", "fake")
PAGES: Final = ("home", "why", "science", "contribution", "community", "news", "computer", "help", "settings", "setup")
_MAX_CORES: Final = 64
_MAX_DAYS: Final = 1100
_MAX_TASKS: Final = 64
_MIN_MEMORY_MIB: Final = 128
_MAX_MEMORY_MIB: Final = 1024 * 1024


def _between(low: int, high: int) -> type[int]:
    """A converter for whole numbers in a range, shaped as argparse wants it."""

    def convert(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(gettext("{number} is not between {low} and {high}").format(number=number, low=low, high=high))
        return number

    convert.__name__ = gettext("whole number")
    return convert  # type: ignore[return-value]


def _add_machine_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hypervisor", choices=HYPERVISORS, default="auto", help=gettext("what runs the virtual machine (default: the best that is here)"))
    parser.add_argument(
        "--cores",
        type=_between(1, _MAX_CORES),
        metavar="N",
        help=gettext("processors for the virtual machine (default of run: as t4t settings says; else all but one, at most 4)"),
    )
    parser.add_argument(
        "--cap", type=_between(1, 100), metavar="PERCENT", help=gettext("limit for each processor (default of run: as t4t settings says; else 100)")
    )
    parser.add_argument("--memory", type=_between(_MIN_MEMORY_MIB, _MAX_MEMORY_MIB), metavar="MIB", help=gettext("memory for the virtual machine"))


def _add_report(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    report = verbs.add_parser(
        "report", help=gettext("one text for whoever helps you: versions, state, history, logs, without names, keys and addresses; sends nothing")
    )
    place = report.add_mutually_exclusive_group()
    place.add_argument("--output", metavar="PATH", help=gettext("a new file, or the folder for it (default: here, named after the time)"))
    place.add_argument("--print", dest="show", action="store_true", help=gettext("show it instead of writing it"))


def _add_project_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    attach = verbs.add_parser("attach", help=gettext("work for a project; passwords and keys are asked for, or read from standard input, one a line"))
    attach.add_argument("url", metavar="URL", help=gettext("the project's address, such as https://lhcathome.cern.ch/lhcathome/"))
    attach.add_argument("--create", action="store_true", help=gettext("make a new account"))
    attach.add_argument("--email", metavar="ADDRESS", help=gettext("the account's e-mail address"))
    attach.add_argument("--name", metavar="NAME", help=gettext("the new account's name, which everybody sees"))
    attach.add_argument("--invite", metavar="CODE", default="", help=gettext("an invitation code, where the project wants one"))
    attach.add_argument("--team", metavar="NAME", default="", help=gettext("a team to join, by its name or number"))
    attach.add_argument("--accept-terms", action="store_true", help=gettext("accept the project's terms of use unseen"))
    attach.add_argument("--from-boinc", action="store_true", help=gettext("take the account of the BOINC client on this computer"))
    secret = attach.add_mutually_exclusive_group()
    secret.add_argument("--password-stdin", action="store_true", help=gettext("read the password from standard input"))
    secret.add_argument("--key-stdin", action="store_true", help=gettext("read an account key (or a weak one) from standard input"))
    attach.add_argument("--keep", choices=[keep.value for keep in Keep], help=gettext("where to keep the key: the system's keyring, for this run, or a file"))
    attach.add_argument("--passphrase-stdin", action="store_true", help=gettext("read what encrypts the file with the keys from standard input"))
    detach = verbs.add_parser("detach", help=gettext("leave a project: give back what is not done, report what is, forget the account here"))
    detach.add_argument("project", nargs="?", default="", metavar="PROJECT", help=gettext("its address or name (default: the only one)"))
    detach.add_argument("--force", action="store_true", help=gettext("also if work is lost by it"))
    detach.add_argument("--passphrase-stdin", action="store_true", help=gettext("read what opens the file with the keys from standard input, if that must be"))
    verbs.add_parser("projects", help=gettext("the projects: credit, team, what they say"))
    stats = verbs.add_parser("stats", help=gettext("the credit that the projects gave: now, and day by day as this computer has seen it"))
    stats.add_argument(
        "--days", type=_between(1, _MAX_DAYS), default=14, metavar="N", help=gettext("so many of the last days on which something was said (default: 14)")
    )
    stats.add_argument("--team", action="store_true", help=gettext("ask the projects for the credit of your teams, too"))
    community.add(stats)
    update = verbs.add_parser("update", help=gettext("ask a project now, and report what is done"))
    update.add_argument("project", nargs="?", default="", metavar="PROJECT", help=gettext("its address or name (default: the only one)"))
    update.add_argument("--passphrase-stdin", action="store_true", help=gettext("read what opens the file with the keys from standard input, if that must be"))
    unlock = verbs.add_parser("unlock", help=gettext("open the file with the account keys for the program that runs"))
    unlock.add_argument("--passphrase-stdin", action="store_true", help=gettext("read the passphrase from standard input"))


def _add_consent(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help=gettext("do it without a question"))
    parser.add_argument("--show", action="store_true", help=gettext("only show what would be done, with its exact commands"))


def _add_checks(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """This computer: looked at, mended."""
    doctor = verbs.add_parser("doctor", help=gettext("is this computer ready, and what to do if it is not"))
    doctor.add_argument("--offline", action="store_true", help=gettext("don't try to reach the project's servers"))
    doctor.add_argument("--boot", action="store_true", help=gettext("really start a tiny virtual machine, out of sight, and remove it again (a few seconds)"))
    doctor.add_argument("--details", action="store_true", help=gettext("explain each line, and say where its answer is from"))
    doctor.add_argument(
        "--qr", action="store_true", help=gettext("show the first thing to do as a QR code, to read it on a phone while this computer restarts")
    )

    doctor.add_argument("--watch", action="store_true", help=gettext("look again whenever something changes, until this computer is ready"))
    doctor.add_argument(
        "--fix", metavar="ID", help=gettext("carry out a remedy (ids are in --json), or say how it is done; the exact commands are shown first")
    )
    _add_consent(doctor)

    virtualbox = verbs.add_parser("virtualbox", help=gettext("VirtualBox on this computer")).add_subparsers(
        dest="virtualbox_verb", required=True, metavar="VERB"
    )
    virtualbox.add_parser("health", help=gettext("how far up its ladder it gets: found, version, driver, service, list of machines"))

    _add_consent(virtualbox.add_parser("install", help=gettext("download, verify and install it; what is there and good enough stays")))
    _add_consent(virtualbox.add_parser("repair", help=gettext("install the same version over the one that is there; machines stay")))


def parser() -> argparse.ArgumentParser:
    """The whole grammar."""
    top: argparse.ArgumentParser = Parser(prog="t4t", description=gettext("Test4Theory Desktop: spare computing time for LHC physics."))
    top.add_argument("--version", action="version", version=f"t4t {__version__}")
    top.add_argument("--data-dir", metavar="DIR", help=gettext("where settings, virtual machines and logs lie (or T4T_DATA_DIR)"))
    top.add_argument("--json", action="store_true", help=gettext("print one JSON document on standard output"))
    verbs = top.add_subparsers(dest="verb", metavar="VERB", help=gettext("without one: run in the background, with an icon in the tray"))

    task = verbs.add_parser("task", help=gettext("BOINC VirtualBox tasks")).add_subparsers(dest="task_verb", required=True, metavar="VERB")
    run = task.add_parser("run", help=gettext("run a task folder to its end; Ctrl-C saves, the same command goes on"))
    run.add_argument("folder", metavar="DIR", help=gettext("a folder with vbox_job.xml (or appliance.toml), the image and its inputs"))
    run.add_argument("--cmdline", default="", metavar="TEXT", help=gettext("the task's command line, for jobs that copy it to the shared folder"))
    _add_machine_options(run)

    demo = verbs.add_parser("demo", help=gettext("compute real collisions with the reference appliance"))
    demo.add_argument("--once", action="store_true", help=gettext("end after one finished task (also the default where there is no screen)"))
    demo.add_argument(
        "--runspec", metavar="LINE", help=gettext('another job, as "boinc BEAM PROCESS ENERGY PARAMS SPECIFIC GENERATOR VERSION TUNE EVENTS SEED"')
    )
    _add_machine_options(demo)

    verbs.add_parser("demo-project", help=gettext("be a BOINC project on this computer alone, to try the program with; Ctrl-C ends it"))

    appliance = verbs.add_parser("appliance", help=gettext("the appliances that are known")).add_subparsers(
        dest="appliance_verb", required=True, metavar="VERB"
    )
    appliance.add_parser("list", help=gettext("all of them"))
    appliance.add_parser("path", help=gettext("where the reference appliance lies"))
    appliance.add_parser("info", help=gettext("what one is")).add_argument(
        "name", nargs="?", metavar="NAME", help=gettext("its description (default: what the reference appliance's manifest says)")
    )
    appliance.add_parser("fetch", help=gettext("bring the reference appliance here, verified; what came stays for the next try")).add_argument(
        "--from", dest="address", default="", metavar="PLACE", help=gettext(updating.FROM)
    )

    agent = verbs.add_parser("run", help=gettext("run the tasks of the data folder until it is stopped; Ctrl-C saves and ends"))
    agent.add_argument("--once", action="store_true", help=gettext("end after one finished task"))
    agent.add_argument("--tray", action="store_true", help=gettext("show an icon in the tray, as t4t without a verb does"))
    agent.add_argument("--passphrase-stdin", action="store_true", help=gettext("read what opens the file with the account keys from standard input"))
    agent.add_argument("--tasks", type=_between(1, _MAX_TASKS), metavar="N", help=gettext("tasks side by side (default: as t4t settings says)"))
    _add_machine_options(agent)

    window = verbs.add_parser("window", help=gettext("show the window; starts the program if it does not run"))
    window.add_argument(
        "page", nargs="?", choices=PAGES, default=PAGES[0], metavar="PAGE", help=gettext("what to show: {pages}").format(pages=", ".join(PAGES))
    )

    for verb, does in (("status", gettext("what it does now")), ("why", gettext("why it does that, rule by rule"))):
        verbs.add_parser(verb, help=does)
    pause = verbs.add_parser("pause", help=gettext("stand still; the tasks stay"))
    pause.add_argument(
        "kind", nargs="?", choices=[kind.value for kind in PauseKind], default=PauseKind.FOREVER.value, help=gettext("for how long (default: forever)")
    )
    for verb, does in (("resume", gettext("go on")), ("prolong", gettext("half an hour more of the pause"))):
        verbs.add_parser(verb, help=does)
    anyway = verbs.add_parser("run-anyway", help=gettext("run whatever your rules say, for a while; a full disk, heat and an empty battery still count"))
    anyway.add_argument(
        "kind", nargs="?", choices=[*(kind.value for kind in AnywayKind), "off"], default=AnywayKind.HOUR.value, help=gettext("how long (default: 1h)")
    )
    less = verbs.add_parser("use-less", help=gettext("use less of this computer for now: reduced power for an hour, or one processor until you say off"))
    less.add_argument(
        "kind", nargs="?", choices=[*(kind.value for kind in LessKind), "off"], default=LessKind.GENTLE.value, help=gettext("how much (default: gentle)")
    )
    verbs.add_parser("finish", help=gettext("finish the work at hand, then pause"))
    verbs.add_parser("checkpoint", help=gettext("write a checkpoint of everything that runs"))
    verbs.add_parser("tasks", help=gettext("the tasks at hand"))
    history = verbs.add_parser("timeline", help=gettext("what happened"))
    history.add_argument("--limit", type=_between(1, 1000), default=40, metavar="N", help=gettext("how many lines (default: 40)"))
    ending = verbs.add_parser("quit", help=gettext("save everything and end the program"))
    ending.add_argument("--wait", action="store_true", help=gettext("come back only when everything is saved and the program has ended"))

    _add_report(verbs)
    _add_project_verbs(verbs)

    decode = verbs.add_parser("decode", help=gettext("a recorded reply of a project's server as the client understands it"))
    decode.add_argument("file", metavar="FILE", help=gettext("the reply's bytes, with or without the HTTP head"))

    _add_checks(verbs)
    for others in (settings_verbs, proxy, autostart, contribution, energy, boards, moving, removal, self_check, updating):
        others.add(verbs)

    return top
