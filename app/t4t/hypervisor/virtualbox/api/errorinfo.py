"""XPCOM's error information beside an exception.

The number that a method returns and the one of the error behind it may differ: opening a medium that is not there returns "object not found" without a text,
and only the thread's error information says "could not find file (VERR_FILE_NOT_FOUND)" (seen with 7.2). The binding drops it then. COM needs none of this.
"""

from __future__ import annotations

import contextlib
import importlib
import re
import sys
from typing import Any, Final

from t4t.hypervisor.virtualbox.api import failure
from t4t.hypervisor.virtualbox.api.failure import Failure, Refused

_CONTRACT: Final = "@mozilla.org/exceptionservice;1"
_NO_WORDS: Final = re.compile(r"(?:^|\()(?:NS_ERROR|VBOX_E|E|0x)_?\w+\)?$")
"""What the binding says where it has no text of VirtualBox's: the name of the number."""


def wordless(known: Failure) -> bool:
    """Whether the failure has no words of VirtualBox's own."""
    return _NO_WORDS.search(known.words) is not None


def forget() -> None:
    """Forget what an earlier command left, in the command thread."""
    service = _service()
    if service is not None:
        with contextlib.suppress(Exception):  # an old exception does no harm but where there is none of its own
            service.setCurrentException(None)


def told(error: Exception) -> Exception:
    """``error``, or in its place the failure that the thread's error information tells of. Call it before anything else is asked of the API."""
    known = failure.read(error)
    service = _service()
    if known is None or known.dead or not wordless(known) or service is None:
        return error
    with contextlib.suppress(Exception):  # an addition only: the error itself is known
        info = service.getCurrentException().queryInterface(importlib.import_module("xpcom.components").interfaces.IVirtualBoxErrorInfo)
        text = str(info.text)
        if text:
            return Refused(Failure(int(info.resultCode) & 0xFFFFFFFF, text))
    return error


def _service() -> Any:  # noqa: ANN401 - an object of the binding
    """XPCOM's keeper of exceptions; None where there is no XPCOM."""
    components = sys.modules.get("xpcom.components")
    return None if components is None else components.classes[_CONTRACT].getService(components.interfaces.nsIExceptionService)
