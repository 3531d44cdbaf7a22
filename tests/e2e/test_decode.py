"""``t4t decode`` as a person or script runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.command_line import t4t

RECORDED = Path(__file__).parents[1] / "fixtures" / "boinc"
KEY = "68cfddaba9e4fbd9895879015a00be8e"


@pytest.mark.parametrize(
    ("name", "kind", "ok", "number"),
    [
        ("lookup_account.ok", "account_out", True, None),
        ("create_account.email_in_use", "error", False, -137),
        ("get_project_config.project_down", "html", False, None),
        ("sched.bad_authenticator_known_host", "scheduler_reply", False, None),
    ],
)
def test_replies(tmp_path: Path, name: str, kind: str, number: int | None, *, ok: bool) -> None:
    ended = t4t("--json", "decode", str(RECORDED / f"{name}.response"), data=tmp_path)
    document = json.loads(ended.out)
    assert (ended.status, ended.err) == (0, "")
    assert set(document) == {"kind", "ok", "error_num", "error", "fields"}
    assert (document["kind"], document["ok"], document["error_num"]) == (kind, ok, number)
    assert (document["error"] is None) == ok


def test_text_shows_no_key_and_neither_does_the_log(tmp_path: Path) -> None:
    ended = t4t("decode", str(RECORDED / "lookup_account.ok.response"), data=tmp_path)
    assert ended.out.startswith("account_out: ok")
    logged = "".join(path.read_text() for path in tmp_path.rglob("*.log"))
    assert KEY not in ended.out + ended.err + logged


def test_no_such_file(tmp_path: Path) -> None:
    ended = t4t("decode", str(tmp_path / "nothing"), data=tmp_path)
    assert (ended.status, ended.out) == (2, "")
    assert ended.is_notice("T4T-USE-11")
