"""The content of each way of contextualisation, read back by the reference guest's own reader."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.appliances import descriptor
from t4t.domain.appliance_descriptor import Context, ContextWay, parse_descriptor
from t4t.domain.errors import DescriptorInvalid
from t4t.guest.context import key_lines, seed, user_data
from t4t_guest.context import ISO_FILES, merge, place_from_files
from t4t_guest.context import key_lines as guest_keys

ISO_WAYS = [way for way in ContextWay if way.iso]


def test_amiconfig_has_the_loaders_block_the_plugins_their_sections_and_ours() -> None:
    text = descriptor(way=ContextWay.AMICONFIG, values={"T4T_MODE": "idle"}).replace(
        "[context.values]",
        '[context.ucernvm]\ncvmfs_branch = "cernvm-prod.cern.ch"\n[context.amiconfig.cernvm]\nproxy = "direct"\n'
        '[context.amiconfig.amiconfig]\nplugins = "cernvm"\n[context.values]',
    )
    given_text = user_data(parse_descriptor(text.encode(), path="f").context, path="f")
    assert given_text == (
        "[ucernvm-begin]\ncvmfs_branch=cernvm-prod.cern.ch\n[ucernvm-end]\n[amiconfig]\nplugins=cernvm\n[cernvm]\nproxy=direct\n[t4t]\nT4T_MODE=idle\n"
    )
    assert guest_keys(given_text) == {"T4T_MODE": "idle"}
    assert guest_keys("A=1\n[ucernvm-begin]\nB=1\n[ucernvm-end]\nC=1\n") == {"A": "1", "C": "1"}


def test_user_data_is_given_as_it_is() -> None:
    assert user_data(Context(user_data="#!/bin/sh\n"), path="f") == "#!/bin/sh\n"
    assert user_data(Context(), path="f") == ""
    assert user_data(Context(way=ContextWay.AMICONFIG), path="f") == ""


def test_too_much_user_data() -> None:
    with pytest.raises(DescriptorInvalid, match="user data"):
        user_data(Context(values={f"K{number}": "x" * 1000 for number in range(20)}), path="f")


def test_each_way_has_its_own_places() -> None:
    cidata = seed(ContextWay.CIDATA, text="a", instance="i", files={"input": b"x"})
    assert (cidata.label, set(cidata.files)) == ("cidata", {"user-data", "meta-data", "input"})
    assert b"instance-id: i\n" in cidata.files["meta-data"]
    ec2 = seed(ContextWay.EC2, text="a", instance="i")
    assert (ec2.label, json.loads(ec2.files["ec2/latest/meta-data.json"])["instance-id"]) == ("config-2", "i")
    assert ec2.files["ec2/latest/user-data"] == b"a"
    stack = seed(ContextWay.OPENSTACK, text="a", instance="i")
    assert (stack.label, stack.files["openstack/latest/user_data"]) == ("config-2", b"a")
    assert len(json.loads(stack.files["openstack/latest/meta_data.json"])["uuid"]) == 36
    cernvm = seed(ContextWay.AMICONFIG, text="a", instance="i")
    assert (cernvm.label, set(cernvm.files)) == ("CONTEXT_INFO", {"context.sh"})
    assert base64.b64encode(b"a") in cernvm.files["context.sh"]


@pytest.mark.parametrize("way", [way for way in ContextWay if not way.iso])
def test_ways_without_an_iso(way: ContextWay) -> None:
    with pytest.raises(ValueError, match="no ISO"):
        seed(way, text="", instance="i")


_LINE = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=30)


@given(way=st.sampled_from(ISO_WAYS), values=st.dictionaries(st.sampled_from(["T4T_A", "T4T_B", "BOINC_C"]), _LINE), section=_LINE)
def test_what_the_guest_reads_is_what_was_given(way: ContextWay, values: dict[str, str], section: str) -> None:
    context = Context(way=way, accepts=(way,), values=values, amiconfig={"amiconfig": {"plugins": section}} if way is ContextWay.AMICONFIG else {})
    made = seed(way, text=user_data(context, path="f"), instance="i", files={"input": b"job"})
    seen = {name: made.files[name].decode() for name in ISO_FILES if name in made.files}
    place = place_from_files(seen)
    assert dict(place.keys) == values
    assert merge([place]).job == "job"


@given(st.dictionaries(st.sampled_from(["T4T_A", "T4T_B"]), _LINE))
def test_key_lines_come_back(values: dict[str, str]) -> None:
    assert guest_keys(key_lines(values)) == values
