"""Which features a specification needs: one table for all drivers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from t4t.domain.vm import BootIso, Feature

if TYPE_CHECKING:
    from t4t.domain.vm import VmSpec

_NO_CAP: Final = 100


def is_file(path: str) -> bool:
    """Whether a medium is there; a look at the file system so short that an async driver may do it in place."""
    return Path(path).is_file()


def features_needed(spec: VmSpec) -> frozenset[Feature]:
    """The features without which ``spec`` can't be honoured in full."""
    wants = {
        Feature.BOOT_ISO: isinstance(spec.boot, BootIso),
        Feature.CAP: spec.cap_percent < _NO_CAP,
        Feature.LINK: not spec.link_up,
        Feature.BANDWIDTH: spec.bandwidth_kib_s is not None,
        Feature.SHARES: bool(spec.shares),
        Feature.FLOPPY: spec.floppy is not None,
        Feature.CONFIG_ISO: spec.config_iso is not None,
        Feature.CACHE_DISK: spec.cache_disk_mib is not None,
        Feature.MULTI_CORE: spec.cores > 1,
        Feature.BRIDGED: spec.bridged,
        Feature.REMOTE_DESKTOP: spec.remote_desktop,
        Feature.REMOTE_PORTS: any(port.remote for port in spec.ports),
    }
    return frozenset(feature for feature, wanted in wants.items() if wanted)
