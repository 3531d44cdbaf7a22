"""Windows' own part, by ctypes: a hidden top-level window on a thread of its own, and the notices of the network.

A message-only window would not do: it does not get what is broadcast. A window belongs to the thread that made it, which must fetch its messages.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

from t4t.host.session_end.messages import WM_DESTROY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

if sys.platform == "win32":
    from ctypes import wintypes

    _CLASS: Final = "Test4TheoryHostEvents"
    _WM_CLOSE: Final = 0x0010
    _WM_BLOCK: Final = 0x8000 + 1
    """Our own: create or destroy the block reason; Windows refuses other threads than the window's."""
    _CALL_MILLISECONDS: Final = 5000
    _FOR_THIS_SESSION: Final = 0
    _OPEN_SECONDS: Final = 10.0
    _FIRST_TO_END: Final = 0x3FF
    """Programs with higher levels are told of a shutdown earlier; others have 0x280, VirtualBox's among them."""
    _BATTERY_PERCENTAGE: Final = "{A7AD8041-B45A-4CAE-87A3-EECBB468A9E1}"
    _POWER_SOURCE: Final = "{5D3E9A59-E9D5-4B00-A6BD-FF34FF516548}"
    _RESULT: Final = ctypes.c_ssize_t
    _Procedure = ctypes.WINFUNCTYPE(_RESULT, wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)

    class _WindowClass(ctypes.Structure):
        _fields_ = (
            ("style", wintypes.UINT),
            ("procedure", _Procedure),
            ("class_extra", ctypes.c_int),
            ("window_extra", ctypes.c_int),
            ("instance", wintypes.HINSTANCE),
            ("icon", wintypes.HICON),
            ("cursor", wintypes.HANDLE),
            ("background", wintypes.HBRUSH),
            ("menu", wintypes.LPCWSTR),
            ("name", wintypes.LPCWSTR),
        )

    def _library(name: str, **functions: tuple[Any, tuple[Any, ...]]) -> ctypes.WinDLL:
        """A system library with the types of the functions that we call."""
        library = ctypes.WinDLL(name, use_last_error=True)
        for function, (result, arguments) in functions.items():
            entry = getattr(library, function)
            entry.restype, entry.argtypes = result, arguments
        return library

    _user32 = _library(
        "user32",
        RegisterClassW=(wintypes.ATOM, (ctypes.POINTER(_WindowClass),)),
        UnregisterClassW=(wintypes.BOOL, (wintypes.LPCWSTR, wintypes.HINSTANCE)),
        CreateWindowExW=(
            wintypes.HWND,
            (
                wintypes.DWORD,
                wintypes.LPCWSTR,
                wintypes.LPCWSTR,
                wintypes.DWORD,
                ctypes.c_int,
                ctypes.c_int,
                ctypes.c_int,
                ctypes.c_int,
                wintypes.HWND,
                wintypes.HMENU,
                wintypes.HINSTANCE,
                wintypes.LPVOID,
            ),
        ),
        DestroyWindow=(wintypes.BOOL, (wintypes.HWND,)),
        DefWindowProcW=(_RESULT, (wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)),
        GetMessageW=(ctypes.c_int, (ctypes.POINTER(wintypes.MSG), wintypes.HWND, wintypes.UINT, wintypes.UINT)),
        DispatchMessageW=(_RESULT, (ctypes.POINTER(wintypes.MSG),)),
        SendMessageTimeoutW=(
            _RESULT,
            (wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM, wintypes.UINT, wintypes.UINT, ctypes.POINTER(ctypes.c_size_t)),
        ),
        PostMessageW=(wintypes.BOOL, (wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)),
        PostQuitMessage=(None, (ctypes.c_int,)),
        ShutdownBlockReasonCreate=(wintypes.BOOL, (wintypes.HWND, wintypes.LPCWSTR)),
        ShutdownBlockReasonDestroy=(wintypes.BOOL, (wintypes.HWND,)),
        RegisterPowerSettingNotification=(wintypes.HANDLE, (wintypes.HANDLE, ctypes.c_void_p, wintypes.DWORD)),
        UnregisterPowerSettingNotification=(wintypes.BOOL, (wintypes.HANDLE,)),
    )
    _kernel32 = _library(
        "kernel32",
        GetModuleHandleW=(wintypes.HMODULE, (wintypes.LPCWSTR,)),
        SetProcessShutdownParameters=(wintypes.BOOL, (wintypes.DWORD, wintypes.DWORD)),
    )

    class HiddenWindow:
        """`t4t.host.session_end.windows.Window` for real."""

        def __init__(self) -> None:
            """Nothing is opened yet."""
            self._handle: int | None = None
            self._thread: threading.Thread | None = None
            self._ready = threading.Event()
            self._error: OSError | None = None
            self._reason: str | None = None

        def open(self, on_message: Callable[[int, int, int], int | None]) -> None:
            """See `Window`."""
            self._thread = threading.Thread(target=self._serve, args=(on_message,), name="host-events", daemon=True)
            self._thread.start()
            if not self._ready.wait(_OPEN_SECONDS):
                raise TimeoutError("the window did not open")
            if self._error is not None:
                raise self._error

        def block(self, reason: str) -> bool:
            """See `Window`. A new reason replaces the old one."""
            return self._change_block(reason)

        def unblock(self) -> None:
            """See `Window`."""
            self._change_block(None)

        def _change_block(self, reason: str | None) -> bool:
            """On the window's thread; False also if that does not answer."""
            self._reason = reason
            answer = ctypes.c_size_t()
            sent = _user32.SendMessageTimeoutW(self._handle, _WM_BLOCK, 0, 0, 0, _CALL_MILLISECONDS, ctypes.byref(answer))
            return bool(sent) and bool(answer.value)

        def _on_block(self, handle: int) -> int:
            _user32.ShutdownBlockReasonDestroy(handle)
            return int(_user32.ShutdownBlockReasonCreate(handle, self._reason)) if self._reason is not None else 1

        def close(self) -> None:
            """See `Window`."""
            if self._thread is not None:
                _user32.PostMessageW(self._handle, _WM_CLOSE, 0, 0)
                self._thread.join(_OPEN_SECONDS)
                self._thread = None

        def _serve(self, on_message: Callable[[int, int, int], int | None]) -> None:
            """The thread: make the window, fetch its messages until it is destroyed."""

            def procedure(handle: int, message: int, wparam: int, lparam: int) -> int:
                if message == WM_DESTROY:
                    _user32.PostQuitMessage(0)
                    return 0
                if message == _WM_BLOCK:
                    return self._on_block(handle)
                answer = on_message(message, wparam, lparam)
                return int(_user32.DefWindowProcW(handle, message, wparam, lparam)) if answer is None else answer

            instance = _kernel32.GetModuleHandleW(None)
            kept = _Procedure(procedure)  # the window calls it as long as it lives
            name = f"{_CLASS}{id(self)}"
            description = _WindowClass(procedure=kept, instance=instance, name=name)
            if not _user32.RegisterClassW(ctypes.byref(description)):
                self._fail()
                return
            self._handle = _user32.CreateWindowExW(0, name, "Test4Theory", 0, 0, 0, 0, 0, None, None, instance, None)
            if not self._handle:
                self._fail()
                return
            with _told_of_more(self._handle):
                self._ready.set()
                fetched = wintypes.MSG()
                while _user32.GetMessageW(ctypes.byref(fetched), None, 0, 0) > 0:
                    _user32.DispatchMessageW(ctypes.byref(fetched))
            _user32.UnregisterClassW(name, instance)

        def _fail(self) -> None:
            self._error = ctypes.WinError(ctypes.get_last_error())
            self._ready.set()

    @contextlib.contextmanager
    def _told_of_more(handle: int) -> Iterator[None]:
        """Ask for what is not told to every window: user switches, the battery and the source of power; and to hear of a shutdown before VirtualBox does."""
        _kernel32.SetProcessShutdownParameters(_FIRST_TO_END, 0)
        # It is missing in small installations of Windows, where nobody switches users either. It ends with the window.
        with contextlib.suppress(OSError, AttributeError):
            sessions = _library("wtsapi32", WTSRegisterSessionNotification=(wintypes.BOOL, (wintypes.HWND, wintypes.DWORD)))
            sessions.WTSRegisterSessionNotification(handle, _FOR_THIS_SESSION)
        settings = [_user32.RegisterPowerSettingNotification(handle, _guid(text), 0) for text in (_BATTERY_PERCENTAGE, _POWER_SOURCE)]
        try:
            yield
        finally:
            for setting in filter(None, settings):
                _user32.UnregisterPowerSettingNotification(setting)

    def _guid(text: str) -> ctypes.Array[ctypes.c_char]:
        guid = ctypes.create_string_buffer(16)
        ctypes.WinDLL("ole32").CLSIDFromString(ctypes.c_wchar_p(text), guid)
        return guid

    @contextlib.contextmanager
    def listen_for_network(notice: Callable[[], None]) -> Iterator[None]:
        """Call ``notice``, on a thread of the system's, when an interface or one of our addresses changed. Raises `OSError`."""
        helper = ctypes.WinDLL("iphlpapi")
        callback_type = ctypes.WINFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)

        def changed(_context: object, _row: object, _kind: int) -> None:
            notice()

        kept = callback_type(changed)
        handles: list[ctypes.c_void_p] = []
        try:
            for function in (helper.NotifyIpInterfaceChange, helper.NotifyUnicastIpAddressChange):
                handle = ctypes.c_void_p()
                if status := function(0, kept, None, 0, ctypes.byref(handle)):
                    raise ctypes.WinError(status)
                handles.append(handle)
            yield
        finally:
            for handle in handles:
                helper.CancelMibChangeNotify2(handle)
