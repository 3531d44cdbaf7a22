"""What an exception of the API means: its HRESULT and its text go through the same table as VBoxManage's answers (`errors`). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.domain.record import record
from t4t.hypervisor.virtualbox import codes, errors
from t4t.hypervisor.virtualbox.answer import Answer

if TYPE_CHECKING:
    from t4t.domain.errors import T4TError

_UNSIGNED: Final = 0xFFFFFFFF
_FAILED: Final = 0x80000000
"""HRESULTs of failures have this bit; numbers of the operating system, which also are called ``errno``, have not."""
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


@record
class Failure:
    """One failure of the API: its number, unsigned, and VirtualBox's own words."""

    code: int
    words: str

    @property
    def text(self) -> str:
        """As VBoxManage would write it: the words, and the code in a line of details."""
        return f"{self.words}\nDetails: code {codes.hresult_name(self.code)} (0x{self.code:08x})"

    @property
    def dead(self) -> bool:
        """Whether the process that has the object does not answer any more."""
        return self.code in DEAD

    def answer(self, command: str) -> Answer:
        """The failure as the answer to a command of VBoxManage's, for the tables of `errors`."""
        return Answer(arguments=(command,), status=1, err="\n".join(f"error: {line}" for line in self.text.splitlines()))

    def leaf(self, command: str, vm: str) -> T4TError:
        """The error of ours that it is."""
        return errors.from_text(self.text, self.answer(command), vm)

    @property
    def delays(self) -> tuple[float, ...]:
        """After how many seconds each the command that failed is worth another try."""
        return errors.delays(self.answer(""))


class Refused(Exception):
    """An operation with progress ended with a failure."""

    def __init__(self, failure: Failure) -> None:
        """``failure`` is what the progress object said."""
        super().__init__(failure.text)
        self.failure = failure


def read(error: BaseException) -> Failure | None:
    """The failure behind an exception of pyvbox, of XPCOM's binding or of pywin32; None for any other exception."""
    if isinstance(error, Refused):
        return error.failure
    inner = getattr(error, "exc", None)
    if isinstance(inner, BaseException):
        error = inner
    code = getattr(error, "errno", None)
    words = getattr(error, "msg", None)
    if not isinstance(code, int):
        code, words = _com(error)
    code &= _UNSIGNED
    if not code & _FAILED:
        return None
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
