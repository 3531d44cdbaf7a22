"""Windows' own calls for `t4t.host.sensing.windows`, by ctypes. Each answers None where Windows does not."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes
    from typing import Final

    from t4t.host.probe.windows_api import connection_cost

    _SM_REMOTESESSION: Final = 0x1000
    _WTS_CURRENT_SERVER: Final = None
    _WTS_CURRENT_SESSION: Final = 0xFFFFFFFF
    _WTS_SESSION_INFO_EX: Final = 25
    _LEVEL_1: Final = 1

    class _LastInput(ctypes.Structure):
        _fields_ = (("size", wintypes.UINT), ("time", wintypes.DWORD))

    class _PowerStatus(ctypes.Structure):
        _fields_ = (
            *((name, ctypes.c_ubyte) for name in ("ac_line", "battery_flag", "percent", "system_flag")),
            ("life", wintypes.DWORD),
            ("full_life", wintypes.DWORD),
        )

    class _SessionInfo(ctypes.Structure):
        """WTSINFOEXW as far as we read it: the union begins at 8, for it has 64-bit members."""

        _fields_ = (
            ("level", wintypes.DWORD),
            ("padding", wintypes.DWORD),
            ("session", wintypes.ULONG),
            ("state", ctypes.c_int),
            ("flags", wintypes.LONG),
        )

    _user32: Final = ctypes.WinDLL("user32")
    _kernel32: Final = ctypes.WinDLL("kernel32")
    _shell32: Final = ctypes.WinDLL("shell32")
    _kernel32.GetTickCount.restype = wintypes.DWORD

    class RealWindows:
        """`t4t.host.sensing.windows.WindowsApi` on this computer."""

        def input_ticks(self) -> tuple[int, int] | None:
            """See `WindowsApi`."""
            last = _LastInput(size=ctypes.sizeof(_LastInput))
            return (int(last.time), int(_kernel32.GetTickCount())) if _user32.GetLastInputInfo(ctypes.byref(last)) else None

        def session_flags(self) -> int | None:
            """See `WindowsApi`."""
            try:
                terminal = ctypes.WinDLL("wtsapi32")
                ask, free = terminal.WTSQuerySessionInformationW, terminal.WTSFreeMemory
            except (OSError, AttributeError):  # small installations of Windows lack it
                return None
            ask.argtypes = (wintypes.HANDLE, wintypes.DWORD, ctypes.c_int, ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(wintypes.DWORD))
            free.argtypes = (ctypes.c_void_p,)
            buffer, size = ctypes.c_void_p(), wintypes.DWORD()
            if not ask(_WTS_CURRENT_SERVER, _WTS_CURRENT_SESSION, _WTS_SESSION_INFO_EX, ctypes.byref(buffer), ctypes.byref(size)) or not buffer.value:
                return None
            try:
                if size.value < ctypes.sizeof(_SessionInfo):
                    return None
                info = _SessionInfo.from_address(buffer.value)
                return int(info.flags) if info.level == _LEVEL_1 else None
            finally:
                free(buffer)

        def remote_session(self) -> bool:
            """See `WindowsApi`."""
            return bool(_user32.GetSystemMetrics(_SM_REMOTESESSION))

        def notification_state(self) -> int | None:
            """See `WindowsApi`."""
            state = ctypes.c_int()
            try:
                failed = _shell32.SHQueryUserNotificationState(ctypes.byref(state))
            except AttributeError:
                return None
            return None if failed else state.value

        def status_flag(self) -> int | None:
            """See `WindowsApi`."""
            status = _PowerStatus()
            return int(status.system_flag) if _kernel32.GetSystemPowerStatus(ctypes.byref(status)) else None

        def connection_cost(self) -> int | None:
            """See `WindowsApi`."""
            return connection_cost()
