"""An appliance's description (``appliance.toml``, ``resources/appliances/*.toml``) as frozen values: what the image is, what machine it wants, how it is told.

The structures are the whole grammar: kinds, ranges, defaults and the sentences of docs/appliances.md stand at the fields. What no field of its own can
say (two that do not fit together) is checked by `parse_descriptor`.
"""

from __future__ import annotations

import enum
import re
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from t4t.domain.errors import DescriptorInvalid, JobElementRefused
from t4t.domain.vbox_job_elements import MAX_MEMORY_MIB, MAX_PORT, MAX_SECONDS, VRAM_CEILING_MIB, VRAM_FLOOR_MIB, parse_file_name

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES: Final = 64 * 1024
MAX_USER_DATA_BYTES: Final = 16 * 1024
"""What amiconfig and EC2 promise to read."""
DEFAULT_MEMORY_MIB: Final = 512
_LEAST_MEMORY_MIB: Final = 128
_WORD: Final = r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}\Z"
_LINE: Final = r"^[^\x00-\x1f\x7f]*\Z"
_RAW_SUFFIXES: Final = (".raw", ".img")
_WHOLE: Final = "whole file"
_PLACE: Final = re.compile(r"(?P<reason>.*?)(?: - at (?:`key` in )?`\$\.?(?P<key>[^`]*)`)?", re.DOTALL)
_FIELD: Final = re.compile(r"Object (?:contains unknown|missing required) field `([^`]*)`")


class SourceKind(enum.Enum):
    """Where an image comes from."""

    RELEASE = "release"
    PROJECT = "project"
    USER = "user"


class ImageFormat(enum.Enum):
    """Formats in which images are handed out."""

    RAW = "raw"
    VDI = "vdi"
    VMDK = "vmdk"
    QCOW2 = "qcow2"
    VDI_GZ = "vdi.gz"
    VMDK_GZ = "vmdk.gz"
    OVA = "ova"
    ISO = "iso"


class ContextWay(enum.Enum):
    """How a guest is told what to do."""

    NONE = "none"
    SHARED_FOLDER = "shared-folder"
    FLOPPY = "floppy"
    CIDATA = "cidata"
    EC2 = "ec2"
    OPENSTACK = "openstack"
    AMICONFIG = "amiconfig"

    @property
    def iso(self) -> bool:
        """Whether it needs an ISO image made for it."""
        return self in _ISO_WAYS


_ISO_WAYS: Final = frozenset({ContextWay.CIDATA, ContextWay.EC2, ContextWay.OPENSTACK, ContextWay.AMICONFIG})

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}\Z")]
Word = Annotated[str, Meta(pattern=_WORD)]
Line = Annotated[str, Meta(pattern=_LINE, max_length=1024)]
Port = Annotated[int, Meta(ge=1, le=MAX_PORT)]
ContextKey = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9_]{0,63}\Z")]
SectionName = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}\Z")]
UcernvmKey = Literal[
    "resize_rootfs",
    "cvmfs_http_proxy",
    "cvmfs_pac_urls",
    "cvmfs_server",
    "cvmfs_cdn",
    "cvmfs_branch",
    "cvmfs_tag",
    "cvmfs_wait_on_squid",
    "cernvm_path",
    "cernvm_inject",
    "useglideinWMS",
]


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the image comes from and how it is recognised."""

    kind: Annotated[
        SourceKind, Meta(description="`release`: a signed release of ours; `project`: the project's own signed file; `user`: a file that the user supplies")
    ]
    file: Annotated[str, Meta(max_length=128, description="name of the image file in the task folder (in the appliance's folder for `release`)")]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z", description="SHA-256 of that file in hex; only where we, or the user, computed it")] | None = None
    size_bytes: Annotated[int, Meta(ge=1, description="its size in bytes; as `sha256`")] | None = None
    note: Annotated[Line, Meta(description="for people: how to get it")] = ""


class Image(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the file is."""

    format: Annotated[ImageFormat, Meta(description="format of the file; packed ones and `ova` are prepared once into a disk that both hypervisors take")]
    max_size_gib: Annotated[int, Meta(ge=1, le=2048, description="GiB; what grows beyond it while it is unpacked is refused")] = 64


class Machine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The machine that the image wants."""

    architecture: Annotated[Literal["x86_64", "arm64"], Meta(description="processors that the image is for")] = "x86_64"
    os_type: Annotated[Word, Meta(description="VirtualBox's id of the guest system; `_64` needs hardware virtualization there")] = "Linux26_64"
    memory_mib: Annotated[int, Meta(ge=_LEAST_MEMORY_MIB, le=MAX_MEMORY_MIB, description="MiB; not given: what an `ova` says of itself, else 512")] | None = (
        None
    )
    vram_mib: Annotated[int, Meta(ge=VRAM_FLOOR_MIB, le=VRAM_CEILING_MIB, description="video memory in MiB")] = VRAM_FLOOR_MIB
    max_cores: Annotated[int, Meta(ge=1, le=64, description="processors that the guest can make use of")] = 64
    disk_controller: Annotated[Literal["sata", "ide", "scsi", "sas", "virtio"], Meta(description="bus of the disk on VirtualBox; QEMU: virtio")] = "sata"
    disk_controller_model: Annotated[Word, Meta(description="model of that controller on VirtualBox")] = "IntelAHCI"
    nic_type: Annotated[str, Meta(pattern=r"^([A-Za-z0-9][A-Za-z0-9_.+-]{0,63})?\Z", description="network card in VirtualBox's words; empty: virtio")] = ""
    cache_disk_mib: Annotated[int, Meta(ge=1, le=2_000_000, description="MiB of an empty disk beside the image, growing as it is used")] | None = None


class GuestPort(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One port of the guest that this computer may reach."""

    name: Annotated[Name, Meta(description="`web` is the port of the guest's page; other names are free")]
    guest: Annotated[Port, Meta(description="the guest's port")]
    host: Annotated[int, Meta(ge=0, le=MAX_PORT, description="port wished for on 127.0.0.1; 0 or taken: a free one is chosen")] = 0


class Network(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The guest's network: always behind address translation."""

    enabled: Annotated[bool, Meta(description="whether the cable is connected")] = True
    nat_dns_host_resolver: Annotated[bool, Meta(description="names are resolved by this computer's own resolver")] = False
    ports: Annotated[tuple[GuestPort, ...], Meta(max_length=16, description="ports to forward")] = ()


class Context(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the guest is told what to do."""

    accepts: Annotated[tuple[ContextWay, ...], Meta(max_length=6, description="ways that the guest understands")] = ()
    way: Annotated[ContextWay, Meta(description="the way to take, one of `accepts`, or `none`")] = ContextWay.NONE
    values: Annotated[dict[ContextKey, Line], Meta(max_length=256, description='`KEY = "VALUE"` pairs for the guest; for amiconfig in a section `[t4t]`')] = {}
    user_data: Annotated[str, Meta(max_length=MAX_USER_DATA_BYTES, description="the whole user data as it is, instead of `values`, `amiconfig`, `ucernvm`")] = (
        ""
    )
    amiconfig: Annotated[
        dict[SectionName, dict[SectionName, Line]],
        Meta(max_length=64, description="amiconfig's sections: `[context.amiconfig.amiconfig]` names the plug-ins, then one table for each"),
    ] = {}
    ucernvm: Annotated[dict[UcernvmKey, Line], Meta(description="keys of micro-CernVM's boot loader, between its two marks in the user data")] = {}
    copy: Annotated[
        tuple[str, ...],
        Meta(max_length=32, description="files of the task folder that the guest gets: in the shared folder, or on the ISO image; `init_data.xml` redacted"),
    ] = ()


class Files(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The shared folder and the files by which the guest tells how it goes."""

    shared_folder: Annotated[bool, Meta(description="whether the guest has the shared folder `shared`")] = False
    heartbeat: Annotated[str, Meta(description="file that the guest keeps changing; empty: none")] = ""
    heartbeat_interval_s: Annotated[
        float, Meta(ge=1, le=MAX_SECONDS, description="s; looked at after each third of it; three looks without a change: the guest is lost")
    ] = 600.0
    progress: Annotated[str, Meta(description="file whose last number is the fraction done, 0–1; empty: none")] = ""
    completion: Annotated[str, Meta(description="file that ends the task: exit code, notice flag, message; empty: none")] = ""
    temporary_exit: Annotated[str, Meta(description="file that asks to be saved for a while: delay, notice flag, message; empty: none")] = ""
    duration_s: Annotated[float, Meta(ge=0, le=MAX_SECONDS, description="s of running time after which the task is done; 0: no end")] = 0.0


class Checkpoints(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Snapshots while the guest runs; suspending saves its state in any case."""

    automatic: Annotated[bool, Meta(description="whether snapshots are taken")] = True
    minimum_interval_s: Annotated[float, Meta(ge=60, le=MAX_SECONDS, description="s; least time between two")] = 600.0


class Descriptor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One appliance."""

    name: Annotated[Name, Meta(description="short name, as on the command line: small letters, digits, `-`")]
    title: Annotated[Line, Meta(min_length=1, description="what people read")]
    hypervisors: Annotated[
        tuple[Literal["qemu", "virtualbox"], ...], Meta(min_length=1, max_length=2, description="what can run it; with any other nothing is started")
    ]
    source: Source
    image: Image
    machine: Machine = Machine()
    network: Network = Network()
    context: Context = Context()
    files: Files = Files()
    checkpoints: Checkpoints = Checkpoints()


def parse_descriptor(data: bytes, *, path: str) -> Descriptor:
    """The descriptor in ``data``; ``path`` only names the file in errors. Raises `DescriptorInvalid`."""
    if len(data) > MAX_BYTES:
        raise DescriptorInvalid(path=path, key=_WHOLE, reason=f"over {MAX_BYTES} bytes")
    try:
        found = msgspec.toml.decode(data, type=Descriptor)
    except msgspec.ValidationError as error:
        raise _invalid(path, str(error)) from error
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise DescriptorInvalid(path=path, key=_WHOLE, reason=f"no TOML: {error}") from error
    for key, reason in _faults(found):
        raise DescriptorInvalid(path=path, key=key, reason=reason)
    return found


def _invalid(path: str, text: str) -> DescriptorInvalid:
    """The sentence of msgspec ("Expected `int`, got `str` - at `$.machine.memory_mib`") as key and reason."""
    match = _PLACE.fullmatch(text)
    reason, key = (match["reason"], match["key"] or "") if match else (text, _WHOLE)
    if field := _FIELD.fullmatch(reason):
        key = f"{key}.{field[1]}".lstrip(".")
        reason = "unknown key" if "unknown" in reason else "missing"
    return DescriptorInvalid(path=path, key=key, reason=reason)


def _faults(descriptor: Descriptor) -> Iterator[tuple[str, str]]:
    """Key and reason of everything in which two fields, or a file name, are wrong."""
    if len(set(descriptor.hypervisors)) < len(descriptor.hypervisors):
        yield "hypervisors", "the same one twice"
    yield from _source_faults(descriptor)
    yield from _port_faults(descriptor.network)
    yield from _context_faults(descriptor)
    files = descriptor.files
    for name in ("heartbeat", "progress", "completion", "temporary_exit"):
        value = getattr(files, name)
        if value and not files.shared_folder:
            yield f"files.{name}", "needs files.shared_folder"
        yield from _name_faults(f"files.{name}", value, folders=True)


def _source_faults(descriptor: Descriptor) -> Iterator[tuple[str, str]]:
    name, image = descriptor.source.file, descriptor.image.format
    if not name:
        yield "source.file", "names no file"
    yield from _name_faults("source.file", name, folders=False)
    suffixes = _RAW_SUFFIXES if image is ImageFormat.RAW else (f".{image.value}",)
    if not name.lower().endswith(suffixes):
        yield "source.file", f"an image of the format {image.value} ends in {' or '.join(suffixes)}"


def _port_faults(network: Network) -> Iterator[tuple[str, str]]:
    names = Counter(port.name for port in network.ports)
    hosts = Counter(port.host for port in network.ports if port.host)
    if any(count > 1 for count in (*names.values(), *hosts.values())):
        yield "network.ports", "the same name or host port twice"


def _context_faults(descriptor: Descriptor) -> Iterator[tuple[str, str]]:
    context = descriptor.context
    if context.way is not ContextWay.NONE and context.way not in context.accepts:
        yield "context.way", f"{context.way.value} is not in context.accepts"
    if ContextWay.NONE in context.accepts or len(set(context.accepts)) < len(context.accepts):
        yield "context.accepts", "none, or the same one twice"
    if context.way is ContextWay.SHARED_FOLDER and not descriptor.files.shared_folder:
        yield "context.way", "shared-folder needs files.shared_folder"
    given = [name for name in ("values", "amiconfig", "ucernvm") if getattr(context, name)]
    if context.user_data and given:
        yield "context.user_data", f"is the whole user data: {given[0]} can't stand beside it"
    if any("AUTHENTICATOR" in key for key in context.values):
        yield "context.values", "an account's key is never given to a guest"
    if context.copy and not (context.way.iso or descriptor.files.shared_folder):
        yield "context.copy", "needs files.shared_folder or a way with an ISO image"
    for name in context.copy:
        yield from _name_faults("context.copy", name or "/", folders=False)


def _name_faults(key: str, name: str, *, folders: bool) -> Iterator[tuple[str, str]]:
    try:
        parse_file_name(key, name, folders=folders)
    except JobElementRefused as error:
        yield key, f"“{error.value}”: {error.reason}"
