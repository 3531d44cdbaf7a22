"""``vbox_job.xml``: every element, every refusal, and that no bytes do more than raise a `TaskError`."""

from __future__ import annotations

import dataclasses
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain import safe_xml
from t4t.domain.errors import JobCombinationRefused, JobElementRefused, JobXmlMalformed, TaskError
from t4t.domain.vbox_job import MAX_PORT_FORWARDS, MAX_REPEATS, MAX_UNKNOWN, PortRange, VboxJob, parse_vbox_job
from t4t.domain.vbox_job_elements import ELEMENTS, Kind, parse_file_name
from t4t.domain.vm import PortForward

THEORY = b"""<vbox_job>
    <os_name>Linux26_64</os_name>
    <memory_size_mb>630.0</memory_size_mb>
    <enable_network/>
    <enable_remotedesktop/>
    <enable_shared_directory/>
    <copy_to_shared>init_data.xml</copy_to_shared>
    <copy_to_shared>input</copy_to_shared>
    <completion_trigger_file>shutdown</completion_trigger_file>
    <pf_host_port>7859</pf_host_port>
    <pf_guest_port>80</pf_guest_port>
    <enable_vm_savestate_usage/>
    <disable_automatic_checkpoints/>
    <heartbeat_filename>heartbeat</heartbeat_filename>
    <minimum_heartbeat_interval>1800</minimum_heartbeat_interval>
    <enable_screenshots_on_error/>
    <multiattach_vdi_file>Theory_2024_05_08_prod.vdi</multiattach_vdi_file>
</vbox_job>
"""


def parse(inner: str) -> VboxJob:
    return parse_vbox_job(f"<vbox_job>{inner}</vbox_job>".encode(), path="vbox_job.xml")


def test_a_production_file() -> None:
    job = parse_vbox_job(THEORY, path="vbox_job.xml")
    assert job == VboxJob(
        os_name="Linux26_64",
        memory_size_mb=630,
        enable_network=True,
        enable_remotedesktop=True,
        enable_shared_directory=True,
        copy_to_shared=("init_data.xml", "input"),
        completion_trigger_file="shutdown",
        pf_host_port=7859,
        pf_guest_port=80,
        enable_vm_savestate_usage=True,
        disable_automatic_checkpoints=True,
        heartbeat_filename="heartbeat",
        minimum_heartbeat_interval=1800.0,
        enable_screenshots_on_error=True,
        multiattach_vdi_file="Theory_2024_05_08_prod.vdi",
    )
    assert job.forwards == (PortForward(name="web", guest_port=80, host_port=7859),)


def test_an_empty_job_has_the_defaults() -> None:
    assert parse("") == VboxJob()


def test_the_table_names_each_field_once_with_its_type() -> None:
    fields = {field.name: field for field in dataclasses.fields(VboxJob) if field.name != "unknown"}
    assert [element.name for element in ELEMENTS] == list(fields)
    kinds = {
        "bool": {Kind.BOOLEAN},
        "str": {Kind.WORD, Kind.FILE},
        "int": {Kind.PORT, Kind.MEGABYTES},
        "float": {Kind.SECONDS},
        "tuple[str, ...]": {Kind.FILES},
        "tuple[PortRange, ...]": {Kind.PORTS},
    }
    for element in ELEMENTS:
        assert element.kind in kinds[str(fields[element.name].type)]
        assert element.action
        if element.default:
            assert str(fields[element.name].default).removesuffix(".0") == element.default


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<boot_iso/>", True),
        ("<boot_iso />", True),
        ("<boot_iso>1</boot_iso>", True),
        ("<boot_iso> 2 </boot_iso>", True),
        ("<boot_iso>0</boot_iso>", False),
        ("<boot_iso></boot_iso>", False),
        ("<boot_iso><!-- 1 --></boot_iso>", False),
        ("<boot_iso/><boot_iso>0</boot_iso>", False),
        ("<boot_iso>0</boot_iso><boot_iso/>", True),
    ],
)
def test_booleans(text: str, value: object) -> None:
    assert parse(text).boot_iso is value


@pytest.mark.parametrize(("text", "memory"), [("0", 512), ("", 512), ("511.9", 512), ("512", 512), ("1e3", 1000), ("1048576", 1_048_576)])
def test_memory_has_a_floor(text: str, memory: int) -> None:
    assert parse(f"<memory_size_mb>{text}</memory_size_mb>").memory_size_mb == memory


@pytest.mark.parametrize(("text", "vram"), [("0", 16), ("16", 16), ("64", 64), ("128", 128), ("129", 128), ("100000", 128)])
def test_video_memory_is_clamped(text: str, vram: int) -> None:
    assert parse(f"<vram_size_mb>{text}</vram_size_mb>").vram_size_mb == vram


def test_the_last_of_two_wins() -> None:
    assert parse("<memory_size_mb>1000</memory_size_mb><memory_size_mb>2000</memory_size_mb>").memory_size_mb == 2000


def test_an_empty_word_keeps_the_default() -> None:
    assert parse("<vm_disk_controller_type></vm_disk_controller_type>").vm_disk_controller_type == "sata"


def test_unknown_elements_are_collected_and_bounded() -> None:
    assert parse("<new_thing><deep/></new_thing><other/>").unknown == ("new_thing", "other")
    job = parse(f"<{'n' * 100}/>" * (MAX_UNKNOWN + 1))
    assert len(job.unknown) == MAX_UNKNOWN
    assert set(job.unknown) == {"n" * 64}


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ("memory_size_mb", "-1"),
        ("memory_size_mb", "nan"),
        ("memory_size_mb", "inf"),
        ("memory_size_mb", "1e400"),
        ("memory_size_mb", "1048577"),
        ("memory_size_mb", "0x400"),
        ("memory_size_mb", "1_024"),
        ("memory_size_mb", "12 12"),
        ("memory_size_mb", "١٢"),
        ("memory_size_mb", "<b/>"),
        ("memory_size_mb", "1" * 33),
        ("vram_size_mb", "-16"),
        ("job_duration", "-0.5"),
        ("job_duration", "1e12"),
        ("job_duration", "soon"),
        ("minimum_heartbeat_interval", "0"),
        ("minimum_heartbeat_interval", ""),
        ("pf_guest_port", "65536"),
        ("pf_guest_port", "-80"),
        ("pf_guest_port", "80.0"),
        ("pf_host_port", "http"),
        ("boot_iso", "true"),
        ("boot_iso", "9" * 40),
        ("os_name", "--delete"),
        ("os_name", "Linux 2.6"),
        ("vm_network_driver", "virtio;rm"),
        ("copy_to_shared", ""),
        ("multiattach_vdi_file", "folder/image.vdi"),
    ],
)
def test_refused_values_name_their_element(element: str, value: str) -> None:
    with pytest.raises(JobElementRefused) as caught:
        parse(f"<{element}>{value}</{element}>")
    assert caught.value.element == element
    assert caught.value.reason


def test_a_long_value_is_cut_in_the_error() -> None:
    with pytest.raises(JobElementRefused) as caught:
        parse(f"<os_name>{'x' * 200}</os_name>")
    assert len(caught.value.value) == 81


FILE_ELEMENTS = (
    *("multiattach_vdi_file", "copy_to_shared", "heartbeat_filename", "completion_trigger_file", "temporary_exit_trigger_file"),
    *("fraction_done_filename", "trickle_trigger_file", "intermediate_upload_file"),
)
BAD_NAMES = (
    *("/etc/passwd", "..", "../x", "a/../b", "./a", "a//b", "a/", "C:\\x", "c:x", "a\\b", "\\\\server\\share", "a:stream", "a*", 'a"b', "a|b", "a?", "a<b"),
    *("nul", "NUL.txt", "aux", "COM1", "lpt9.tar.gz", "com¹", "CONIN$", "con .x", "a.", "a/b. /c", "x" * 129, "é" * 65, "a/b/c/d/e"),
    *("a\nb", "a\tb", "a\u0085b", "a\u200bb", "a\u202eb", "a\u00a0b", "a\u2028b", "a\ufeffb"),
)


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_file_names_are_refused_everywhere(name: str) -> None:
    escaped = name.replace("<", "&lt;").replace("\n", "&#10;")
    for element in FILE_ELEMENTS:
        with pytest.raises(JobElementRefused) as caught:
            parse(f"<enable_shared_directory/><{element}>{escaped}</{element}>")
        assert caught.value.element == element


@pytest.mark.parametrize("name", ["a\0b", " a", "a ", "\ud800"])
def test_bad_file_names_that_xml_can_not_carry(name: str) -> None:
    with pytest.raises(JobElementRefused):
        parse_file_name("heartbeat_filename", name, folders=False)


@pytest.mark.parametrize("name", ["heartbeat", "a/b/c/d", "init_data.xml", "my file.txt", ".hidden", "..a", "console", "common", "Größe", "x" * 128])
def test_good_file_names(name: str) -> None:
    assert parse(f"<heartbeat_filename>{name}</heartbeat_filename>").heartbeat_filename == name


@given(st.text())
def test_an_accepted_name_stays_in_its_folder(name: str) -> None:
    try:
        accepted = parse_file_name("heartbeat_filename", name, folders=True)
    except JobElementRefused:
        return
    assert accepted == name
    assert not accepted.startswith("/")
    assert ".." not in accepted.split("/")
    assert not set(accepted) & set('\\:\0\n\r"*?<>|')


@pytest.mark.parametrize(
    ("inner", "first", "second"),
    [
        ("<share_slot_dir/><enable_shared_directory/>", "share_slot_dir", "enable_shared_directory"),
        ("<share_slot_dir/><copy_to_shared>a</copy_to_shared>", "share_slot_dir", "copy_to_shared"),
        ("<copy_to_shared>a</copy_to_shared>", "copy_to_shared", "enable_shared_directory"),
        ("<share_project_dir/><enable_scratch_directory/>", "share_project_dir", "enable_scratch_directory"),
    ],
)
def test_forbidden_combinations(inner: str, first: str, second: str) -> None:
    with pytest.raises(JobCombinationRefused) as caught:
        parse(inner)
    assert (caught.value.first, caught.value.second) == (first, second)


def test_port_forwards() -> None:
    job = parse(
        "<enable_network/><port_forward><host_port>5000</host_port><guest_port>22</guest_port><nports>2</nports><is_remote/><odd/></port_forward>"
        "<port_forward><guest_port>9</guest_port><is_remote>0</is_remote></port_forward>"
    )
    assert job.port_forward == (PortRange(guest_port=22, host_port=5000, is_remote=True, nports=2), PortRange(guest_port=9))
    assert job.forwards == (
        PortForward(name="port1", guest_port=22, host_port=5000, remote=True),
        PortForward(name="port2", guest_port=23, host_port=5001, remote=True),
        PortForward(name="port3", guest_port=9),
    )
    assert parse("<pf_guest_port>80</pf_guest_port>").forwards == ()


@pytest.mark.parametrize(
    ("inner", "element"),
    [
        ("<port_forward><host_port>5000</host_port></port_forward>", "guest_port"),
        ("<port_forward><guest_port>0</guest_port></port_forward>", "guest_port"),
        ("<port_forward><guest_port>70000</guest_port></port_forward>", "guest_port"),
        ("<port_forward><host_port>x</host_port></port_forward>", "host_port"),
        ("<port_forward><guest_port>65535</guest_port><nports>2</nports></port_forward>", "nports"),
        ("<port_forward><guest_port>5</guest_port><host_port>65535</host_port><nports>2</nports></port_forward>", "nports"),
        ("<port_forward><guest_port>5</guest_port><nports>-1</nports></port_forward>", "nports"),
        ("<port_forward><guest_port>5</guest_port><nports>100000</nports></port_forward>", "nports"),
        ("<port_forward><guest_port>5</guest_port><is_remote>yes</is_remote></port_forward>", "is_remote"),
        ("<port_forward><guest_port><a/></guest_port></port_forward>", "guest_port"),
        ("<port_forward><guest_port>5</guest_port><nports>200</nports></port_forward>" * 2, "port_forward"),
        ("<port_forward><guest_port>5</guest_port><host_port>7000</host_port></port_forward>" * 2, "port_forward"),
    ],
)
def test_bad_port_forwards(inner: str, element: str) -> None:
    with pytest.raises(JobElementRefused) as caught:
        parse(inner)
    assert caught.value.element == element


def test_too_many_of_a_kind() -> None:
    with pytest.raises(JobElementRefused):
        parse("<trickle_trigger_file>t</trickle_trigger_file>" * (MAX_REPEATS + 1))
    with pytest.raises(JobElementRefused):
        parse("<port_forward><guest_port>5</guest_port></port_forward>" * (MAX_PORT_FORWARDS + 1))


BILLION_LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (ord("b") + n, b"&%c;" % (ord("a") + n) * 10) for n in range(9))
    + b"]><vbox_job>&j;</vbox_job>"
)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"\0",
        b"<vbox_job>",
        b"<vbox_job></vbox_jo>",
        b"<vbox_job/><vbox_job/>",
        b"<other_job/>",
        THEORY[:-5],
        THEORY[:200],
        THEORY.decode().encode("utf-16"),
        THEORY.decode().encode("utf-16-le"),
        b"<vbox_job><os_name>\xff</os_name></vbox_job>",
        b"<vbox_job>&nbsp;</vbox_job>",
        b"<vbox_job>&#0;</vbox_job>",
        BILLION_LAUGHS,
        b'<!DOCTYPE vbox_job SYSTEM "file:///etc/passwd"><vbox_job/>',
        b'<!DOCTYPE v [<!ENTITY x SYSTEM "file:///etc/passwd">]><vbox_job><os_name>&x;</os_name></vbox_job>',
        b"<vbox_job>" + b"<a>" * 40 + b"</a>" * 40 + b"</vbox_job>",
        b"<vbox_job>" + b"<a/>" * (safe_xml.MAX_ELEMENTS + 1) + b"</vbox_job>",
        b"<vbox_job><os_name>" + b"x" * (safe_xml.MAX_TEXT + 1) + b"</os_name></vbox_job>",
        b"<vbox_job><" + b"x" * 200 + b"/></vbox_job>",
        b"<vbox_job>" + b" " * safe_xml.MAX_BYTES + b"</vbox_job>",
        b"<a" * 60_000,
        b"<" * 200_000,
    ],
)
def test_malformed_and_hostile_documents(data: bytes) -> None:
    with pytest.raises(JobXmlMalformed) as caught:
        parse_vbox_job(data, path="somewhere/vbox_job.xml")
    assert caught.value.path == "somewhere/vbox_job.xml"
    assert 0 < len(caught.value.reason) < 300


def test_layout_does_not_count_as_text() -> None:
    spaced = "<vbox_job>" + ("\n" + " " * 50 + "<boot_iso/>") * 1000 + "</vbox_job>"
    assert parse_vbox_job(spaced.encode(), path="").boot_iso


def test_declarations_comments_and_byte_order_marks_are_fine() -> None:
    data = b'\xef\xbb\xbf<?xml version="1.0" encoding="iso-8859-1"?><?pi x?><!-- c --><vbox_job a="b"> text <![CDATA[x]]><boot_iso/></vbox_job>'
    assert parse_vbox_job(data, path="") == VboxJob(boot_iso=True)


@given(st.binary(max_size=2000))
def test_any_bytes_are_a_job_or_a_task_error(data: bytes) -> None:
    _job_or_error(data)


_SNIPPETS = st.sampled_from(
    [f"<{element.name}>" for element in ELEMENTS]
    + [f"</{element.name}>" for element in ELEMENTS]
    + [f"<{element.name}/>" for element in ELEMENTS]
    + [
        "<vbox_job>",
        "</vbox_job>",
        "<guest_port>80</guest_port>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "&lt;",
        "&#65;",
        "<!DOCTYPE a>",
        "\0",
        "1",
        "-1",
        "nan",
        "x",
    ]
)


@given(st.lists(_SNIPPETS | st.text(alphabet=string.printable, max_size=5), max_size=40))
def test_any_near_miss_is_a_job_or_a_task_error(pieces: list[str]) -> None:
    _job_or_error(("<vbox_job>" + "".join(pieces) + "</vbox_job>").encode())


@given(st.sampled_from([element.name for element in ELEMENTS]), st.text(max_size=40))
def test_any_text_in_any_element(name: str, text: str) -> None:
    escaped = text.encode("utf-8", "replace").decode().replace("&", "&amp;").replace("<", "&lt;")
    _job_or_error(f"<vbox_job><{name}>{escaped}</{name}></vbox_job>".encode())


def _job_or_error(data: bytes) -> None:
    try:
        job = parse_vbox_job(data, path="p")
    except TaskError:
        return
    assert job.memory_size_mb >= 512
    assert 16 <= job.vram_size_mb <= 128
    assert job.minimum_heartbeat_interval >= 1
    assert all(0 < port.guest_port <= 65_535 and 0 <= port.host_port <= 65_535 for port in job.forwards)
