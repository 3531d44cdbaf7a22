"""Rules of accounts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain import project_errors as errors
from t4t.domain.account import Asked, KeyKind, check_creation, check_password, check_platform, check_user_name, key_kind, master_url, password_hash, refusal
from t4t.domain.project import ErrorDocument, Platform, ProjectConfig

KEY = "0123456789abcdef0123456789ABCDEF"


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("https://LHCathome.cern.ch/lhcathome", "https://lhcathome.cern.ch/lhcathome/"),
        (" lhcathome.cern.ch//lhcathome/ ", "https://lhcathome.cern.ch/lhcathome/"),
        ("http://127.0.0.1:8123/t4t/", "http://127.0.0.1:8123/t4t/"),
        ("https://[::1]:8/x?y=1#z", "https://[::1]:8/x/"),
    ],
)
def test_addresses(address: str, wanted: str) -> None:
    assert master_url(address) == wanted
    assert master_url(wanted) == wanted


@pytest.mark.parametrize(
    "address", ["", "ftp://a.example/", f"https://u:{KEY}@a.example/?k={KEY}", "https://a b/", "https://[", "https://a:99999/", "https:///x"]
)
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(errors.AddressRefused) as caught:
        master_url(address)
    assert KEY not in str(caught.value)


def test_keys() -> None:
    assert key_kind(KEY) is KeyKind.FULL
    assert key_kind(f"17_{KEY}") is KeyKind.WEAK
    for text in ("", KEY[1:], f"{KEY}0", f"_{KEY}", f"x_{KEY}", f" {KEY}", f"{KEY}\n"):
        with pytest.raises(errors.KeyMalformed) as caught:
            key_kind(text)
        assert KEY[1:] not in str(caught.value)


def test_the_hash_is_that_of_the_official_client() -> None:
    """As recorded in lookup_account.ok, whose password is in web_session.login_ok."""
    assert password_hash("volunteer1@example.org", "correct horse") == "2c5e35c04d251e5fa8a0ecf2d5c00f66"
    assert password_hash(" Volunteer1@Example.ORG ", "correct horse") == "2c5e35c04d251e5fa8a0ecf2d5c00f66"


def test_passwords() -> None:
    check_password("ë" * 6, 6)
    with pytest.raises(errors.PasswordTooShort):
        check_password("ë" * 5, 6)


@pytest.mark.parametrize("name", ["", " a", "a ", "17", "1e5", "-2.5", "a<b", "a&b", 'a"b', "a'b"])
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(errors.UserNameRefused):
        check_user_name(name)


@pytest.mark.parametrize("name", ["Zoë Müller 物理", "V8", "a b", "R2D2", "Infinity"])
def test_names(name: str) -> None:
    check_user_name(name)


def test_platforms() -> None:
    config = ProjectConfig(name="P", platforms=(Platform(platform_name="windows_x86_64"),))
    check_platform(config, ("x", "windows_x86_64"))
    check_platform(ProjectConfig(), ("anything",))
    with pytest.raises(errors.PlatformNotSupported, match="arm64-apple-darwin"):
        check_platform(config, ("arm64-apple-darwin",))


@pytest.mark.parametrize(
    ("config", "code", "consent", "leaf"),
    [
        (ProjectConfig(), "", False, None),
        (ProjectConfig(web_stopped=True), "", False, errors.ProjectDown),
        (ProjectConfig(account_creation_disabled=True), "", False, errors.AccountCreationClosed),
        (ProjectConfig(account_creation_disabled=True, invite_code_required=True), " ", False, errors.InviteCodeNeeded),
        (ProjectConfig(account_creation_disabled=True, invite_code_required=True), "c", False, None),
        (ProjectConfig(terms_of_use="t"), "", False, errors.ConsentNeeded),
        (ProjectConfig(terms_of_use="t"), "", True, None),
    ],
)
def test_what_stands_against_a_new_account(config: ProjectConfig, code: str, leaf: type[Exception] | None, *, consent: bool) -> None:
    if leaf is None:
        check_creation(config, invite_code=code, consent=consent)
    else:
        with pytest.raises(leaf):
            check_creation(config, invite_code=code, consent=consent)


@pytest.mark.parametrize(
    ("number", "message", "asked", "leaf"),
    [
        (-1, "The project is not accepting new accounts.", Asked.ACCOUNT, errors.AccountCreationClosed),
        (-1, "Please visit the project web site to create an account, then try again.", Asked.ACCOUNT, errors.AccountCreationOnWebsite),
        (-1, "missing or bad parameter: invite_code", Asked.ACCOUNT, errors.InviteCodeNeeded),
        (-1, "Invalid invitation code", Asked.ACCOUNT, errors.InviteCodeWrong),
        (-1, "not supported", Asked.KEY, errors.ChangeOnWebsite),
        (-1, "invalid country", Asked.KEY, errors.ProjectRefused),
        (-112, "XML", Asked.KEY, errors.ProjectRefused),
        (-136, "Not found", Asked.ACCOUNT, errors.EmailUnknown),
        (-136, "Not found", Asked.KEY, errors.KeyRefused),
        (-161, "Not found", Asked.TEAM, errors.TeamUnknown),
        (-137, "", Asked.ACCOUNT, errors.EmailInUse),
        (-207, "", Asked.ACCOUNT, errors.EmailInUse),
        (-138, "", Asked.ACCOUNT, errors.ProjectDown),
        (-183, "", Asked.KEY, errors.ProjectDown),
        (-155, "", Asked.KEY, errors.KeyRefused),
        (-188, "no", Asked.ACCOUNT, errors.UserNameRefused),
        (-205, "", Asked.ACCOUNT, errors.EmailRefused),
        (-206, "", Asked.ACCOUNT, errors.PasswordWrong),
        (-208, "", Asked.ACCOUNT, errors.AccountCreationClosed),
        (-209, "", Asked.ACCOUNT, errors.InviteCodeWrong),
        (-238, "", Asked.ACCOUNT, errors.SecureAddressNeeded),
        (-242, "", Asked.ACCOUNT, errors.ConsentNeeded),
        (-4711, "new", Asked.ACCOUNT, errors.ProjectRefused),
    ],
)
def test_every_number_has_its_leaf(number: int, message: str, asked: Asked, leaf: type[Exception]) -> None:
    assert type(refusal(ErrorDocument(error_num=number, error_msg=message), asked, project="p", address="a")) is leaf


@given(st.integers(), st.text(), st.sampled_from(Asked))
def test_no_number_is_without_leaf(number: int, message: str, asked: Asked) -> None:
    assert refusal(ErrorDocument(error_num=number, error_msg=message), asked, project="p", address="a").code
