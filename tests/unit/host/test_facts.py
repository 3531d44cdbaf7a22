"""What a project is told of this computer."""

from __future__ import annotations

import dataclasses
import platform
import sys
from typing import TYPE_CHECKING

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.host import facts
from t4t.host.facts import Processor, host_info, read_cpuinfo

if TYPE_CHECKING:
    from pathlib import Path

INTEL = """processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 167
model name\t: Intel(R) Xeon(R) Processor
stepping\t: 1
cache size\t: 491520 KB
flags\t\t: fpu vmx SSE2

processor\t: 1
vendor_id\t: Other
"""
ARM = "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\n"


def test_processors() -> None:
    assert read_cpuinfo(INTEL) == Processor(
        vendor="GenuineIntel", model="Intel(R) Xeon(R) Processor [Family 6 Model 167 Stepping 1]", features="fpu vmx sse2", cache=491520 * 1024.0
    )
    assert read_cpuinfo(ARM) == Processor(vendor="0x41", features="fp asimd")
    assert read_cpuinfo("") == Processor()


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    read_cpuinfo(text)


def test_this_computer(tmp_path: Path) -> None:
    info = host_info(tmp_path, host_cpid="c", virtualbox_version="", vm_extensions_disabled=True)
    assert info.p_ncpus >= 1
    assert info.m_nbytes > 0
    assert 0 < info.d_free <= info.d_total
    assert info.p_vendor
    assert info.os_name
    assert info.p_fpops >= 1e9
    assert (info.virtualbox_version, info.p_vm_extensions_disabled) == ("", True)
    assert not {"domain_name", "ip_addr", "mac_address"} & {field.name for field in dataclasses.fields(info)}


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's own files")
def test_a_system_that_says_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(*_arguments: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(platform, "freedesktop_os_release", missing)
    monkeypatch.setattr(psutil, "cpu_freq", missing)
    monkeypatch.setattr(facts, "Path", lambda _name: tmp_path / "nothing")
    info = host_info(tmp_path, host_cpid="c", virtualbox_version="7.1.6", vm_extensions_disabled=False)
    assert (info.os_name, info.p_fpops, info.p_vendor) == ("Linux", 1e9, "unknown")
    monkeypatch.setattr(psutil, "cpu_freq", lambda: None)
    assert facts._megahertz() == 0.0
