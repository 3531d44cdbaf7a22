"""Pack the reference appliance as volunteers get it: images, kernel, its configuration, and where all sources are. Standard library only.

``pack_appliance.py --appliance DIR --out DIR`` writes ``appliance-ARCHITECTURE.tar.xz``; two runs on one build give the same file.
"""

from __future__ import annotations

import argparse
import io
import json
import lzma
import sys
import tarfile
from pathlib import Path
from typing import Any, Final

MANIFEST: Final = "manifest.json"
CONFIG: Final = "kernel.config"
SOURCES: Final = "SOURCES.txt"
PRESET: Final = 9
"""Its window of 64 MiB sees that the second and third image are made of what is in the first."""
_OFFER: Final = """The sources of this appliance
=============================

It is made of free software. Its own programs are part of Test4Theory Desktop (GPL-3.0-or-later) and lie in that project's sources, in
resources/appliance, with what builds it in packaging/appliance. Everything else was built by Debian, or is Pythia 8 as its authors publish it:

{parts}

Linux {kernel} was compiled from Debian's package linux-source with the configuration in {config}, without changes.

Debian keeps the source of every version that it ever published in its archive of snapshots. Beside that this is an offer, valid for three years from the
day on which you got this file, and as long as this version is supported: whoever holds this appliance gets from the makers of Test4Theory Desktop, for no
more than it costs to send them, the complete corresponding sources of everything in it under the GNU licences. Ask on the project's page.
"""


def offer(manifest: dict[str, Any]) -> str:
    """What the licences ask for: what is in it, in which version, and where its sources are."""
    parts = "\n".join(f"  {name} {version}" for name, version in sorted(manifest["built_from"].items()))
    return _OFFER.format(parts=parts, kernel=manifest["kernel"], config=CONFIG)


def pack(appliance: Path, out: Path, preset: int = PRESET) -> Path:
    """The archive. Raises `KeyError` or `OSError` where the folder is not a whole appliance."""
    manifest: dict[str, Any] = json.loads((appliance / MANIFEST).read_bytes())
    out.mkdir(parents=True, exist_ok=True)
    made = out / f"appliance-{manifest['architecture']}.tar.xz"
    part = made.with_name(f".{made.name}.part")
    texts = {MANIFEST: (appliance / MANIFEST).read_bytes(), SOURCES: offer(manifest).encode(), CONFIG: (appliance / CONFIG).read_bytes()}
    with lzma.open(part, "wb", preset=preset) as packed, tarfile.open(fileobj=packed, mode="w|", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in texts.items():
            tar.addfile(_entry(name, len(data)), io.BytesIO(data))
        for name in sorted(manifest["files"], key=lambda name: (name.endswith(".iso"), name)):
            with (appliance / name).open("rb") as file:
                tar.addfile(_entry(name, manifest["files"][name]["size"]), file)
    part.replace(made)
    return made


def _entry(name: str, size: int) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.size, found.mode = size, 0o644
    return found


def main() -> int:
    """Pack what the command line names."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--appliance", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    given = arguments.parse_args()
    if not (given.appliance / CONFIG).is_file():
        sys.exit("[appliance] this one was built without its kernel's configuration beside it: remove its folder and build it again")
    made = pack(given.appliance, given.out)
    print(f"[appliance] {made}: {made.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
