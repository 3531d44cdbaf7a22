"""The project's one application: the reference appliance as signed files, once for VirtualBox and once for QEMU, and jobs out of runspecs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from isal import isal_zlib

from t4t.demo import RESULT, job_description
from t4t.demo.project.keys import upload_permission
from t4t.demo.project.settings import APP, APP_TITLE, PATH, PLATFORMS, QEMU_CLASS, UPLOAD, VBOX_CLASS, VERSION
from t4t.storage import appliance

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from t4t.demo.project.book import Job, Task
    from t4t.demo.project.keys import KeyPair

MEMORY_BOUND: Final = 700e6
DISK_BOUND: Final = 2e9
MAX_OUTPUT: Final = 32 * 1024 * 1024
_FPOPS: Final = 6e10
"""About a minute on a slow computer."""
_BLOCK: Final = 1024 * 1024
_IMAGES: Final = {VBOX_CLASS: "t4t-appliance.vdi", QEMU_CLASS: appliance.DISK}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramFile:
    """A signed file; ``packed`` is its compressed form, if it has one."""

    name: str
    path: Path
    nbytes: int
    signature: str
    open_name: str = ""
    packed: Path | None = None
    packed_nbytes: int = 0


@dataclass(frozen=True, slots=True)
class Application:
    """What the project hands out; ``files`` by plan class."""

    files: Mapping[str, tuple[ProgramFile, ...]]
    upload_key: KeyPair

    @property
    def downloads(self) -> dict[str, Path]:
        """Every file that can be fetched, by the name under which it is served."""
        found: dict[str, Path] = {}
        for files in self.files.values():
            for file in files:
                found[file.name] = file.path
                if file.packed:
                    found[f"{file.name}.gz"] = file.packed
        return found

    def version_elements(self, base: str, platform: str, plan_class: str) -> list[str]:
        """``app``, its files and ``app_version``, as in a scheduler's reply."""
        files = self.files[plan_class]
        lines = ["<app>", f"    <name>{APP}</name>", f"    <user_friendly_name>{APP_TITLE}</user_friendly_name>"]
        lines += ["    <non_cpu_intensive>0</non_cpu_intensive>", "    <fraction_done_exact>0</fraction_done_exact>", "</app>"]
        for file in files:
            url = f"{base}{PATH}download/{quote(file.name)}"
            lines += ["<file_info>", f"    <name>{file.name}</name>", f"    <url>{url}</url>"]
            lines += [f"    <gzipped_url>{url}.gz</gzipped_url>"] if file.packed else []
            lines += ["    <file_signature>", file.signature, "    </file_signature>", f"    <nbytes>{file.nbytes}</nbytes>"]
            lines += [f"    <gzipped_nbytes>{file.packed_nbytes}</gzipped_nbytes>"] if file.packed else []
            lines.append("</file_info>")
        lines += ["<app_version>", f"    <app_name>{APP}</app_name>", f"    <version_num>{VERSION}</version_num>"]
        for file in files:
            opened = [f"    <open_name>{file.open_name}</open_name>", "    <copy_file/>"] if file.open_name else []
            lines += ["<file_ref>", f"    <file_name>{file.name}</file_name>", *opened, "</file_ref>"]
        return [
            *lines,
            "    <dont_throttle/>",
            f"    <platform>{platform}</platform>",
            f"    <plan_class>{plan_class}</plan_class>",
            "    <avg_ncpus>1.000000</avg_ncpus>",
            "    <flops>1000000000.000000</flops>",
            "</app_version>",
        ]

    def task_elements(self, base: str, job: Job, task: Task) -> list[str]:
        """The input, ``workunit``, the output and ``result``."""
        data = input_of(job)
        output = f"<name>{task.output}</name>"
        return [
            "<file_info>",
            f"    <name>{job.name}.input</name>",
            f"    <url>{base}{PATH}download/{job.name}.input</url>",
            f"    <md5_cksum>{hashlib.md5(data, usedforsecurity=False).hexdigest()}</md5_cksum>",
            f"    <nbytes>{len(data)}</nbytes>",
            "</file_info>",
            "<workunit>",
            f"    <rsc_fpops_est>{_FPOPS:f}</rsc_fpops_est>",
            f"    <rsc_fpops_bound>{_FPOPS * 10000:f}</rsc_fpops_bound>",
            f"    <rsc_memory_bound>{MEMORY_BOUND:f}</rsc_memory_bound>",
            f"    <rsc_disk_bound>{DISK_BOUND:f}</rsc_disk_bound>",
            f"    <name>{job.name}</name>",
            f"    <app_name>{APP}</app_name>",
            "<command_line>",
            "",
            "</command_line>",
            "<file_ref>",
            f"    <file_name>{job.name}.input</file_name>",
            "    <open_name>input</open_name>",
            "    <copy_file/>",
            "</file_ref>",
            "</workunit>",
            "<file_info>",
            f"    {output}",
            "    <generated_locally/>",
            "    <upload_when_present/>",
            f"    <max_nbytes>{MAX_OUTPUT}</max_nbytes>",
            f"    <url>{base}{UPLOAD}</url>",
            "<xml_signature>",
            self.upload_key.sign(upload_permission(task.output, str(MAX_OUTPUT))),
            "</xml_signature>",
            "</file_info>",
            "<result>",
            f"    <report_deadline>{task.deadline:.0f}</report_deadline>",
            f"    <wu_name>{job.name}</wu_name>",
            f"    <name>{task.name}</name>",
            "    <file_ref>",
            f"        <file_name>{task.output}</file_name>",
            f"        <open_name>shared/{RESULT}</open_name>",
            "        <copy_file/>",
            "    </file_ref>",
            f"    <platform>{task.platform}</platform>",
            f"    <version_num>{VERSION}</version_num>",
            f"    <plan_class>{task.plan_class}</plan_class>",
            "</result>",
        ]


def input_of(job: Job) -> bytes:
    """A job's input file."""
    return f"{job.runspec}\n".encode()


def prepare(found: appliance.Appliance, folder: Path, *, code_key: KeyPair, upload_key: KeyPair) -> Application:
    """Sign the appliance's files and compress its images into ``folder``, once for each build. Blocks for about a second.

    Raises `ApplianceDamaged` or `OSError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {plan_class: _files(found, image, folder, code_key) for plan_class, image in _IMAGES.items() if image in found.manifest.files}
    return Application(files=files, upload_key=upload_key)


def platforms_element(files: Mapping[str, object]) -> list[str]:
    """``platforms`` of the project's configuration."""
    lines = ["    <platforms>"]
    for name, title in PLATFORMS.items():
        for plan_class in files:
            lines += [
                "            <platform>",
                f"                <platform_name>{name}</platform_name>",
                f"                <user_friendly_name>{title}</user_friendly_name>",
                f"                <plan_class>{plan_class}</plan_class>",
                "",
                "            </platform>",
            ]
    return [*lines, "    </platforms>"]


def _files(found: appliance.Appliance, image: str, folder: Path, key: KeyPair) -> tuple[ProgramFile, ...]:
    """The image and the job description that names it; a name says which content it is, because a project's files never change under their names."""
    source = found.verified(image)
    stem, _, kind = image.rpartition(".")
    name = f"{stem}_{found.manifest.files[image].sha256[:12]}.{kind}"
    packed = folder / f"{name}.gz"
    if not packed.exists():
        _pack(source, packed)
    job = folder / f"t4t_demo_{found.manifest.files[image].sha256[:12]}_{kind}.xml"
    job.write_bytes(job_description(name).encode("ascii"))
    return (
        ProgramFile(name=job.name, path=job, nbytes=job.stat().st_size, signature=key.sign(_md5(job)), open_name="vbox_job.xml"),
        ProgramFile(name=name, path=source, nbytes=source.stat().st_size, signature=key.sign(_md5(source)), packed=packed, packed_nbytes=packed.stat().st_size),
    )


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _pack(source: Path, target: Path) -> None:
    part = target.with_name(f".{target.name}.part")
    squeezer = isal_zlib.compressobj(level=1, wbits=16 + isal_zlib.MAX_WBITS)
    with source.open("rb") as plain, part.open("wb") as packed:
        while block := plain.read(_BLOCK):
            packed.write(squeezer.compress(block))
        packed.write(squeezer.flush())
    part.replace(target)
