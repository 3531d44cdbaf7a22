"""The page ``docs/appliances.md``: every key of a descriptor, from the structures that are its grammar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.appliance_descriptor import Descriptor
from t4t.storage.descriptors import shipped

if TYPE_CHECKING:
    from collections.abc import Iterator

_APPLIANCES_TOP: Final = """# Appliances: `appliance.toml`, key by key

Written by `packaging/docs/generate.py` (`appliances_page.py`) from `t4t.domain.appliance_descriptor`.
An appliance is described by a TOML file: what its image is, what machine it wants, how it is told what to do, and how it tells that it is done. Keys that
are not listed here, and values outside of their range, are refused with the name of file and key (`T4T-APP-06`).

`t4t appliance list` and `t4t appliance info NAME` (also with `--json`) show those that come with the program:
"""
_APPLIANCES_RUN: Final = """
## Getting the reference appliance

An installed copy comes without it: `t4t appliance fetch` brings it from where updates of the program come (docs/updates.md), or with `--from` from any folder
or address. The archive's signature is checked, each file against the manifest in it, and the whole takes its place at once; what came of a download that
broke off stays for the next try. The first run does that by itself before it shows the demo. `make appliance` builds it from sources, and
`make appliance-release` packs it: images, kernel, the kernel's configuration (`kernel.config`) and `SOURCES.txt`, which says what is in it, in which version,
where the sources are, and offers them as the GNU licences ask.

## Running one

Put an `appliance.toml` of your own (a copy of one of `resources/appliances` is a good beginning), the image that it names and the files of `context.copy` in
a folder; `t4t task run FOLDER` runs it like a project's task, with checkpoints, Ctrl-C and going on. A `vbox_job.xml` in the same folder wins. For `release`
the image may also lie in the folder of the reference appliance. With a hypervisor that `hypervisors` does not list nothing is started (`T4T-APP-05`).

Before the machine is made the image is verified (size and SHA-256 where they are given, the digests of an OVA's manifest always) and, where it must be,
made ready in the task's folder `.t4t`: whole or not at all, at most `image.max_size_gib`, and only while the disk has room. It goes when the task has ended.

| format | what is done |
|---|---|
| `raw`, `vdi`, `qcow2` | taken as it is; the machine writes into a layer of its own (QEMU: a copy of a `vdi` or `vmdk`) |
| `vmdk` | taken as it is; a stream-optimised one, made to be sent and not to be run from, is converted to VDI |
| `vdi.gz`, `vmdk.gz` | unpacked in a stream; then as above |
| `ova` | no name in it becomes a path; links and special files, several systems or disks are refused; its disk as above, its memory is the default |
| `iso` | booted from; `machine.cache_disk_mib` adds an empty disk, as micro-CernVM wants |

| `context.way` | what the guest gets |
|---|---|
| `shared-folder` | the file `context` (`KEY=VALUE`) or `user-data`, and `context.copy`, in the shared folder |
| `floppy` | the text on the 28 672-byte floppy |
| `cidata` | ISO image labelled `cidata` with `user-data`, `meta-data` (cloud-init's NoCloud) |
| `ec2` | ISO image labelled `config-2` with `ec2/latest/user-data`, `meta-data.json` |
| `openstack` | ISO image labelled `config-2` with `openstack/latest/user_data`, `meta_data.json` |
| `amiconfig` | ISO image labelled `CONTEXT_INFO` with `context.sh`, whose `EC2_USER_DATA` holds the text in base64 (as OpenNebula does it; CernVM reads it) |

The text is `context.user_data` as it is; else `KEY=VALUE` lines; with `context.amiconfig` or `context.ucernvm`, or for `amiconfig`, the sections of amiconfig.

## What was tried

CERN's own images could not be run here: neither LHC@home's Theory image nor micro-CernVM was available, and both fetch their software from servers that this
project's tests do not reach. Their descriptors carry values from the projects' own published files. What was tried instead, in real QEMU
(`tests/e2e/test_appliance_formats.py`): the reference appliance converted to `raw`, `vdi`, `vmdk`, `vmdk.gz`, `ova`, and booted from ISO with a cache disk,
told what to do in each of the six ways; a job told by an OpenStack drive to an OVA comes back equal to the native result.
@LAB@
## Keys"""
_LAB_TRIED: Final = """On real VirtualBox, without VT-x (`tests/lab/test_formats.py`): a boot sector is started from `raw`, `vdi`, `vmdk`, `vdi.gz`,
`vmdk.gz`, `ova`; the reference appliance, exported by VirtualBox itself as an OVA with manifest, boots and is told by an EC2 drive; from ISO with a cache
disk it is told by an amiconfig image.
"""


def cell(text: str) -> str:
    """``text`` inside a table."""
    return text.replace("|", "\\|")


def _kind(field: msgspec.inspect.Type) -> tuple[str, str]:
    """A field's kind and range in words."""
    match field:
        case msgspec.inspect.UnionType(types=types):
            return _kind(next(one for one in types if not isinstance(one, msgspec.inspect.NoneType)))
        case msgspec.inspect.Metadata(type=inner):
            return _kind(inner)
        case msgspec.inspect.VarTupleType(item_type=item, max_length=most):
            kind, inside = _kind(item)
            found = f"list of {kind}s", "; ".join(filter(None, (inside, f"at most {most}" if most else "")))
        case msgspec.inspect.DictType(key_type=key, value_type=value):
            found = ("table of tables" if isinstance(value, msgspec.inspect.DictType) else "table"), _kind(key)[1]
        case msgspec.inspect.StructType():
            found = "table", ""
        case _:
            found = _plain_kind(field)
    return found


def _plain_kind(field: msgspec.inspect.Type) -> tuple[str, str]:
    match field:
        case msgspec.inspect.IntType(ge=low, le=high):
            return "whole number", _range(low, high)
        case msgspec.inspect.FloatType(ge=low, le=high):
            return "number", _range(low, high)
        case msgspec.inspect.BoolType():
            return "true or false", ""
        case msgspec.inspect.EnumType(cls=cls):
            return "word", ", ".join(f"`{one.value}`" for one in cls)
        case msgspec.inspect.LiteralType(values=values):
            return "word", ", ".join(f"`{one}`" for one in values)
        case msgspec.inspect.StrType(pattern=pattern) if pattern:
            return "text", "`" + pattern.removeprefix("^").removesuffix("\\Z") + "`"
        case _:
            return "text", ""


def _range(low: float | None, high: float | None) -> str:
    return f"from {low:g}" if high is None else f"{_figure(low)}–{_figure(high)}"


def _figure(number: float | None) -> str:
    return "" if number is None else f"{int(number):,}".replace(",", " ")


def _default(field: msgspec.inspect.Field) -> str:
    if field.required:
        return "**required**"
    value = field.default if field.default is not msgspec.NODEFAULT else None
    value = getattr(value, "value", value)
    match value:
        case None | "" | ():
            return "–"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case _:
            return f"`{value}`" if isinstance(value, str) else str(value)


def _description(kind: msgspec.inspect.Type) -> str:
    """The sentence at the field; an optional one has it inside."""
    match kind:
        case msgspec.inspect.Metadata(extra_json_schema=extra) if extra and "description" in extra:
            return str(extra["description"])
        case msgspec.inspect.UnionType(types=types):
            return next(filter(None, map(_description, types)), "")
        case _:
            return ""


def _struct(kind: msgspec.inspect.Type) -> tuple[type[msgspec.Struct], str] | None:
    """The table that a field is, or is a list of, and the brackets around its name."""
    match kind:
        case msgspec.inspect.Metadata(type=inner):
            return _struct(inner)
        case msgspec.inspect.StructType(cls=cls):
            return cls, "[{}]"
        case msgspec.inspect.VarTupleType(item_type=msgspec.inspect.StructType(cls=cls)):
            return cls, "[[{}]]"
        case _:
            return None


def _keys(cls: type[msgspec.Struct], heading: str, path: str) -> Iterator[str]:
    """A table of one structure's keys, then those of the structures in it."""
    info = msgspec.inspect.type_info(cls)
    if not isinstance(info, msgspec.inspect.StructType):
        raise TypeError(cls)
    inner = [(field, found) for field in info.fields if (found := _struct(field.type))]
    yield from ("", f"### {heading}", "", (cls.__doc__ or "").strip(), "", "| key | kind | range | default | meaning |", "|---|---|---|---|---|")
    for field in info.fields:
        if (found := _struct(field.type)) and found[1] == "[{}]":
            continue
        kind, limits = _kind(field.type)
        yield f"| `{field.encode_name}` | {kind} | {cell(limits) or '–'} | {_default(field)} | {cell(_description(field.type))} |"
    for field, (child, brackets) in inner:
        below = f"{path}{field.encode_name}"
        yield from _keys(child, f"`{brackets.format(below)}`", f"{below}.")


def page() -> str:
    """The page."""
    rows = [f"| `{one.name}` | {one.title} | {one.image.format.value} | {', '.join(one.hypervisors)} | {one.source.note} |" for one in shipped()]
    top = [_APPLIANCES_TOP, "| name | what it is | image | runs with | how to get it |", "|---|---|---|---|---|", *rows]
    return "\n".join([*top, _APPLIANCES_RUN.replace("@LAB@", _LAB_TRIED), *_keys(Descriptor, "At the top", ""), ""])
