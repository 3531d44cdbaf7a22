"""What an exception of the API means: its HRESULT and its text go through the same table as VBoxManage's answers (`errors`). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from t4t.hypervisor.virtualbox import codes, errors
from t4t.hypervisor.virtualbox.answer import Answer

if TYPE_CHECKING:
    from t4t.domain.errors import T4TError

_UNSIGNED: Final = 0xFFFFFFFF
_DISP_E_EXCEPTION: Final = 0x80020009
"""COM's "look into the exception info"."""
_INFO_TEXT: Final = 2
_INFO_CODE: Final = 5
DEAD: Final = frozenset(
    {
        0x80004004,  # NS_ERROR_ABORT: the other process is gone
        codes.CALL_FAILED,
        codes.SERVER_UNAVAILABLE,
        0x800706BF,  # RPC_S_CALL_FAILED_DNE
        0x80010108,  # RPC_E_DISCONNECTED
        0x80470007,  # NS_BASE_STREAM_WOULD_BLOCK: no answer within 30 s
    }
)
"""The object's process (VBoxSVC, or a VM's for its console) does not answer any more."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure of the API: its number, unsigned (0 if it has none), and VirtualBox's own words."""

    code: int
    words: str

    @property
    def text(self) -> str:
        """As VBoxManage would write it: the words, and the code in a line of details."""
        return f"{self.words}\nDetails: code {codes.hresult_name(self.code)} (0x{self.code:08x})" if self.code else self.words

    def answer(self, command: str, vm: str) -> Answer:
        """The failure as VBoxManage's answer to a command of ours, for the tables of `errors`. ``command`` is one or two words."""
        first, _, second = command.partition(" ")
        return Answer(arguments=(first, vm, second) if second else (first, vm), status=1, err=f"error: {self.text}")

    def leaf(self, command: str, vm: str) -> T4TError:
        """The error of ours that it is."""
        return errors.from_text(self.text, self.answer(command, vm), vm)

    def delays(self, command: str, vm: str) -> tuple[float, ...]:
        """After how many seconds each the command is worth another try."""
        return errors.delays(self.answer(command, vm))


def read(error: BaseException) -> Failure:
    """The failure behind an exception of pyvbox, of XPCOM's binding or of pywin32; of any other exception its text."""
    inner = getattr(error, "exc", None)
    if isinstance(inner, BaseException):
        error = inner
    code = getattr(error, "errno", None)
    words = getattr(error, "msg", None)
    if not isinstance(code, int):
        code, words = _com(error)
    if not code:
        return Failure(0, f"{type(error).__name__}: {error}")
    code &= _UNSIGNED
    return Failure(code, words if isinstance(words, str) and words else codes.hresult_name(code))


def _com(error: BaseException) -> tuple[int, str]:
    """HRESULT and text of a ``pywintypes.com_error``: ``hresult``, ``strerror`` and ``excepinfo`` (or None)."""
    code = getattr(error, "hresult", 0)
    words = str(getattr(error, "strerror", "") or "")
    info = getattr(error, "excepinfo", None)
    if isinstance(info, tuple) and len(info) > _INFO_CODE:
        words = str(info[_INFO_TEXT] or words)
        if isinstance(code, int) and code & _UNSIGNED == _DISP_E_EXCEPTION and isinstance(info[_INFO_CODE], int):
            code = info[_INFO_CODE]
    return (code if isinstance(code, int) else 0), words
