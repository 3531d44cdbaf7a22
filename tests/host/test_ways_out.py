"""Netlink for real, in a network of its own (``unshare``, as root or where users may): links that come and go."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WITNESS = Path(__file__).parent / "network_witness.py"


def _apart() -> list[str]:
    """How a network of one's own is had here."""
    ways = (["unshare", "--net"], ["unshare", "--net", "--map-root-user"], ["sudo", "-n", "unshare", "--net"])
    for way in ways:
        if shutil.which(way[0]) and subprocess.run([*way, "true"], capture_output=True, check=False).returncode == 0:
            return way
    pytest.skip("nobody may make a network of his own here")


def test_links_come_and_go() -> None:
    """The witness runs alone in its network, changes it with ``ip`` and writes down what the watch told."""
    done = subprocess.run([*_apart(), sys.executable, str(WITNESS)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        ["start", []],
        ["up", [["t4t0", "192.0.2.2"]]],
        ["second address", [["t4t0", "192.0.2.2"], ["t4t0", "192.0.2.3"]]],
        ["carrier lost", []],
        ["carrier back, route kept", [["t4t0", "192.0.2.2"], ["t4t0", "192.0.2.3"]]],
        ["IPv6", [["t4t0", "192.0.2.2"], ["t4t0", "192.0.2.3"], ["t4t0", "2001:db8::2"]]],
        ["route gone", [["t4t0", "2001:db8::2"]]],
        ["link gone", []],
    ]
