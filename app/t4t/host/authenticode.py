"""Windows: who signed a program (WinVerifyTrust), and running one as administrator (Windows' own question)."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import asyncio
    import ctypes
    import subprocess
    import uuid
    from ctypes import wintypes
    from typing import TYPE_CHECKING, Final

    from t4t.domain.changes import Command, Ended
    from t4t.host.elevation import Said, run

    if TYPE_CHECKING:
        from collections.abc import Sequence
        from pathlib import Path

    _GENERIC_VERIFY: Final = uuid.UUID("00AAC56B-CD44-11d0-8CC2-00C04FC295EE")
    _NO_UI: Final = 2
    _WHOLE_CHAIN: Final = 1
    _A_FILE: Final = 1
    _VERIFY: Final = 1
    _CLOSE: Final = 2
    _WAIT: Final = 0xFFFFFFFF
    _KEEP_PROCESS: Final = 0x00000040
    _QUIET: Final = 0x00000400
    _CANCELLED: Final = 1223
    _HIDDEN: Final = 0
    _ATTRIBUTE: Final = 3
    _ORGANISATION: Final = ctypes.create_string_buffer(b"2.5.4.10")
    """The object id of an organisation's name in a certificate (CERT_NAME_ATTR_TYPE wants it so)."""
    _LONGEST_NAME: Final = 256

    class _Guid(ctypes.Structure):
        _fields_ = (("data1", wintypes.DWORD), ("data2", wintypes.WORD), ("data3", wintypes.WORD), ("data4", ctypes.c_ubyte * 8))

    class _FileInfo(ctypes.Structure):
        _fields_ = (("size", wintypes.DWORD), ("path", wintypes.LPCWSTR), ("file", wintypes.HANDLE), ("known", ctypes.c_void_p))

    class _TrustData(ctypes.Structure):
        _fields_ = (
            ("size", wintypes.DWORD),
            ("policy", ctypes.c_void_p),
            ("client", ctypes.c_void_p),
            ("ui", wintypes.DWORD),
            ("revocation", wintypes.DWORD),
            ("kind", wintypes.DWORD),
            ("file", ctypes.POINTER(_FileInfo)),
            ("action", wintypes.DWORD),
            ("state", wintypes.HANDLE),
            ("url", wintypes.LPCWSTR),
            ("flags", wintypes.DWORD),
            ("context", wintypes.DWORD),
            ("settings", ctypes.c_void_p),
        )

    class _ProviderCert(ctypes.Structure):
        _fields_ = (("size", wintypes.DWORD), ("context", ctypes.c_void_p))

    class _ExecuteInfo(ctypes.Structure):
        _fields_ = (
            ("size", wintypes.DWORD),
            ("mask", wintypes.ULONG),
            ("window", wintypes.HWND),
            ("verb", wintypes.LPCWSTR),
            ("file", wintypes.LPCWSTR),
            ("parameters", wintypes.LPCWSTR),
            ("folder", wintypes.LPCWSTR),
            ("show", ctypes.c_int),
            ("instance", wintypes.HINSTANCE),
            ("ids", ctypes.c_void_p),
            ("kind", wintypes.LPCWSTR),
            ("key", wintypes.HKEY),
            ("hot_key", wintypes.DWORD),
            ("icon", wintypes.HANDLE),
            ("process", wintypes.HANDLE),
        )

    _wintrust: Final = ctypes.WinDLL("wintrust", use_last_error=True)
    _crypt32: Final = ctypes.WinDLL("crypt32", use_last_error=True)
    _shell32: Final = ctypes.WinDLL("shell32", use_last_error=True)
    _kernel32: Final = ctypes.WinDLL("kernel32", use_last_error=True)
    # handles and structures are pointers: without these declarations ctypes cuts them to 32 bits
    _wintrust.WinVerifyTrust.argtypes = (wintypes.HWND, ctypes.POINTER(_Guid), ctypes.POINTER(_TrustData))
    _wintrust.WinVerifyTrust.restype = ctypes.c_long
    _wintrust.WTHelperProvDataFromStateData.argtypes = (wintypes.HANDLE,)
    _wintrust.WTHelperProvDataFromStateData.restype = ctypes.c_void_p
    _wintrust.WTHelperGetProvSignerFromChain.argtypes = (ctypes.c_void_p, wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
    _wintrust.WTHelperGetProvSignerFromChain.restype = ctypes.c_void_p
    _wintrust.WTHelperGetProvCertFromChain.argtypes = (ctypes.c_void_p, wintypes.DWORD)
    _wintrust.WTHelperGetProvCertFromChain.restype = ctypes.POINTER(_ProviderCert)
    _crypt32.CertGetNameStringW.argtypes = (ctypes.c_void_p, wintypes.DWORD, wintypes.DWORD, ctypes.c_char_p, wintypes.LPWSTR, wintypes.DWORD)
    _shell32.ShellExecuteExW.argtypes = (ctypes.POINTER(_ExecuteInfo),)
    _shell32.ShellExecuteExW.restype = wintypes.BOOL
    _kernel32.WaitForSingleObject.argtypes = (wintypes.HANDLE, wintypes.DWORD)
    _kernel32.GetExitCodeProcess.argtypes = (wintypes.HANDLE, ctypes.POINTER(wintypes.DWORD))
    _kernel32.CloseHandle.argtypes = (wintypes.HANDLE,)

    def verify(file: Path) -> tuple[int, str]:
        """WinVerifyTrust's answer (0: valid and trusted) and the organisation of the certificate that it judged; empty if it gave none."""
        action = _Guid.from_buffer_copy(_GENERIC_VERIFY.bytes_le)
        info = _FileInfo(ctypes.sizeof(_FileInfo), str(file), None, None)
        data = _TrustData(size=ctypes.sizeof(_TrustData), ui=_NO_UI, revocation=_WHOLE_CHAIN, kind=_A_FILE, file=ctypes.pointer(info), action=_VERIFY)
        status = int(_wintrust.WinVerifyTrust(None, ctypes.byref(action), ctypes.byref(data)))
        try:
            return status, _organisation(data)
        finally:
            data.action = _CLOSE
            _wintrust.WinVerifyTrust(None, ctypes.byref(action), ctypes.byref(data))

    def _organisation(data: _TrustData) -> str:
        provider = _wintrust.WTHelperProvDataFromStateData(data.state) if data.state else None
        signer = _wintrust.WTHelperGetProvSignerFromChain(provider, 0, False, 0) if provider else None  # noqa: FBT003 - the call's own order
        cert = _wintrust.WTHelperGetProvCertFromChain(signer, 0) if signer else None
        if not cert or not cert.contents.context:
            return ""
        name = ctypes.create_unicode_buffer(_LONGEST_NAME)
        _crypt32.CertGetNameStringW(cert.contents.context, _ATTRIBUTE, 0, _ORGANISATION, name, _LONGEST_NAME)
        return name.value

    class Authenticode:
        """`t4t.host.changing.Publisher` by WinVerifyTrust."""

        def signer(self, file: Path) -> str:
            """See `Publisher.signer`."""
            status, organisation = verify(file)
            return "" if status else organisation

    class WindowsRunner:
        """`t4t.host.changing.Runner` by ShellExecuteEx with "runas": Windows asks the volunteer."""

        def shown(self, commands: Sequence[Command]) -> str:
            """See `Runner.shown`."""
            return "\n".join(subprocess.list2cmdline(command.words) for command in commands)

        async def plain(self, command: Command) -> Said:
            """See `Runner.plain`."""
            return await run(command.words, attached=command.asks)

        async def elevated(self, commands: Sequence[Command]) -> Said:
            """See `Runner.elevated`; Windows asks for each command."""
            kept = Said(0)
            for command in commands:
                said = await asyncio.shield(asyncio.to_thread(_as_administrator, command))
                ended = command.ended(said.status)
                if said.refused or ended not in {Ended.DONE, Ended.RESTART}:
                    return said
                kept = said if ended is Ended.RESTART else kept
            return kept

    def _as_administrator(command: Command) -> Said:
        info = _ExecuteInfo(
            size=ctypes.sizeof(_ExecuteInfo),
            mask=_KEEP_PROCESS | _QUIET,
            verb="runas",
            file=command.words[0],
            parameters=subprocess.list2cmdline(command.words[1:]),
            show=_HIDDEN,
        )
        if not _shell32.ShellExecuteExW(ctypes.byref(info)):
            error = ctypes.get_last_error()
            return Said(error, ctypes.FormatError(error), refused=error == _CANCELLED)
        status = wintypes.DWORD()
        try:
            _kernel32.WaitForSingleObject(info.process, _WAIT)
            _kernel32.GetExitCodeProcess(info.process, ctypes.byref(status))
        finally:
            _kernel32.CloseHandle(info.process)
        return Said(status.value)
