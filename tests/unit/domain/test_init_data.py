"""``init_data.xml``: the guest's copy never holds a secret, however the file is written."""

from __future__ import annotations

import html
import time
from xml.parsers import expat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.init_data import MAX_BYTES, InitData, read_init_data, redact_init_data

KEY = "0123456789abcdef0123456789abcdef"
FILE = f"""<app_init_data>
<major_version>8</major_version>
<app_name>Theory</app_name>
<user_name>J&#195;&#169;r&#195;&#180;me &amp; Co</user_name>
<project_dir>/var/lib/boinc/projects/lhc</project_dir>
<boinc_dir>/var/lib/boinc</boinc_dir>
<authenticator>{KEY}</authenticator>
<result_name>Theory_2843-1_0</result_name>
<slot>3</slot>
<userid>4711</userid>
<hostid>815</hostid>
<user_total_credit>1234.567890</user_total_credit>
<host_total_credit>99.5</host_total_credit>
<ncpus>2.000000</ncpus>
<checkpoint_period>60</checkpoint_period>
<project_preferences>
<user_name>not this one</user_name>
</project_preferences>
<host_info><host_cpid>fedcba98765432100123456789abcdef</host_cpid><p_ncpus>8</p_ncpus></host_info>
<proxy_info>
    <use_http_proxy/>
    <http_server_name>wpad.example</http_server_name>
    <http_server_port>3128</http_server_port>
    <http_user_name>jerome9</http_user_name>
    <http_user_passwd>hunter22</http_user_passwd>
    <socks5_user_passwd>hunter33</socks5_user_passwd>
</proxy_info>
<global_preferences><cpu_usage_limit>80</cpu_usage_limit><max_bytes_sec_up>1000</max_bytes_sec_up><max_bytes_sec_down>0</max_bytes_sec_down></global_preferences>
</app_init_data>
"""


def test_all_fields_are_read() -> None:
    assert read_init_data(FILE.encode()) == InitData(
        user_name="Jérôme & Co",
        userid=4711,
        hostid=815,
        user_total_credit=1234.56789,
        host_total_credit=99.5,
        ncpus=2.0,
        cpu_usage_limit=80.0,
        max_bytes_sec_up=1000.0,
        checkpoint_period=60.0,
        result_name="Theory_2843-1_0",
        project_dir="/var/lib/boinc/projects/lhc",
        boinc_dir="/var/lib/boinc",
        slot=3,
    )


def test_a_damaged_file_is_read_as_far_as_it_goes() -> None:
    init = read_init_data(FILE.encode()[: FILE.index("<userid>") + 12])
    assert (init.user_name, init.userid) == ("Jérôme & Co", 4711)
    assert read_init_data(b"") == InitData()
    assert read_init_data(b"<app_init_data><userid>x</userid><ncpus>nan</ncpus><slot>-1</slot><hostid>1e99</hostid></app_init_data>") == InitData()
    assert read_init_data("<app_init_data><user_name>Łódź</user_name></app_init_data>".encode()).user_name == "Łódź"


def test_redaction_keeps_everything_else_as_it_was() -> None:
    wanted = FILE
    for secret in (KEY, "fedcba98765432100123456789abcdef", "jerome9", "hunter22", "hunter33"):
        wanted = wanted.replace(secret, "")
    assert redact_init_data(FILE.encode()).decode() == wanted


def test_a_damaged_file_is_written_anew() -> None:
    redacted = redact_init_data(FILE.encode()[:-4]).decode()
    assert KEY not in redacted
    assert "<userid>4711</userid>" in redacted
    assert "<user_name>Jérôme &amp; Co</user_name>" in redacted
    assert "<authenticator></authenticator>" in redacted
    assert "proxy" not in redacted
    assert read_init_data(redacted.encode()).result_name == "Theory_2843-1_0"


SECRET = "s3cr3t-Key"  # noqa: S105 (planted, to be missed in the result)
PLANTS = (
    "<authenticator>{0}</authenticator>",
    "<AUTHENTICATOR>{0}</AUTHENTICATOR>",
    "<x:Authenticator xmlns:x='y'>{0}</x:Authenticator>",
    "<authenticator><a>{0}</a></authenticator>",
    "<authenticator>a<b/>{0}</authenticator>",
    "<authenticator><![CDATA[{0}]]></authenticator>",
    "<authenticator value='{0}'/>",
    "<authenticator><a b='{0}'/></authenticator>",
    "<a authenticator='{0}'>{0}</a>",
    "<authenticator>{0}</authenticator><comment>{0}</comment>",
    "<comment>key {0}!</comment><authenticator>{0}</authenticator>",
    "<authenticator>{0}</authenticator><!-- {0} --><?pi {0}?>",
    "<authenticator>{0}</authenticator><a>s3cr<!-- -->3t-Key</a>",
    "<authenticator>{0}</authenticator><a>&#115;3cr3t-Key</a><b>&amp;#115;3cr3t-Key</b>",
    "<authenticator>{0}</authenticator><a b='{0}'/>",
    "<authenticator>{0}</authenticator><s3cr3t-Key/>".replace("<s3", "<x-s3"),
    "<weak_auth>{0}</weak_auth><opaque_auth>{0}</opaque_auth>",
    "<gui_rpc_passwd>{0}</gui_rpc_passwd>",
    "<a>&lt;authenticator&gt;{0}&lt;/authenticator&gt;</a>",
    "<a>&amp;lt;authenticator>{0}</a>",
    "<a><![CDATA[<authenticator>{0}</authenticator>]]></a>",
    "<authenticator>{0}",
    "<authenticator>{0}</b>",
    "<authenticator>{0}<user_name>{0}</user_name></authenticator><",
    "<authenticator><user_name>{0}</user_name>",
    "<authenticator>{0}</authenticator><user_name>{0}</user_name>&undefined;",
    "< authenticator >{0}</ authenticator >",
    "<authenticator {0}",
    "<!DOCTYPE a [<!ENTITY k '{0}'>]><user_name>x</user_name>",
    "\0<authenticator>{0}</authenticator>",
    "<user_name>&lt;authenticator&gt;{0}</user_name><",
)


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("wrap", ["<app_init_data>{}</app_init_data>", "{}", "<app_init_data><user_name>A</user_name>{}"])
def test_planted_secrets_are_gone(plant: str, wrap: str) -> None:
    redacted = redact_init_data(wrap.format(plant.format(SECRET)).encode()).decode()
    assert SECRET.lower() not in html.unescape(html.unescape(redacted)).lower()
    _well_formed(redacted)


def test_escapes_deeper_than_any_reader_undoes_them_are_left_alone() -> None:
    deep = "<app_init_data><a>&" + "amp;" * 12 + "lt;b</a></app_init_data>\n"
    assert redact_init_data(deep.encode()).decode() == deep


def test_a_key_is_known_by_its_shape() -> None:
    redacted = redact_init_data(f"<app_init_data><odd>12_{KEY}</odd><plain>{KEY[:31]}</plain></app_init_data>".encode()).decode()
    assert redacted == f"<app_init_data><odd></odd><plain>{KEY[:31]}</plain></app_init_data>\n"


_NAMES = st.sampled_from(["authenticator", "Authenticator", "weak_auth", "http_user_passwd", "user_name", "userid", "a", "project_preferences"])
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="<>&"), max_size=8)
_SECRETS = st.text("abcdefgh0123456789XYZ", min_size=12, max_size=32)


@st.composite
def _documents(draw: st.DrawFn) -> tuple[str, str]:
    """A document, perhaps damaged, with a secret in an authenticator and perhaps repeated elsewhere."""
    secret = draw(_SECRETS)
    pieces = [f"<authenticator>{secret}</authenticator>"]
    for _ in range(draw(st.integers(0, 5))):
        name, text = draw(_NAMES), draw(_TEXT | st.just(secret) | st.just(secret.upper()))
        pieces.append(
            draw(st.sampled_from(["<{0}>{1}</{0}>", "<{0}><![CDATA[{1}]]></{0}>", "<{0} k='{1}'/>", "<{0}>{1}", "{1}", "<!--{1}-->", "</{0}>"])).format(
                name, text
            )
        )
    order = draw(st.permutations(pieces))
    return "<app_init_data>\n" + "\n".join(order) + "\n</app_init_data>\n", secret


@given(_documents())
def test_no_document_lets_a_secret_through(document: tuple[str, str]) -> None:
    text, secret = document
    redacted = redact_init_data(text.encode())
    assert secret.lower() not in html.unescape(redacted.decode()).lower()
    assert redact_init_data(redacted) == redacted
    _well_formed(redacted.decode())


@given(st.binary(max_size=500))
def test_any_bytes(data: bytes) -> None:
    redacted = redact_init_data(data)
    _well_formed(redacted.decode())
    assert isinstance(read_init_data(data), InitData)


@pytest.mark.parametrize(
    "data",
    [
        b"<" + b"a" * MAX_BYTES,
        b"<a " * (MAX_BYTES // 3),
        b"<authenticator>" * 60_000,
        b"<a>" + b"<authenticator>word%d</authenticator>" * 20_000 + b"</a>",
        b"<app_init_data>" + b"<a>b</a>" * 100_000 + b"</app_init_data>",
        b"<app_init_data><authenticator>" + b" ".join(b"word%d" % n for n in range(50_000)) + b"</authenticator></app_init_data>",
        b"<authenticator>" + b" ".join(b"word%d" % n for n in range(50_000)),
        b"<a>" * 100 + b"</a>" * 100,
    ],
)
def test_large_and_hostile_files_take_bounded_time(data: bytes) -> None:
    began = time.monotonic()
    _well_formed(redact_init_data(data).decode())
    read_init_data(data)
    assert time.monotonic() - began < 20


def _well_formed(text: str) -> None:
    expat.ParserCreate("utf-8").Parse(text.encode(), True)  # noqa: FBT003 (expat takes no keywords)
