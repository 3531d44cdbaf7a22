"""How a guest is told what to do, as text and as the files of a contextualisation ISO: NoCloud, EC2, OpenStack and CernVM's amiconfig.

Places and labels are those that cloud-init and micro-CernVM look for; docs/guest-interface.md says how the reference guest reads them.
"""

from __future__ import annotations

import base64
import json
import uuid
from typing import TYPE_CHECKING, Final, assert_never

from t4t.domain.appliance_descriptor import MAX_USER_DATA_BYTES, ContextWay
from t4t.domain.errors import DescriptorInvalid
from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from t4t.domain.appliance_descriptor import Context

CLOUD_INIT_LABEL: Final = "cidata"
CONFIG_DRIVE_LABEL: Final = "config-2"
CERNVM_LABEL: Final = "CONTEXT_INFO"
_UCERNVM: Final = ("[ucernvm-begin]", "[ucernvm-end]")
_SECTION: Final = "t4t"
"""Our section in amiconfig's text; its own plug-ins leave it alone."""
_AMICONFIG_FOLDER: Final = "/var/lib/amiconfig"
_INSTANCE_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "instance.t4t")


@record
class Seed:
    """What a contextualisation ISO holds: its label, and content by path."""

    label: str
    files: Mapping[str, bytes]


def user_data(context: Context, *, path: str) -> str:
    """The user data: as it was given, as ``KEY=VALUE`` lines, or in amiconfig's style. ``path`` names the descriptor in errors.

    Raises `DescriptorInvalid` when it is longer than guests read.
    """
    text = context.user_data or _composed(context)
    if len(text.encode()) > MAX_USER_DATA_BYTES:
        raise DescriptorInvalid(path=path, key="context", reason=f"over {MAX_USER_DATA_BYTES} bytes of user data")
    return text


def key_lines(values: Mapping[str, str]) -> str:
    """``KEY=VALUE`` lines; a value with blanks or quotes at its ends is quoted so that it arrives as it is."""
    return "".join(f"{key}={_value(value)}\n" for key, value in values.items())


def seed(way: ContextWay, *, text: str, instance: str, files: Mapping[str, bytes] | None = None) -> Seed:
    """The content of the ISO for ``way``; ``files`` lie beside it. ``instance`` names the machine: another name makes cloud-init begin anew.

    Raises ValueError for a way without an ISO.
    """
    data, beside = text.encode(), dict(files or {})
    match way:
        case ContextWay.CIDATA:
            return Seed(CLOUD_INIT_LABEL, {"user-data": data, "meta-data": f"instance-id: {instance}\nlocal-hostname: t4t\n".encode(), **beside})
        case ContextWay.EC2:
            facts = {"instance-id": instance, "local-hostname": "t4t"}
            return Seed(CONFIG_DRIVE_LABEL, {"ec2/latest/user-data": data, "ec2/latest/meta-data.json": _json(facts), **beside})
        case ContextWay.OPENSTACK:
            facts = {"uuid": str(uuid.uuid5(_INSTANCE_NAMESPACE, instance)), "hostname": "t4t", "name": "t4t"}
            return Seed(CONFIG_DRIVE_LABEL, {"openstack/latest/user_data": data, "openstack/latest/meta_data.json": _json(facts), **beside})
        case ContextWay.AMICONFIG:
            script = f'ONE_CONTEXT_PATH="{_AMICONFIG_FOLDER}"\nEC2_USER_DATA="{base64.b64encode(data).decode()}"\n'
            return Seed(CERNVM_LABEL, {"context.sh": script.encode(), **beside})
        case ContextWay.NONE | ContextWay.SHARED_FOLDER | ContextWay.FLOPPY:
            raise ValueError(f"{way.value} has no ISO image")
        case _:
            assert_never(way)


def _json(facts: Mapping[str, str]) -> bytes:
    return json.dumps(facts, sort_keys=True).encode()


def _composed(context: Context) -> str:
    if not (context.amiconfig or context.ucernvm or context.way is ContextWay.AMICONFIG):
        return key_lines(context.values)
    begin, end = _UCERNVM
    loader = f"{begin}\n{_plain(context.ucernvm.items())}{end}\n" if context.ucernvm else ""
    # amiconfig's own section names the plug-ins and must be the first
    names = sorted(context.amiconfig, key=lambda name: name != "amiconfig")
    sections = "".join(f"[{name}]\n{_plain(context.amiconfig[name].items())}" for name in names)
    ours = f"[{_SECTION}]\n{key_lines(context.values)}" if context.values else ""
    return loader + sections + ours


def _plain(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(f"{key}={value}\n" for key, value in pairs)


def _value(value: str) -> str:
    return f'"{value}"' if value != value.strip() or value[:1] in {"'", '"'} else value
