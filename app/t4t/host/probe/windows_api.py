"""Windows' own calls for `t4t.host.probe.windows`: ctypes, winreg and, for WMI, pywin32. Each answers None where Windows does not."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import ctypes
    import os
    import uuid
    import winreg
    from ctypes import wintypes
    from typing import TYPE_CHECKING, Final

    if TYPE_CHECKING:
        from collections.abc import Mapping, Sequence

    _HIVES: Final = {"HKLM": winreg.HKEY_LOCAL_MACHINE, "HKCU": winreg.HKEY_CURRENT_USER}
    _READ: Final = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
    _SC_MANAGER_CONNECT: Final = 0x0001
    _SERVICE_QUERY_STATUS: Final = 0x0004
    _SERVICE_RUNNING: Final = 4
    _MIB: Final = 1024 * 1024
    _kernel32: Final = ctypes.WinDLL("kernel32", use_last_error=True)
    _advapi32: Final = ctypes.WinDLL("advapi32", use_last_error=True)
    # handles are pointers: without these declarations ctypes cuts them to 32 bits
    _kernel32.GetCurrentProcess.restype = wintypes.HANDLE
    _advapi32.OpenSCManagerW.restype = wintypes.HANDLE
    _advapi32.OpenSCManagerW.argtypes = (wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD)
    _advapi32.OpenServiceW.restype = wintypes.HANDLE
    _advapi32.OpenServiceW.argtypes = (wintypes.HANDLE, wintypes.LPCWSTR, wintypes.DWORD)
    _advapi32.CloseServiceHandle.argtypes = (wintypes.HANDLE,)

    class _ServiceStatus(ctypes.Structure):
        _fields_ = tuple((name, wintypes.DWORD) for name in ("type", "state", "controls", "exit_code", "specific_exit_code", "check_point", "wait_hint"))

    _advapi32.QueryServiceStatus.argtypes = (wintypes.HANDLE, ctypes.POINTER(_ServiceStatus))

    class _MemoryStatus(ctypes.Structure):
        _fields_ = (
            ("length", wintypes.DWORD),
            ("load", wintypes.DWORD),
            *(
                (name, ctypes.c_ulonglong)
                for name in ("total", "available", "total_commit", "available_commit", "total_virtual", "available_virtual", "extended")
            ),
        )

    class _Guid(ctypes.Structure):
        _fields_ = (("data1", wintypes.DWORD), ("data2", wintypes.WORD), ("data3", wintypes.WORD), ("data4", ctypes.c_ubyte * 8))

    def _guid(text: str) -> _Guid:
        return _Guid.from_buffer_copy(uuid.UUID(text).bytes_le)

    _NETWORK_LIST_MANAGER: Final = _guid("DCB00C01-570F-4A9B-8D69-199FDBA5723B")
    _NETWORK_COST_MANAGER: Final = _guid("DCB00008-570F-4A9B-8D69-199FDBA5723B")
    _CLSCTX_ALL: Final = 23
    _RELEASE: Final = 2
    _GET_COST: Final = 3
    """Places of ``IUnknown::Release`` and ``INetworkCostManager::GetCost`` in their table."""

    def connection_cost() -> int | None:
        """``INetworkCostManager::GetCost`` of the computer's connection: NLM_CONNECTION_COST_* flags, 0 where Windows does not know."""
        ole32 = ctypes.WinDLL("ole32")
        begun = ole32.CoInitializeEx(None, 0) >= 0
        try:
            manager = ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p))()
            if ole32.CoCreateInstance(ctypes.byref(_NETWORK_LIST_MANAGER), None, _CLSCTX_ALL, ctypes.byref(_NETWORK_COST_MANAGER), ctypes.byref(manager)):
                return None
            try:
                cost = wintypes.DWORD()
                get = ctypes.WINFUNCTYPE(ctypes.c_long, ctypes.c_void_p, ctypes.POINTER(wintypes.DWORD), ctypes.c_void_p)(manager[0][_GET_COST])
                return None if get(manager, ctypes.byref(cost), None) else cost.value
            finally:
                ctypes.WINFUNCTYPE(wintypes.ULONG, ctypes.c_void_p)(manager[0][_RELEASE])(manager)
        finally:
            if begun:
                ole32.CoUninitialize()

    class RealWindows:
        """`t4t.host.probe.windows.WindowsApi` on this computer."""

        def values(self, key: str) -> Mapping[str, str | int] | None:
            """See `WindowsApi.values`."""
            hive, _, path = key.partition("\\")
            found: dict[str, str | int] = {}
            try:
                with winreg.OpenKey(_HIVES[hive], path, 0, _READ) as handle:
                    for number in range(winreg.QueryInfoKey(handle)[1]):
                        name, value, _ = winreg.EnumValue(handle, number)
                        if isinstance(value, str | int):
                            found[name] = value
            except OSError:
                return found or None
            return found

        def subkeys(self, key: str) -> Sequence[str]:
            """See `WindowsApi.subkeys`."""
            hive, _, path = key.partition("\\")
            try:
                with winreg.OpenKey(_HIVES[hive], path, 0, _READ) as handle:
                    return [winreg.EnumKey(handle, number) for number in range(winreg.QueryInfoKey(handle)[0])]
            except OSError:
                return ()

        def wmi(self, namespace: str, kind: str, fields: Sequence[str]) -> Mapping[str, object] | None:
            """See `WindowsApi.wmi`."""
            import pythoncom  # noqa: PLC0415 - 0.1 s that only the doctor needs

            pythoncom.CoInitialize()
            try:
                return self._first(namespace, kind, fields)
            except (pythoncom.com_error, AttributeError):
                return None
            finally:
                pythoncom.CoUninitialize()

        @staticmethod
        def _first(namespace: str, kind: str, fields: Sequence[str]) -> Mapping[str, object] | None:
            """A function of its own, so that its objects are gone when COM is."""
            import win32com.client  # noqa: PLC0415 - as above

            service = win32com.client.Dispatch("WbemScripting.SWbemLocator").ConnectServer(".", namespace)
            for one in service.ExecQuery(f"SELECT {', '.join(fields)} FROM {kind}"):  # noqa: S608 - names of ours, and WMI only reads
                return {field: one.Properties_.Item(field).Value for field in fields}
            return None

        def processor_feature(self, number: int) -> bool | None:
            """See `WindowsApi.processor_feature`."""
            return bool(_kernel32.IsProcessorFeaturePresent(wintypes.DWORD(number)))

        def machines(self) -> tuple[int, int] | None:
            """See `WindowsApi.machines`."""
            process, native = wintypes.USHORT(), wintypes.USHORT()
            try:
                done = _kernel32.IsWow64Process2(wintypes.HANDLE(_kernel32.GetCurrentProcess()), ctypes.byref(process), ctypes.byref(native))
            except AttributeError:  # before Windows 10 1511
                return None
            return (process.value, native.value) if done else None

        def hypervisor_platform(self) -> bool | None:
            """See `WindowsApi.hypervisor_platform`."""
            try:
                library = ctypes.WinDLL("WinHvPlatform.dll")
                present, written = ctypes.c_int(), ctypes.c_uint32()
                status = library.WHvGetCapability(0, ctypes.byref(present), ctypes.sizeof(present), ctypes.byref(written))
            except (OSError, AttributeError):
                return False
            return None if status else bool(present.value)

        def running(self, service: str) -> bool | None:
            """See `WindowsApi.running`."""
            manager = _advapi32.OpenSCManagerW(None, None, _SC_MANAGER_CONNECT)
            if not manager:
                return None
            try:
                handle = _advapi32.OpenServiceW(manager, service, _SERVICE_QUERY_STATUS)
                if not handle:
                    return None
                try:
                    status = _ServiceStatus()
                    return bool(_advapi32.QueryServiceStatus(handle, ctypes.byref(status)) and status.state == _SERVICE_RUNNING)
                finally:
                    _advapi32.CloseServiceHandle(handle)
            finally:
                _advapi32.CloseServiceHandle(manager)

        def firmware(self) -> int | None:
            """See `WindowsApi.firmware`."""
            kind = ctypes.c_int()
            try:
                done = _kernel32.GetFirmwareType(ctypes.byref(kind))
            except AttributeError:
                return None
            return kind.value if done else None

        def commit_mib(self) -> int | None:
            """See `WindowsApi.commit_mib`."""
            status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
            return int(status.available_commit) // _MIB if _kernel32.GlobalMemoryStatusEx(ctypes.byref(status)) else None

        def elevated(self) -> bool | None:
            """See `WindowsApi.elevated`."""
            try:
                return bool(ctypes.windll.shell32.IsUserAnAdmin())
            except (OSError, AttributeError):
                return None

        def session(self) -> int | None:
            """See `WindowsApi.session`."""
            number = wintypes.DWORD()
            done = _kernel32.ProcessIdToSessionId(wintypes.DWORD(os.getpid()), ctypes.byref(number))
            return number.value if done else None
