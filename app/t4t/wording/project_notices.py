"""The sentences for errors of `t4t.domain.project_errors`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.wording.text import Text

if TYPE_CHECKING:
    from t4t.wording.language import Marked

_LATER: Final[Marked] = "Nothing is wrong on your side; it is tried again by itself, later each time."
_CONNECTION: Final[Marked] = "Check the connection to the internet and, if you use one, the proxy in the settings."
_PROJECT: Final[Marked] = "Ask on the project's message boards if it lasts."
_DISTRUST: Final[Marked] = "Do not go around it; tell the project on its message boards."
_ANOTHER_COPY: Final[Marked] = "It is fetched again by itself; if that fails too, the task is given back."

TEXTS: Final[dict[str, Text]] = {
    "T4T-USE-11": Text("The file can't be read", "{path}: {reason}.", ("Check the path.",)),
    "T4T-NET-01": Text("No connection", "{host} can't be reached: {reason}.", (_CONNECTION, _LATER)),
    "T4T-NET-02": Text(
        "The server's identity can't be verified",
        "{host} did not prove that it is {host}: {reason}.",
        ("Check this computer's date and time.", "If a company's or school's network inspects connections, name its certificate file in the settings."),
    ),
    "T4T-NET-03": Text("The server is in trouble", "{host} answered with the error {status}.", (_LATER,)),
    "T4T-NET-04": Text("The server refused", "{host} answered with {status}.", (_PROJECT,)),
    "T4T-NET-05": Text("A detour was refused", "{host} sends us to {target}, where we don't go.", (_DISTRUST,)),
    "T4T-NET-06": Text("Too much data", "{host} sent more than {limit} bytes, which can't be right.", (_PROJECT,)),
    "T4T-NET-07": Text("The proxy refused", "The proxy {proxy} does not let us through: {reason}.", ("Check the proxy and its password in the settings.",)),
    "T4T-NET-08": Text("This address is not used", "“{address}” is refused: {reason}.", ("Give the project's address as https://….",)),
    "T4T-NET-09": Text("The server is too slow", "{host} did not answer within {seconds:.0f} s.", (_CONNECTION, _LATER)),
    "T4T-NET-10": Text(
        "The data allowance is used up",
        "The {limit_mib} MiB for {days} days that you allow are used up.",
        ("Transfers go on by themselves when the days have passed; or raise the limit in the settings.",),
    ),
    "T4T-NET-11": Text(
        "This connection costs by the byte",
        "The project's statistics {file} are {mib} MiB, which this connection counts.",
        ("Wait for another connection; or fetch it all the same: t4t stats --community --agree.",),
    ),
    "T4T-PRJ-01": Text("The project's answer can't be read", "Instead of “{kind}” came something else: {reason}.", (_LATER, _PROJECT)),
    "T4T-PRJ-02": Text("The project has a break", "The servers of {project} are stopped for a while. They say: “{message}”.", (_LATER,)),
    "T4T-PRJ-03": Text("The project refused", "It says: “{message}” (number {error_num}).", ("Follow what it says, or ask on the project's message boards.",)),
    "T4T-PRJ-04": Text(
        "Not a project", "{address} is not the address of a BOINC project.", ("Check the address; for LHC@home: https://lhcathome.cern.ch/lhcathome/.",)
    ),
    "T4T-PRJ-05": Text(
        "No work for this kind of computer", "{project} has no work for computers of type {platform}.", ("Use another computer, or another project.",)
    ),
    "T4T-PRJ-06": Text("No scheduler", "The page {address} names no server that hands out work.", ("Check the address.", _LATER)),
    "T4T-PRJ-07": Text(
        "The project's signature has changed",
        "{project} signs its programs with another key than before, and the old key does not vouch for the new one. No program of it is run.",
        (_DISTRUST, "If the project confirms the new key: detach from it and attach again."),
    ),
    "T4T-PRJ-08": Text("A signature can't be read", "A key or signature of the project is damaged: {reason}.", (_LATER,)),
    "T4T-PRJ-09": Text("A signature is missing", "{file} should be signed by the project and is not. It is not run.", (_DISTRUST,)),
    "T4T-PRJ-10": Text("A signature is wrong", "{file} was not signed by the project. It was deleted and is not run.", (_DISTRUST,)),
    "T4T-PRJ-11": Text("A file has the wrong size", "{file} has {actual} bytes, and {expected} were announced.", (_ANOTHER_COPY,)),
    "T4T-PRJ-12": Text("A file is damaged", "{file} has the checksum {actual}, and {expected} was announced.", (_ANOTHER_COPY,)),
    "T4T-PRJ-13": Text("A file name was refused", "The project names a file “{name}”, which could end up in a wrong place.", (_DISTRUST,)),
    "T4T-PRJ-14": Text("An archive was refused", "{file}: {reason}.", (_ANOTHER_COPY,)),
    "T4T-PRJ-15": Text(
        "A result was refused", "The project does not take {file}: “{message}”.", ("The task is reported as failed; nothing else is to be done.",)
    ),
    "T4T-PRJ-16": Text("A result has to wait", "The project can't take {file} now: “{message}”.", (_LATER,)),
    "T4T-PRJ-17": Text("Too early", "{project} asked to be left alone for {seconds:.0f} s more.", (_LATER,)),
    "T4T-PRJ-18": Text("The project did not understand us", "{project} says: “{message}”.", ("If it comes back, report it with this code and the log.",)),
    "T4T-PRJ-19": Text("No work", "{project} has no task for this computer now: “{message}”.", ("Do what it says; if it says nothing, try again later.",)),
    "T4T-ACC-01": Text(
        "No new accounts", "{project} does not take new accounts at present.", ("Use an account that you have, or look at the project's website.",)
    ),
    "T4T-ACC-02": Text(
        "Accounts are made on the website", "This project makes accounts on its website only.", ("Make one at {address} and then sign in here.",)
    ),
    "T4T-ACC-03": Text("An invitation code is needed", "{project} takes new accounts with an invitation code only.", ("Give the code with --invite.",)),
    "T4T-ACC-04": Text("The invitation code is wrong", "{project} does not know this invitation code.", ("Check it, or ask whoever gave it to you.",)),
    "T4T-ACC-05": Text("Unknown e-mail address", "No account has the address {email}.", ("Check the address, or make a new account with --create.",)),
    "T4T-ACC-06": Text("Wrong password", "This is not the password of {email}.", ("Try again, or ask the project's website for a new password.",)),
    "T4T-ACC-07": Text(
        "The e-mail address is taken",
        "There is an account with the address {email} and another password.",
        ("Sign in with that password instead of making an account.",),
    ),
    "T4T-ACC-08": Text("The name can't be used", "“{name}” can't be the name of an account: {reason}.", ("Choose another name.",)),
    "T4T-ACC-09": Text("The e-mail address is refused", "The project does not take the address {email}.", ("Check it, or use another one.",)),
    "T4T-ACC-10": Text("The password is too short", "It has {length} characters, and {minimum} are needed.", ("Choose a longer one.",)),
    "T4T-ACC-11": Text("The terms of use must be accepted", "{project} makes accounts only for those who accept its terms of use.", ("Read and accept them.",)),
    "T4T-ACC-12": Text(
        "The account key is refused", "{project} does not know this account key.", ("Sign in again, or copy the key from your account page again.",)
    ),
    "T4T-ACC-13": Text(
        "The name is taken", "The project's server failed over the name “{name}”: most likely somebody has it already.", ("Choose another name.",)
    ),
    "T4T-ACC-14": Text(
        "A secure address is needed", "This login is possible over https only, not at {address}.", ("Give the project's address as https://….",)
    ),
    "T4T-ACC-15": Text("No such team", "The project has no team “{team}”.", ("Check the team's name or number.",)),
    "T4T-ACC-16": Text("Change it on the website", "The project changes accounts on its website only.", ("Open {address} and change it there.",)),
    "T4T-ACC-17": Text(
        "This is no account key",
        "It has {length} characters; a key is 32 hexadecimal digits, or a number, _ and those.",
        ("Copy the key from your account page again.",),
    ),
    "T4T-ACC-18": Text("Not attached", "This computer works for no project at {address}.", ("See t4t projects; attach with t4t attach.",)),
    "T4T-ACC-19": Text("Something is missing", "{what} is needed, and nobody can be asked here.", ("Give it with {option}.",)),
    "T4T-ACC-20": Text(
        "Work would be lost",
        "{project} has not got the results of {tasks} tasks yet.",
        ("Try again when its servers answer; or give the work up with --force.",),
    ),
    "T4T-KEY-01": Text(
        "No place for secrets",
        "This system has no keyring that could keep the account key: {reason}.",
        ("Install one (on Linux for example gnome-keyring), keep the key for this run only, or let it be kept in an encrypted file.",),
    ),
    "T4T-KEY-02": Text("The keyring is locked", "The system's keyring was not unlocked: {reason}.", ("Unlock it, or keep the key for this run only.",)),
    "T4T-KEY-03": Text("The file with the keys is damaged", "{path}: {reason}.", ("Remove the file and sign in again.",)),
    "T4T-KEY-05": Text("The file with the keys is closed", "{path} has not been opened since the program was started.", ("Open it: t4t unlock.",)),
    "T4T-KEY-06": Text("The account key is not there", "The key to your account at {project} is nowhere on this computer.", ("Sign in again: t4t attach.",)),
    "T4T-KEY-07": Text(
        "The key would be forgotten at once",
        "The key to your account at {project} is to be kept for this run only, and Test4Theory does not run.",
        ("Start it first: t4t run. Or keep the key in the keyring, or in a file.",),
    ),
    "T4T-KEY-04": Text("Wrong passphrase", "The passphrase does not open {path}.", ("Try again; or remove the file and sign in again.",)),
}
