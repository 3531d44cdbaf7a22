"""A VM host as `t4t.bootstrap` makes it, but for a file beside the data folder that stands for a full disk."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

from t4t.hypervisor.host import VmHost
from t4t.hypervisor.qemu.driver import QemuDriver


def main() -> None:
    data, owner = Path(sys.argv[1]), sys.argv[2]
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def free(path: Path) -> int:
        return 0 if data.with_name("full").exists() else shutil.disk_usage(path).free

    async def serve() -> None:
        await VmHost(QemuDriver(data, owner=owner, free=free), source=os.fdopen(0, "rb", buffering=0, closefd=False), sink=sink).serve()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
