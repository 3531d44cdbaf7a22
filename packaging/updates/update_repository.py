"""The place of updates: keys, signed lists and installers in one static folder (docs/updates.md). Run from the environment of ``make test``.

  keys     makes the four keys and the first root, and writes the root into the sources
  publish  adds a release: one installer for each system, and the reference appliance
  refresh  signs the short-lived lists anew, so that nobody is shown an old list for long
  rotate   another root: new keys for any role, a new date

The root's key is needed for ``keys`` and ``rotate`` alone and lies elsewhere (on a stick in a drawer) at all other times; it is encrypted with a passphrase
that is asked for or read from standard input.
"""

from __future__ import annotations

import argparse
import datetime as dt
import getpass
import hashlib
import json
import os
import shutil
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from securesystemslib.signer._crypto_signer import CryptoSigner
from securesystemslib.signer._key import SSlibKey
from tuf.api._payload import MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.metadata import Metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROOT: Final = Path(__file__).resolve().parents[2]
RESOURCES: Final = ROOT / "resources/updates"
ROLES: Final = ("root", "targets", "snapshot", "timestamp")
DAYS: Final = {"root": 730, "targets": 180, "snapshot": 45, "timestamp": 14}
"""Until a list is believed no more; what is signed by a machine every night lives short."""
SUFFIXES: Final = {".tar.xz": "tar", ".dmg": "app", ".exe": "setup", ".deb": "deb", ".rpm": "rpm"}
PREVIOUS: Final = "previous/"


def say(text: str) -> None:
    """Tell what is going on."""
    print(f"[updates] {text}", flush=True)


# --- keys ------------------------------------------------------------------------------------------------------------


def key_file(keys: Path, role: str) -> Path:
    """Where a role's key lies."""
    return keys / f"{role}.pem"


def make_key(keys: Path, role: str, passphrase: str = "") -> CryptoSigner:
    """A new Ed25519 key, readable by its owner alone; one that is there already is never overwritten."""
    signer = CryptoSigner.generate_ed25519()
    encryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    text = signer._private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)  # noqa: SLF001 - the library's own accessor knows no passphrase
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(key_file(keys, role), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)
    return signer


def load_key(keys: Path, role: str, passphrase: str = "") -> CryptoSigner:
    """A role's key."""
    private: Any = load_pem_private_key(key_file(keys, role).read_bytes(), passphrase.encode() if passphrase else None)
    return CryptoSigner(private, SSlibKey.from_crypto(private.public_key()))


# --- lists -----------------------------------------------------------------------------------------------------------


def _expires(role: str, now: dt.datetime) -> dt.datetime:
    return (now + dt.timedelta(days=DAYS[role])).replace(microsecond=0)


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all: a server may be reading the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)


class ReleasedFile(Protocol):
    """One file of a release."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        ...

    @property
    def name(self) -> str:
        """Under which it is signed."""
        ...

    def signed(self, version: str, *, security: bool) -> dict[str, Any]:
        """What is signed of it beside size and hash, as part of the release ``version``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """An installer, and the system that it is for (``linux-x86_64``)."""

    path: Path
    platform: str

    def signed(self, version: str, *, security: bool) -> dict[str, Any]:
        """See `ReleasedFile`."""
        return {"version": version, "kind": SUFFIXES[self.suffix], "security": security, "unpacked": unpacked(self.path)}

    @property
    def suffix(self) -> str:
        """Such as ``.tar.xz``."""
        return next(suffix for suffix in SUFFIXES if self.path.name.endswith(suffix))

    @property
    def name(self) -> str:
        """As `t4t.domain.app_update.target` names it."""
        return f"t4t-{self.platform}{self.suffix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appliance:
    """The archive that ``packaging/appliance/pack_appliance.py`` made; it has a version of its own, and is often the one of the release before."""

    path: Path

    @property
    def name(self) -> str:
        """As `t4t.domain.app_update.appliance_target` names it."""
        return f"appliance-{self._manifest['architecture']}.tar.xz"

    @property
    def _manifest(self) -> dict[str, Any]:
        with tarfile.open(self.path) as tar:
            file = tar.extractfile("manifest.json")
            found: dict[str, Any] = json.load(file) if file is not None else {}
            return found

    def signed(self, _version: str, *, security: bool) -> dict[str, Any]:  # noqa: ARG002 - see `ReleasedFile`
        """See `ReleasedFile`."""
        return {"version": self._manifest["version"], "unpacked": unpacked(self.path)}


class Repository:
    """A folder with ``metadata`` and ``targets``; ``keys`` has those of the roles that are to sign."""

    def __init__(self, folder: Path, keys: Path, now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)) -> None:
        """Nothing is read yet."""
        self.metadata = folder / "metadata"
        self.targets = folder / "targets"
        self._keys = keys
        self._now = now

    def newest(self, role: str) -> Path:
        """The newest file of a role."""
        return max(self.metadata.glob(f"*.{role}.json"), key=lambda path: int(path.name.partition(".")[0]))

    def first_root(self, signers: dict[str, CryptoSigner]) -> bytes:
        """The root of all: one key a role."""
        root = Root(expires=_expires("root", self._now()), consistent_snapshot=True)
        for role in ROLES:
            root.add_key(signers[role].public_key, role)
        return self._save("root", Metadata(root), [signers["root"]])

    def rotate(self, passphrase: str, new: Iterable[str], new_keys: Path, new_passphrase: str = "") -> bytes:
        """Another root, by the old root's key and, if the root gets a new one, by that too; the roles in ``new`` get their keys from ``new_keys``."""
        found = Metadata[Root].from_file(str(self.newest("root")))
        signers = [load_key(self._keys, "root", passphrase)]
        for role in new:
            signer = load_key(new_keys, role, new_passphrase if role == "root" else "")
            for known in list(found.signed.roles[role].keyids):
                found.signed.revoke_key(known, role)
            found.signed.add_key(signer.public_key, role)
            signers += [signer] if role == "root" else []
        found.signed.version += 1
        found.signed.expires = _expires("root", self._now())
        return self._save("root", found, signers)

    def publish(self, version: str, files: Iterable[ReleasedFile], *, security: bool = False) -> None:
        """Add a release; of each system's release before, the installer stays under ``previous/``, for a way back."""
        targets = Metadata[Targets].from_file(str(self.newest("targets"))) if list(self.metadata.glob("*.targets.json")) else Metadata(Targets())
        for one in files:
            before = targets.signed.targets.get(one.name)
            if before is not None and isinstance(one, Installer) and before.custom["version"] != version:
                self._keep(before, targets.signed)
            targets.signed.targets[one.name] = self._add(one, version, security=security)
        targets.signed.version += 1 if targets.signatures else 0
        targets.signed.expires = _expires("targets", self._now())
        self._save("targets", targets, [load_key(self._keys, "targets")])
        self.refresh()

    def _keep(self, before: TargetFile, targets: Targets) -> None:
        name, sha256 = f"{PREVIOUS}{before.path}", before.hashes["sha256"]
        copy = self.targets / PREVIOUS / f"{sha256}.{before.path}"
        if not copy.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.targets / f"{sha256}.{before.path}", copy)
        targets.targets[name] = TargetFile(before.length, before.hashes, name, before.unrecognized_fields)

    def _add(self, one: ReleasedFile, version: str, *, security: bool) -> TargetFile:
        custom = one.signed(version, security=security)
        with one.path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        place = self.targets / f"{sha256}.{one.name}"
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{place.name}.part")
        shutil.copyfile(one.path, part)
        part.replace(place)
        return TargetFile(one.path.stat().st_size, {"sha256": sha256}, one.name, {"custom": custom})

    def refresh(self) -> None:
        """Snapshot and timestamp anew, and targets at half of their time: the last file names all others, and is written last."""
        targets = Metadata[Targets].from_file(str(self.newest("targets")))
        if targets.signed.is_expired(self._now() + dt.timedelta(days=DAYS["targets"] / 2)):
            targets.signed.version += 1
            targets.signed.expires = _expires("targets", self._now())
            self._save("targets", targets, [load_key(self._keys, "targets")])
        before = list(self.metadata.glob("*.snapshot.json"))
        snapshot = Metadata[Snapshot].from_file(str(self.newest("snapshot"))) if before else Metadata(Snapshot())
        snapshot.signed.version += 1 if before else 0
        snapshot.signed.meta["targets.json"] = MetaFile(targets.signed.version)
        snapshot.signed.expires = _expires("snapshot", self._now())
        self._save("snapshot", snapshot, [load_key(self._keys, "snapshot")])
        place = self.metadata / "timestamp.json"
        timestamp = Metadata[Timestamp].from_file(str(place)) if place.is_file() else Metadata(Timestamp())
        timestamp.signed.version += 1 if timestamp.signatures else 0
        timestamp.signed.snapshot_meta = MetaFile(snapshot.signed.version)
        timestamp.signed.expires = _expires("timestamp", self._now())
        self._save("timestamp", timestamp, [load_key(self._keys, "timestamp")])

    def _save(self, role: str, found: Metadata[Any], signers: Iterable[CryptoSigner]) -> bytes:
        found.signatures.clear()
        for signer in signers:
            found.sign(signer, append=True)
        data = bytes(found.to_bytes())
        _write(self.metadata / ("timestamp.json" if role == "timestamp" else f"{found.signed.version}.{role}.json"), data)
        return data


def unpacked(path: Path) -> int:
    """How much an archive takes on the disk; 0 for other installers."""
    if not path.name.endswith(".tar.xz"):
        return 0
    with tarfile.open(path) as tar:
        return sum(member.size for member in tar)


# --- the command -----------------------------------------------------------------------------------------------------


def ask(prompt: str, *, stdin: bool) -> str:
    """A passphrase."""
    return sys.stdin.readline().rstrip("\n") if stdin else getpass.getpass(prompt)


def has_keys(keys: Path) -> bool:
    """Whether what a release needs is here."""
    return all(key_file(keys, role).is_file() for role in ROLES[1:])


def _keys(given: argparse.Namespace) -> None:
    passphrase = ask("Passphrase for the root's key: ", stdin=given.passphrase_stdin)
    if not passphrase:
        sys.exit("[updates] the root's key needs a passphrase")
    signers = {role: make_key(given.keys, role, passphrase if role == "root" else "") for role in ROLES}
    root = Repository(given.folder, given.keys).first_root(signers)
    _write(given.resources / "root.json", root)
    _write(given.resources / "place.json", (json.dumps({"address": given.address}) + "\n").encode())
    say(f"{given.resources}/root.json is the program's first trust: commit it. Take {key_file(given.keys, 'root')} away to a safe place now")


def _publish(given: argparse.Namespace) -> None:
    if not has_keys(given.keys):
        say(f"there are no keys in {given.keys}: nothing is signed, and nothing was published")
        return
    files: list[ReleasedFile] = [Installer(path=Path(path), platform=platform) for platform, _, path in (one.partition("=") for one in given.installers)]
    files += [Appliance(path=given.appliance)] if given.appliance else []
    if not files:
        sys.exit("[updates] there is nothing to publish: name installers, the appliance, or both")
    Repository(given.folder, given.keys).publish(given.version, files, security=given.security)
    say(f"version {given.version}, {', '.join(one.name for one in files)}, is in {given.folder}")


def _refresh(given: argparse.Namespace) -> None:
    if not has_keys(given.keys):
        say(f"there are no keys in {given.keys}: nothing is signed")
        return
    Repository(given.folder, given.keys).refresh()


def _rotate(given: argparse.Namespace) -> None:
    passphrase = ask("Passphrase of the root's key: ", stdin=given.passphrase_stdin)
    new = ask("Passphrase for the root's new key: ", stdin=given.passphrase_stdin) if "root" in given.new else ""
    for role in given.new:
        make_key(given.new_keys, role, new if role == "root" else "")
    root = Repository(given.folder, given.keys).rotate(passphrase, given.new, given.new_keys, new)
    _write(given.resources / "root.json", root)
    say(f"{given.resources}/root.json is the new root: commit it; copies that are out there follow by the old one's signature")


def main(words: list[str] | None = None) -> int:
    """Do what the command line says."""
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = top.add_subparsers(dest="verb", required=True)
    for name in ("keys", "publish", "refresh", "rotate"):
        verb = verbs.add_parser(name)
        verb.add_argument("--folder", type=Path, required=True, help="the static folder: what lies on the server")
        verb.add_argument("--keys", type=Path, required=True, help="the folder of keys")
        if name in {"keys", "rotate"}:
            verb.add_argument("--resources", type=Path, default=RESOURCES)
            verb.add_argument("--passphrase-stdin", action="store_true")
        if name == "keys":
            verb.add_argument("--address", required=True, help="where the folder will be served (https)")
        if name == "publish":
            verb.add_argument("--version", required=True)
            verb.add_argument("--security", action="store_true", help="it closes a hole: volunteers are told")
            verb.add_argument("--appliance", type=Path, metavar="FILE", help="the archive of make appliance-release")
            verb.add_argument("installers", nargs="*", metavar="PLATFORM=FILE", help="such as linux-x86_64=build/installers/t4t-1.0.0-linux-x86_64.tar.xz")
        if name == "rotate":
            verb.add_argument("--new", nargs="*", choices=ROLES, default=[], help="roles that get another key")
            verb.add_argument("--new-keys", type=Path, help="the folder for those")
    given = top.parse_args(words)
    {"keys": _keys, "publish": _publish, "refresh": _refresh, "rotate": _rotate}[given.verb](given)
    return 0


if __name__ == "__main__":
    sys.exit(main())
