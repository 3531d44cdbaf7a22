"""Run by Windows' own Python, on Windows or under wine: the real calls of the sensors, the Run key, and what keeps awake; what came of them is printed."""

from __future__ import annotations

import asyncio
import ctypes
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "app"))

if sys.platform == "win32":
    import winreg

    from t4t.host.autostart import autostart
    from t4t.host.awake import awake
    from t4t.host.energy import Meter
    from t4t.host.sensing.windows import WindowsComputer, WindowsUser
    from t4t.host.sensing.windows_api import RealWindows

    WORDS = (r"C:\Program Files\t4t\t4t.exe", "--data-dir", r"C:\a b", "run", "--tray")
    APPROVED = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"

    def move_mouse() -> None:
        """As a mouse would."""
        ctypes.WinDLL("user32").mouse_event(0x0001, 5, 5, 0, 0)

    def at_login() -> dict[str, object]:
        """On, on, refused by the system, on, off, off."""
        entry = autostart()
        facts: dict[str, object] = {"before": entry.state(WORDS).on}
        entry.on(WORDS)
        entry.on(WORDS)
        state = entry.state(WORDS)
        facts["on"] = [state.on, state.other, state.command]
        with winreg.CreateKey(winreg.HKEY_CURRENT_USER, APPROVED) as key:
            winreg.SetValueEx(key, "Test4Theory", 0, winreg.REG_BINARY, bytes([3, *[0] * 11]))
        refused = entry.state(WORDS)
        facts["refused"] = [refused.on, refused.refused]
        entry.on(WORDS)
        facts["again"] = entry.state(WORDS).on
        facts["other"] = entry.state(("x",)).other
        entry.off()
        entry.off()
        facts["off"] = entry.state(WORDS).on
        return facts

    async def main() -> None:
        """Print what happened."""
        api = RealWindows()
        move_mouse()
        user, computer = await WindowsUser(api).look(), await WindowsComputer(api).look()
        keeper = awake()
        facts = {
            "idle_s": user.idle_s,
            "locked": user.locked,
            "remote": user.remote,
            "screen": user.screen.value if user.screen else None,
            "quiet": user.quiet,
            "saver": computer.saver,
            "metered": computer.metered,
            "autostart": at_login(),
            "kept": [await keeper.keep("x"), await keeper.keep("x")],
            "watts": (await Meter().look()).watts is not None,
        }
        await keeper.let_go()
        json.dump(facts, sys.stdout)

    if __name__ == "__main__":
        asyncio.run(main())
