"""What an account manager answers. We attach to projects only; this tells which address is one, and reads its replies for `t4t decode`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from t4t.domain.record import record
from t4t.project.fields import fill

if TYPE_CHECKING:
    from t4t.domain.loose_xml import Element


@record(kw_only=True)
class ManagedAccount:
    """A project that the manager wants attached."""

    url: str = ""
    url_signature: str = ""
    authenticator: str = ""
    resource_share: float = 0.0
    detach: bool = False
    dont_request_more_work: bool = False


@record(kw_only=True)
class ManagerReply:
    """``<acct_mgr_reply>``."""

    name: str = ""
    authenticator: str = ""
    user_name: str = ""
    signing_key: str = ""
    repeat_sec: float = 0.0
    error_num: int = 0
    error_msg: str = ""
    accounts: tuple[ManagedAccount, ...] = ()


def reply(element: Element) -> ManagerReply:
    """Read ``<acct_mgr_reply>``."""
    return fill(ManagerReply, element, accounts=tuple(fill(ManagedAccount, account) for account in element.all("account")))
