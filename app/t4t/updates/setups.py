"""A copy of the program that a setup program of Windows puts in place: it overwrites what is there, and the way back is the setup of the version before."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

from t4t.domain.update_errors import NoWayBack, UpdateFailed
from t4t.updates.fetching import KEPT
from t4t.updates.installation import program_in, version_at
from t4t.updates.trees import remove, run_tool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from t4t.updates.installation import Installation

_SILENT: Final = ("/S", "/Ended")
"""NSIS's word for no window and no question; ours for a program that is not to be ended and started again: we have its locks, it would wait for them."""


class Setups:
    """`t4t.updates.applying.Slot` of such a copy."""

    def __init__(self, here: Installation, folder: Path, run: Callable[..., None] = run_tool) -> None:
        """``folder``: where installers are kept, and the copy of the program that runs them; ``run`` runs one to its end or raises `OSError`."""
        self._kind = here.kind
        self._root = here.root
        self._folder = folder / KEPT
        self._keeper = folder / "keeper"
        self._run = run

    @property
    def program(self) -> Path:
        """What is in place."""
        return program_in(self._root, self._kind)

    @property
    def keeper(self) -> Path:
        """A copy of the program that no setup overwrites."""
        return program_in(self._keeper, self._kind)

    def here(self) -> str:
        """The version that is in place; empty after a setup that was cut short."""
        return version_at(self._root, self._kind)

    def kept(self) -> str:
        """The version whose setup is kept, beside that of the one in place."""
        kept = sorted(path.name for path in self._folder.glob("[0-9]*")) if self._folder.is_dir() else []
        return next((version for version in kept if version != self.here()), "")

    def keep(self) -> None:
        """A copy to work from. Raises `UpdateFailed`; `NoWayBack` where the setup of this version is not at hand."""
        version = self.here()
        if version and not (self._folder / version).is_file():
            raise NoWayBack(reason=f"The setup program of version {version}, which is here, is not at hand")
        if version and version_at(self._keeper, self._kind) != version:
            try:
                remove(self._keeper)
                shutil.copytree(self._root, self._keeper)
            except (OSError, shutil.Error) as error:
                raise UpdateFailed(version=version, reason=str(error)[:200]) from error

    def stage(self, installer: Path, version: str, _unpacked: int) -> None:
        """Its setup is kept under its version; there is no program that could be tried before. Raises `UpdateFailed`."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(installer, self._folder / f".{version}.part")
            (self._folder / f".{version}.part").replace(self._folder / version)
        except OSError as error:
            raise UpdateFailed(version=version, reason=error.strerror or str(error)) from error

    def stage_kept(self) -> None:
        """Raises `NoWayBack` where no other version's setup is kept."""
        if not self.kept():
            raise NoWayBack(reason="The setup program of no other version is kept here")

    def put(self, version: str) -> None:
        """Run its setup. Raises `UpdateFailed`."""
        try:
            # a setup's name must end in .exe, or Windows does not run it
            program = self._folder / f"setup-{version}.exe"
            shutil.copyfile(self._folder / version, program)
            self._run(str(program), *_SILENT)
            program.unlink(missing_ok=True)
        except (OSError, subprocess.SubprocessError) as error:
            raise UpdateFailed(version=version, reason=str(error)[:200]) from error
        if self.here() != version:
            raise UpdateFailed(version=version, reason="its setup ended, and it is not there")

    def clean(self, before: str) -> None:
        """Keep the setups of the version in place and of the one ``before``."""
        useful = {self.here(), before}
        for path in self._folder.glob("[0-9]*"):
            if path.name not in useful:
                with contextlib.suppress(OSError):
                    path.unlink()
