"""Code signing with a real project's keys and signatures, and with forged ones."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.project_errors import SignatureInvalid, SignatureMissing, SigningKeyChanged, SigningKeyUnreadable
from t4t.project.scheduler_reply import read_scheduler_reply
from t4t.project.signing import SigningKey, accepted_key
from unit.project.recorded import request_body, response, root

REPLY = read_scheduler_reply(response("real-client.05.sched-first-ask-got-work").body)
ROTATED = read_scheduler_reply(response("sched.code_sign_key_rotated").body)
ROTATED_FROM = root(request_body("sched.code_sign_key_rotated"), "code_sign_key").text
KEY = SigningKey(REPLY.code_sign_key)
FILES = {info.name: info for info in REPLY.file_infos}
JOB = "Theory_2025_08_13_dev.xml"
DATA = response("download.vboxjob_xml").body


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def test_a_file_of_the_project() -> None:
    KEY.check(file=JOB, md5=md5(DATA), signature=FILES[JOB].file_signature)
    KEY.check(file=JOB, md5=md5(DATA).upper(), signature=FILES[JOB].file_signature.upper())
    wrapper = response("real-client.06.download-vboxwrapper_26210_x86_64-pc-linux-gnu").body
    KEY.check(file="w", md5=md5(wrapper), signature=FILES["vboxwrapper_26210_x86_64-pc-linux-gnu"].file_signature)


def test_another_content() -> None:
    with pytest.raises(SignatureInvalid):
        KEY.check(file=JOB, md5=md5(DATA + b" "), signature=FILES[JOB].file_signature)


def test_the_signature_of_another_file() -> None:
    with pytest.raises(SignatureInvalid):
        KEY.check(file=JOB, md5=md5(DATA), signature=FILES["Theory_2025_08_13_dev.vdi"].file_signature)


@pytest.mark.parametrize("signature", ["", " \n"])
def test_no_signature(signature: str) -> None:
    with pytest.raises(SignatureMissing):
        KEY.check(file=JOB, md5=md5(DATA), signature=signature)


@given(st.integers(0, 255), st.integers(1, 15))
def test_a_signature_with_any_digit_changed(position: int, by: int) -> None:
    lines = FILES[JOB].file_signature.split()
    digits = "".join(lines[:-1])
    forged = digits[:position] + f"{(int(digits[position], 16) + by) % 16:x}" + digits[position + 1 :]
    with pytest.raises(SignatureInvalid):
        KEY.check(file=JOB, md5=md5(DATA), signature=forged + "\n.")


@given(st.one_of(st.text(max_size=300), st.text(alphabet="0123456789abcdef", min_size=256, max_size=256)))
def test_any_text_for_a_signature(signature: str) -> None:
    with pytest.raises((SignatureInvalid, SignatureMissing)):
        KEY.check(file=JOB, md5=md5(DATA), signature=signature)


@pytest.mark.parametrize(
    "text",
    ["", "2048\n" + "0" * 512, "1024\n00", "1024\n" + "0" * 512, REPLY.code_sign_key[:-40], "x" + REPLY.code_sign_key],
)
def test_keys_that_are_none(text: str) -> None:
    with pytest.raises(SigningKeyUnreadable):
        SigningKey(text)


def test_the_first_key_is_kept() -> None:
    assert accepted_key(None, "", "", project="p") is None
    assert accepted_key(None, REPLY.code_sign_key, "", project="p") == KEY
    assert accepted_key(KEY, "", "", project="p") is KEY
    assert accepted_key(KEY, REPLY.code_sign_key.upper() + "\n", "", project="p") is KEY


def test_a_successor_needs_the_old_keys_signature() -> None:
    known = SigningKey(ROTATED_FROM)
    assert accepted_key(known, ROTATED.code_sign_key, ROTATED.code_sign_key_signature, project="p") == SigningKey(ROTATED.code_sign_key)
    for signature in ("", ROTATED.code_sign_key_signature[:-60], FILES[JOB].file_signature):
        with pytest.raises(SigningKeyChanged):
            accepted_key(known, ROTATED.code_sign_key, signature, project="p")
    with pytest.raises(SigningKeyUnreadable):
        accepted_key(known, "1024\nnonsense", "", project="p")
