"""A VM host on the fake driver, whose driver leaves marks that outlive the process and misbehaves on request."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from t4t.domain.errors import CommandFailed
from t4t.host.clock import RealClock
from t4t.hypervisor.fake import FakeHypervisor, FakeWorld, ScriptedGuest
from t4t.hypervisor.host import VmHost

if TYPE_CHECKING:
    from t4t.domain.vm import Capabilities, VmId, VmInfo, VmSpec


class MarkingDriver(FakeHypervisor):
    """Saving and pausing leave a file; files in the folder make commands fail."""

    def __init__(self, folder: Path) -> None:
        super().__init__(FakeWorld(RealClock(), ScriptedGuest))
        self._folder = folder

    async def probe(self) -> Capabilities:
        print("a library greets on standard output", flush=True)  # noqa: T201 - that is what is tested
        os.write(1, b'{"id":1,"ok":"noise that looks like an answer"}\n')
        return await super().probe()

    async def create(self, spec: VmSpec) -> VmInfo:
        if spec.name == "bug":
            raise RuntimeError("planned")
        return await super().create(spec)

    async def save(self, vm_id: VmId) -> VmInfo:
        if (self._folder / "refuse-to-save").exists():
            raise CommandFailed(vm=vm_id, command="save", detail="planned")
        info = await super().save(vm_id)
        (self._folder / f"{vm_id}.saved").touch()
        return info

    async def pause(self, vm_id: VmId) -> VmInfo:
        info = await super().pause(vm_id)
        (self._folder / f"{vm_id}.paused").touch()
        return info


def main() -> None:
    folder = Path(sys.argv[1])
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    if (folder / "die").exists():
        sys.exit(3)
    for line in (b"not JSON\n", b"[]\n", b'{"id":"one"}\n', b'{"event":{"vm_id":1}}\n', b'{"event":{"vm_id":"x","state":"floating"}}\n', b'{"id":99,"ok":1}\n'):
        sink.write(line)
    sink.flush()

    async def serve() -> None:
        await VmHost(MarkingDriver(folder), source=os.fdopen(0, "rb", buffering=0, closefd=False), sink=sink).serve()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
