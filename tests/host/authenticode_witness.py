"""Started in Windows' own Python, by a test: what WinVerifyTrust says of files, and how a program that is run as administrator ends."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

if sys.platform == "win32":
    from t4t.domain.changes import Command
    from t4t.host.authenticode import Authenticode, WindowsRunner, verify

    def main() -> None:
        """Print one document."""
        signed, folder = Path(sys.executable), Path(sys.argv[1])
        changed = folder / "changed.exe"
        data = bytearray(signed.read_bytes())
        data[len(data) // 3] ^= 1
        changed.write_bytes(data)
        plain = folder / "plain.exe"
        plain.write_bytes(b"MZ" + bytes(4096))
        status, organisation = verify(signed)
        quick = Command(words=(sys.executable, "-c", "raise SystemExit(0)"))
        restart = Command(words=(sys.executable, "-c", "raise SystemExit(3010)"), restart=frozenset({3010}))
        failing = Command(words=(sys.executable, "-c", "raise SystemExit(7)"))
        missing = Command(words=(str(folder / "none.exe"),))
        runner = WindowsRunner()
        facts = {
            "signed": status,
            "organisation": organisation,
            "changed": Authenticode().signer(changed),
            "changed_status": verify(changed)[0],
            "plain": Authenticode().signer(plain),
            "plain_status": verify(plain)[0],
            "none_status": verify(folder / "none.exe")[0],
            "elevated": [asyncio.run(runner.elevated(commands)).status for commands in ((quick, quick), (restart, quick), (failing, quick))],
            "missing": asyncio.run(runner.elevated((missing,))).status,
            "plainly": asyncio.run(runner.plain(failing)).status,
            "shown": runner.shown((Command(words=("a b.exe", "/x")),)),
        }
        print(json.dumps(facts))  # noqa: T201 - the answer

    if __name__ == "__main__":
        main()
