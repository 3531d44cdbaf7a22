"""Windows: the VM's process is put into a job with a hard limit of processor time (Windows 8 and later).

VirtualBox guards its processes against other programs; where Windows does not let us open one, there is no limit. Type-checked, not run.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import ClassVar, Final

_QUOTA_AND_TERMINATE: Final = 0x0101
"""``PROCESS_SET_QUOTA | PROCESS_TERMINATE``: what being put into a job takes."""
_CPU_RATE_CONTROL: Final = 15
"""``JobObjectCpuRateControlInformation``."""
_ENABLE_HARD_CAP: Final = 0x1 | 0x4
_WHOLE: Final = 10_000
"""The rate is in hundredths of a percent of all processors together."""


class _Rate(ctypes.Structure):
    """``JOBOBJECT_CPU_RATE_CONTROL_INFORMATION``."""

    _fields_: ClassVar = [("flags", ctypes.c_uint32), ("rate", ctypes.c_uint32)]


def rate_of(cores: float, processors: int) -> int:
    """The rate that is the time of ``cores`` of a computer's ``processors``."""
    return min(max(round(cores / max(1, processors) * _WHOLE), 1), _WHOLE)


if sys.platform == "win32":

    class Jobs:
        """One job for each process that was to be limited; its handle is kept, for the limit goes with it."""

        def __init__(self) -> None:
            """Nobody is limited yet."""
            self._kernel = ctypes.WinDLL("kernel32", use_last_error=True)
            for name in ("CreateJobObjectW", "OpenProcess"):
                getattr(self._kernel, name).restype = ctypes.c_void_p
            self._jobs: dict[int, int] = {}

        async def limit(self, pid: int, cores: float | None) -> bool:
            """See `t4t.engine.parts.Limiter.limit`."""
            if pid not in self._jobs and cores is None:
                return True
            job = self._jobs.get(pid) or self._job_of(pid)
            if job is None:
                return False
            rate = _Rate() if cores is None else _Rate(_ENABLE_HARD_CAP, rate_of(cores, os.cpu_count() or 1))
            return bool(self._kernel.SetInformationJobObject(ctypes.c_void_p(job), _CPU_RATE_CONTROL, ctypes.byref(rate), ctypes.sizeof(rate)))

        def _job_of(self, pid: int) -> int | None:
            process = self._kernel.OpenProcess(_QUOTA_AND_TERMINATE, False, pid)  # noqa: FBT003 - as Windows has it
            if not process:
                return None
            try:
                job = self._kernel.CreateJobObjectW(None, None)
                if not job or not self._kernel.AssignProcessToJobObject(ctypes.c_void_p(job), ctypes.c_void_p(process)):
                    return None
                self._jobs[pid] = int(job)
                return int(job)
            finally:
                self._kernel.CloseHandle(ctypes.c_void_p(process))

        async def close(self) -> None:
            """The limits go with their jobs' last handles and processes."""
            for job in self._jobs.values():
                self._kernel.CloseHandle(ctypes.c_void_p(job))
            self._jobs.clear()
