"""Windows only: a named pipe that lets in this user alone, and nobody over the network. Type-checked; it has not been run on Windows.

asyncio can serve named pipes, but makes them with the system's default descriptor, which lets everybody read. Here the pipe is made with a descriptor that
names the user's own SID, and asyncio's proactor does the rest, through the same two methods that its own pipe server calls.
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import asyncio
    import ctypes
    import logging
    from asyncio import windows_utils
    from ctypes import wintypes
    from typing import TYPE_CHECKING, Any, Final

    from t4t.api.messages import MAX_REQUEST_BYTES

    if TYPE_CHECKING:
        from collections.abc import Awaitable, Callable

    _log = logging.getLogger(__name__)

    _DUPLEX: Final = 0x3
    _OVERLAPPED: Final = 0x40000000
    _FIRST: Final = 0x00080000
    _REJECT_REMOTE: Final = 0x8
    _UNLIMITED: Final = 255
    _BUFFER: Final = 64 * 1024
    _TOKEN_QUERY: Final = 0x8
    _TOKEN_USER: Final = 1
    _SDDL_REVISION: Final = 1
    _INVALID: Final = ctypes.c_void_p(-1).value

    class _SecurityAttributes(ctypes.Structure):
        _fields_ = (("length", wintypes.DWORD), ("descriptor", ctypes.c_void_p), ("inherit", wintypes.BOOL))

    def _checked(done: int) -> None:
        if not done:
            raise ctypes.WinError(ctypes.get_last_error())

    def user_sid() -> str:
        """This user's SID as text, from the token of our process. Raises `OSError`."""
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        security = ctypes.WinDLL("advapi32", use_last_error=True)
        kernel.GetCurrentProcess.restype = wintypes.HANDLE
        kernel.LocalFree.argtypes = (ctypes.c_void_p,)
        kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
        security.OpenProcessToken.argtypes = (wintypes.HANDLE, wintypes.DWORD, ctypes.POINTER(wintypes.HANDLE))
        token = wintypes.HANDLE()
        _checked(security.OpenProcessToken(kernel.GetCurrentProcess(), _TOKEN_QUERY, ctypes.byref(token)))
        try:
            needed = wintypes.DWORD()
            security.GetTokenInformation(token, _TOKEN_USER, None, 0, ctypes.byref(needed))
            buffer = ctypes.create_string_buffer(needed.value)
            _checked(security.GetTokenInformation(token, _TOKEN_USER, buffer, needed, ctypes.byref(needed)))
            sid = ctypes.cast(buffer, ctypes.POINTER(ctypes.c_void_p)).contents
            text = wintypes.LPWSTR()
            _checked(security.ConvertSidToStringSidW(sid, ctypes.byref(text)))
            try:
                return text.value or ""
            finally:
                kernel.LocalFree(ctypes.cast(text, ctypes.c_void_p))
        finally:
            kernel.CloseHandle(token)

    def own_pipe(name: str, *, first: bool) -> int:
        """The handle of a new instance of the pipe, whose descriptor names this user and nobody else. Raises `OSError`."""
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        security = ctypes.WinDLL("advapi32", use_last_error=True)
        kernel.LocalFree.argtypes = (ctypes.c_void_p,)
        kernel.CreateNamedPipeW.restype = ctypes.c_void_p
        descriptor = ctypes.c_void_p()
        wanted = f"D:P(A;;GA;;;{user_sid()})"
        _checked(security.ConvertStringSecurityDescriptorToSecurityDescriptorW(wanted, _SDDL_REVISION, ctypes.byref(descriptor), None))
        try:
            attributes = _SecurityAttributes(ctypes.sizeof(_SecurityAttributes), descriptor, 0)
            mode = _DUPLEX | _OVERLAPPED | (_FIRST if first else 0)
            handle = kernel.CreateNamedPipeW(name, mode, _REJECT_REMOTE, _UNLIMITED, _BUFFER, _BUFFER, 0, ctypes.byref(attributes))
            if handle in {None, _INVALID}:
                raise ctypes.WinError(ctypes.get_last_error())
            return int(handle)
        finally:
            kernel.LocalFree(descriptor)

    class PipeListener:
        """Waits for clients of one pipe, one free instance at a time."""

        def __init__(self, name: str, connected: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> None:
            """Made by `listen`."""
            self._name = name
            self._connected = connected
            self._free = windows_utils.PipeHandle(own_pipe(name, first=True))
            self._accepting = asyncio.create_task(self._accept(), name="pipe")

        async def _accept(self) -> None:
            loop: Any = asyncio.get_running_loop()
            while True:
                try:
                    await loop._proactor.accept_pipe(self._free)  # noqa: SLF001 - see the module's first words
                except OSError as error:
                    _log.warning("a client was gone before it was heard: %s", error)
                    self._free.close()
                else:
                    reader = asyncio.StreamReader(limit=MAX_REQUEST_BYTES)
                    protocol = asyncio.StreamReaderProtocol(reader, self._connected)
                    loop._make_duplex_pipe_transport(self._free, protocol, extra={"addr": self._name})  # noqa: SLF001 - as above
                self._free = windows_utils.PipeHandle(own_pipe(self._name, first=False))

        def close(self) -> None:
            """See `t4t.engine.server.Listener`."""
            self._accepting.cancel()
            self._free.close()

    async def listen(name: str, connected: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> PipeListener:
        """Serve the pipe ``name``; raises `OSError`."""
        return PipeListener(name, connected)
