"""What the host tells the guest: keys, credit figures and the job, from several places, the first place that gives a key winning."""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEFAULT_HEARTBEAT_SECONDS = 60
DEFAULT_JOB_SECONDS = 86_400
_MAX_HEARTBEAT_SECONDS = 3600
_MAX_KEYS = 1000
_MODES = ("task", "pilot", "idle")
_USER_DATA = ("user-data", "openstack/latest/user_data", "ec2/latest/user-data")
_CONTEXT_SCRIPTS = ("context.sh", "CONTEXT.SH")
ISO_FILES = ("input", "init_data.xml", *_USER_DATA, *_CONTEXT_SCRIPTS)
"""What is looked for on an ISO: NoCloud's, OpenStack's, EC2's and OpenNebula's files, and ours beside them."""
SHARE_FILES = ("input", "init_data.xml", "cmdline", "context", "user-data")
# An authenticator is never among them.
_BOINC_TAGS = {
    "user_name": "BOINC_USERNAME",
    "userid": "BOINC_USERID",
    "hostid": "BOINC_HOSTID",
    "user_total_credit": "BOINC_USER_TOTAL_CREDIT",
    "host_total_credit": "BOINC_HOST_TOTAL_CREDIT",
    "ncpus": "BOINC_NCPUS",
}
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))


class Place(NamedTuple):
    """What one place (share, ISO or floppy) gives."""

    keys: Mapping[str, str]
    job: str | None
    """Text of the file `input`, where the place has one."""


class Context(NamedTuple):
    """All places together."""

    mode: str
    heartbeat_seconds: int
    queue_url: str
    job_seconds: int
    cores: int | None
    power_off: bool
    job: str | None
    """Text with the runspec in it; None while there is none."""
    boinc: Mapping[str, str]
    """Keys `BOINC_…` for the web page."""


def key_lines(text: str) -> dict[str, str]:
    """`KEY=VALUE` lines; of amiconfig's INI style only the section `[t4t]` and what stands before the first section count.

    The block of micro-CernVM's own keys, `[ucernvm-begin]` to `[ucernvm-end]`, is no section: it is skipped wherever it stands.
    """
    keys: dict[str, str] = {}
    wanted, skipped = True, False
    for raw in text.replace("\0", "\n").splitlines():
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip().lower()
            if section in {"ucernvm-begin", "ucernvm-end"}:
                skipped = section == "ucernvm-begin"
            else:
                wanted = section == "t4t"
            continue
        if skipped:
            continue
        name, equals, value = line.partition("=")
        name = name.strip().removeprefix("export ").strip()
        if not (wanted and equals and name and not name.startswith("#") and name.replace("_", "a").isalnum() and name.isascii()):
            continue
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        if len(keys) < _MAX_KEYS:
            keys.setdefault(name if name.startswith("BOINC_") else name.upper(), value)
    return keys


def boinc_keys(xml: str) -> dict[str, str]:
    """The six figures of an `init_data.xml` we show; nothing else in it is looked at."""
    keys: dict[str, str] = {}
    for tag, key in _BOINC_TAGS.items():
        _, found, rest = xml.partition(f"<{tag}>")
        value, closed, _ = rest.partition(f"</{tag}>")
        if found and closed and "<" not in value:
            for entity, character in _ENTITIES:
                value = value.replace(entity, character)
            keys[key] = value.strip()
    return keys


def script_user_data(script: str) -> str:
    """The user data in OpenNebula's `context.sh`: `EC2_USER_DATA` in base64; empty where there is none or it is something else."""
    try:
        return binascii.a2b_base64(key_lines(script).get("EC2_USER_DATA", ""), strict_mode=True).decode("utf-8", "replace")
    except ValueError:
        return ""


def place_from_files(files: Mapping[str, str]) -> Place:
    """A share's or an ISO's files by name, as in `SHARE_FILES` and `ISO_FILES`."""
    keys: dict[str, str] = {}
    for script in (files[name] for name in _CONTEXT_SCRIPTS if name in files):
        files = {**files, "user-data": files.get("user-data") or script_user_data(script)}
    for name in ("context", *_USER_DATA):
        for key, value in key_lines(files.get(name, "")).items():
            keys.setdefault(key, value)
    for word in files.get("cmdline", "").split():
        if word.startswith("T4T_"):
            for key, value in key_lines(word).items():
                keys.setdefault(key, value)
    for key, value in boinc_keys(files.get("init_data.xml", "")).items():
        keys.setdefault(key, value)
    job = files.get("input")
    return Place(keys, job if job and job.strip() else None)


def place_from_floppy(text: str) -> Place:
    """A floppy's text: keys or a whole `init_data.xml`."""
    return Place({**boinc_keys(text), **key_lines(text)} if "<" in text else key_lines(text), None)


def _whole(text: str | None, default: int, low: int, high: int) -> int:
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > 12:  # noqa: PLR2004 -- far more digits than any figure here has
        return default
    return max(low, min(high, int(text)))


def merge(places: Iterable[Place]) -> Context:
    """The context from all places, the most important first. Values that make no sense are replaced by their defaults."""
    keys: dict[str, str] = {}
    job: str | None = None
    for place in places:
        for key, value in place.keys.items():
            keys.setdefault(key, value)
        # A place gives its job by the file or by the key; the first place with either wins.
        job = job or place.job or place.keys.get("T4T_INPUT") or None
    mode = keys.get("T4T_MODE", "task").lower()
    cores = _whole(keys.get("T4T_CORES"), 0, 0, 1024)
    return Context(
        mode=mode if mode in _MODES else "task",
        heartbeat_seconds=_whole(keys.get("T4T_HEARTBEAT_SECONDS"), DEFAULT_HEARTBEAT_SECONDS, 1, _MAX_HEARTBEAT_SECONDS),
        queue_url=keys.get("T4T_QUEUE_URL", ""),
        job_seconds=_whole(keys.get("T4T_JOB_DURATION"), DEFAULT_JOB_SECONDS, 1, 10**9),
        cores=cores or None,
        power_off=keys.get("T4T_POWER_OFF", "1") != "0",
        job=job,
        boinc={key: value for key, value in keys.items() if key.startswith("BOINC_") and "AUTHENTICATOR" not in key.upper()},
    )
