"""Errors as notices for people: one table, chosen by the error's stable code."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from t4t.domain.record import record
from t4t.domain.settings.fields import FIELDS
from t4t.domain.settings_errors import SettingRefused
from t4t.wording import install_notices, move_notices, project_notices, removal_notices, settings_notices, update_notices
from t4t.wording.in_window import for_window
from t4t.wording.language import Marked, gettext
from t4t.wording.settings import allowed
from t4t.wording.text import Text

if TYPE_CHECKING:
    from t4t.domain.errors import T4TError


@record
class Notice:
    """What a person reads: a title, one or two sentences, and what can be done."""

    code: str
    title: str
    body: str
    remedies: tuple[str, ...]


_QEMU: Final[Marked] = "Install QEMU. Debian, Ubuntu: sudo apt-get install qemu-system-x86 qemu-utils. Fedora: sudo dnf install qemu-system-x86 qemu-img."
_DOCTOR: Final[Marked] = "Run t4t doctor: it says what is wrong with this computer, and what to do."
_ANOTHER_COPY: Final[Marked] = "Get the task's files again; the copy in this folder can't be used."
_AGAIN: Final[Marked] = "Run the same command again; it goes on where it stopped."
_REPORT: Final[Marked] = "If it comes back, report it with this code and the log of the VM host in the data folder."

TEXTS: Final[dict[str, Text]] = {
    "T4T-USE-01": Text("No such folder", "There is no folder {path}.", ("Check the path.",)),
    "T4T-USE-02": Text(
        "This runspec can't be used",
        "“{runspec}” is not a runspec: {reason}.",
        ("Give it as: boinc BEAM PROCESS ENERGY PARAMS SPECIFIC GENERATOR VERSION TUNE EVENTS SEED.",),
    ),
    "T4T-USE-03": Text("There is a file already", "{path} is there, and it is not overwritten.", ("Choose another name or folder with --output.",)),
    "T4T-DISK-01": Text(
        "Not enough disk space",
        "{needed_mib} MiB are needed in {path}, and {free_mib} MiB are free.",
        ("Free some space there, or choose another place with --data-dir.",),
    ),
    "T4T-DISK-02": Text("A folder can't be written", "{path}: {reason}.", ("Check who owns the folder and that the disk is not read-only.",)),
    "T4T-DISK-03": Text(
        "The report can't be written",
        "{path}: {reason}. Nothing was left there.",
        ("Choose another place with --output.", "Have it shown instead: t4t report --print."),
    ),
    "T4T-MEM-01": Text(
        "Not enough memory",
        "The virtual machine needs {needed_mib} MiB of memory, and {free_mib} MiB are free.",
        ("Close some programs, or give the machine less with --memory.",),
    ),
    "T4T-RUN-01": Text("Already at work", "Another t4t process (number {pid}) is at work in {path}.", ("Wait for it, or end it first.",)),
    "T4T-RUN-02": Text(
        "Begun elsewhere",
        "The task in {path} was begun with the data folder {data_dir}, which still has its virtual machine.",
        ("Run it with --data-dir and that folder.",),
    ),
    "T4T-RUN-03": Text("Test4Theory does not run", "Nothing answers for {data_dir}; this command needs the program to run.", ("Start it: t4t run.",)),
    "T4T-RUN-04": Text(
        "Test4Theory runs already",
        "Another t4t (process {pid}) works with {data_dir}.",
        ("Ask it: t4t status. To work beside it, choose another data folder with --data-dir.",),
    ),
    "T4T-RUN-05": Text(
        "Two versions of Test4Theory",
        "The program that runs and this command do not understand each other: {detail}",
        ("End the program that runs and start it again.",),
    ),
    "T4T-RUN-06": Text(
        "A file of the program was damaged",
        "It could not be read and was put aside as {file}; the work goes on from the tasks' own records.",
        ("Check the disk if this happens again.", _REPORT),
    ),
    "T4T-GUI-01": Text(
        "No screen here",
        "A window can't be shown: there is no display, or the libraries to reach it are missing. {detail}",
        ("Ask for what it does in words: t4t status.", "Debian, Ubuntu: sudo apt-get install libegl1 libxcb-cursor0 libxkbcommon-x11-0."),
    ),
    "T4T-BUG-01": Text("A fault of this program", "Something went wrong that should not: {detail}", (_REPORT,)),
    "T4T-APP-01": Text(
        "The reference appliance is missing", "There is no appliance in {path}.", ("Fetch it: t4t appliance fetch.", "In the sources: make appliance.")
    ),
    "T4T-APP-02": Text(
        "The reference appliance is damaged",
        "{path} is not what its manifest says.",
        ("Fetch it again: t4t appliance fetch.", "In the sources: make appliance."),
    ),
    "T4T-APP-03": Text("No such appliance", "There is no appliance “{name}”. Known are: {known}.", ("See t4t appliance list.",)),
    "T4T-APP-04": Text("The program is incomplete", "The descriptions of the appliances are not in {path}.", ("Install the program again.",)),
    "T4T-APP-05": Text(
        "{hypervisor} can't run this appliance",
        "The appliance “{appliance}” runs with {supported}, and {hypervisor} is not among them.",
        ("Choose another with --hypervisor.",),
    ),
    "T4T-APP-06": Text(
        "The description of the appliance is refused",
        "{path}: “{key}”: {reason}.",
        ("Correct the file; docs/appliances.md lists every key.",),
    ),
    "T4T-HV-01": Text("No {hypervisor} here", "This computer has no usable {hypervisor}.", (_DOCTOR, _QEMU)),
    "T4T-HV-02": Text(
        "{hypervisor} does not work", "{hypervisor} is installed and does not answer as it should: {detail}", (_DOCTOR, "Install it again.", _QEMU)
    ),
    "T4T-HV-03": Text(
        "Not offered with {hypervisor} here",
        "The task needs “{feature}”, which the app does not offer with {hypervisor} on this computer.",
        ("Try another hypervisor with --hypervisor. Bridged networks and remote desktops are offered with none.",),
    ),
    "T4T-HV-04": Text("The hypervisor takes too long", "“{command}” was not done within {seconds:.0f} s (machine {vm}).", (_AGAIN, _REPORT)),
    "T4T-HV-05": Text("The hypervisor refused a command", "“{command}” failed for machine {vm}: {detail}", (_AGAIN, _REPORT)),
    "T4T-HV-06": Text(
        "No free port",
        "No port of this computer could be connected to the guest (machine {vm}, last tried {port}).",
        ("Close programs that listen on many ports.",),
    ),
    "T4T-HV-07": Text("The VM host ended", "The process that drives the virtual machines ended: {detail}", (_AGAIN, _REPORT)),
    "T4T-HV-09": Text(
        "The processor limit does not hold",
        "The limit is {limit_percent} %, and {measured_percent} % were measured: this {hypervisor} can't be limited on this computer.",
        ("Give the work fewer processors instead, or let it run only while you are away.",),
    ),
    "T4T-HV-08": Text("A file of the virtual machine is missing", "{path} is not there.", ("Put it back, or get the task's files again.",)),
    "T4T-VM-01": Text("No such virtual machine", "There is no virtual machine {vm} of ours.", ("Run the task again; a new one is made.",)),
    "T4T-VM-02": Text("Not our virtual machine", "{vm} was not made by us and is left alone.", ("Choose another data folder with --data-dir.",)),
    "T4T-VM-03": Text("Not now", "“{command}” does not fit the virtual machine {vm}, which is {state}.", (_AGAIN,)),
    "T4T-VM-04": Text("The virtual machine exists already", "{vm} was made before with other settings.", (_REPORT,)),
    "T4T-VM-05": Text("The virtual machine keeps ending", "The virtual machine {vm} ended by itself again and again ({detail}).", (_REPORT,)),
    "T4T-VM-06": Text(
        "A saved state can't be read", "The saved state of {vm} can't be loaded: {detail}", ("Run the task again: it goes on from its last checkpoint.",)
    ),
    "T4T-VM-07": Text("No such checkpoint", "The virtual machine {vm} has no checkpoint “{snapshot}”.", (_AGAIN,)),
    "T4T-VM-08": Text(
        "The virtual machine is busy",
        "Another program holds the virtual machine {vm}, so “{command}” has to wait: {detail}",
        ("Close VirtualBox's own window of this machine and its settings.", _AGAIN),
    ),
    "T4T-TASK-01": Text("A file of the task is missing", "{path} is not there.", (_ANOTHER_COPY,)),
    "T4T-TASK-02": Text("The job description can't be read", "{path}: {reason}.", (_ANOTHER_COPY,)),
    "T4T-TASK-03": Text("The job description is refused", "vbox_job.xml: <{element}> is “{value}”: {reason}.", (_ANOTHER_COPY,)),
    "T4T-TASK-04": Text("The job description is refused", "vbox_job.xml: <{first}> and <{second}> may not stand together.", (_ANOTHER_COPY,)),
    "T4T-TASK-05": Text("The image can't be used", "{path}: {reason}.", (_ANOTHER_COPY,)),
    "T4T-TASK-06": Text("A file is not the one that was announced", "{path} has the SHA-256 {actual}, and {expected} was announced.", (_ANOTHER_COPY,)),
    "T4T-TASK-07": Text(
        "The image is for another kind of computer",
        "The task's image is for {image} processors, and this computer has {computer}.",
        ("Run this task on a computer of that kind.",),
    ),
    "T4T-TASK-08": Text(
        "The job failed inside the virtual machine", "It ended with code {guest_exit_code}: {message}", ("Look at run.log in the shared folder.",)
    ),
    "T4T-TASK-09": Text(
        "The virtual machine no longer answers", "There was no sign of life for {seconds:.0f} s of running time.", ("Look at console.log in the task folder.",)
    ),
    "T4T-TASK-10": Text(
        "The virtual machine switched itself off", "It ended before the job was done ({detail}).", ("Look at console.log in the task folder.",)
    ),
    "T4T-TASK-11": Text(
        "The job's time is over", "The job may take {duration:.0f} s and had used {elapsed:.0f} s before it was started again.", (_ANOTHER_COPY,)
    ),
    "T4T-TASK-12": Text("A result can't be read", "{path}: {reason}.", ("Look at run.log in the shared folder.",)),
    "T4T-TASK-13": Text(
        "A link leads out of the task",
        "{path} is a link to {target}, outside of the task's own folders.",
        ("If you made the link, put the file itself there.",),
    ),
    "T4T-TASK-14": Text("A file of the task can't be read", "{path}: {reason}.", ("Check who owns the file and that the disk is in order.",)),
}
TEXTS.update(install_notices.TEXTS)
TEXTS.update(move_notices.TEXTS)
TEXTS.update(removal_notices.TEXTS)
TEXTS.update(project_notices.TEXTS)
TEXTS.update(settings_notices.TEXTS)
TEXTS.update(update_notices.TEXTS)


_HYPERVISORS: Final = {"qemu": "QEMU", "virtualbox": "VirtualBox"}


def hypervisor_name(name: str) -> str:
    """As its makers write it."""
    return _HYPERVISORS.get(name, name)


def notice(error: T4TError, *, in_window: bool = False) -> Notice:
    """The notice for ``error``, for a terminal or the window; a code without wording is a bug that a test finds."""
    text = TEXTS[error.code]
    data = {field.name: getattr(error, field.name) for field in dataclasses.fields(error)}
    if isinstance(error, SettingRefused) and error.name in FIELDS:
        data["allowed"] = allowed(FIELDS[error.name])  # in the language that is spoken here
    if isinstance(named := data.get("hypervisor"), str):
        data["hypervisor"] = hypervisor_name(named)
    remedies = filter(None, map(for_window, text.remedies)) if in_window else text.remedies
    return Notice(
        code=error.code,
        title=gettext(text.title).format(**data),
        body=gettext(text.body).format(**data),
        remedies=tuple(gettext(remedy).format(**data) for remedy in remedies),
    )
