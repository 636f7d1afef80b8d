import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_packet import OscPacket

from protocols.datagrams import message, pack, unpack
from protocols.errors import FacewireError

addresses = st.from_regex(r"/[a-zA-Z/]{1,30}", fullmatch=True)
texts = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=20)
integers = st.integers(-(2**31), 2**31 - 1)
floats = st.floats(width=32, allow_nan=False, allow_infinity=False)
any_message = st.tuples(
    addresses, st.lists(st.one_of(texts, integers), max_size=3).map(tuple), st.lists(floats, max_size=4).map(tuple)
)


@given(st.lists(any_message, min_size=1, max_size=40), st.sampled_from(["mtu", "one", "off"]))
def test_messages_survive_in_order(messages, bundling):
    sent = pack([message(address, *constants, floats=values) for address, constants, values in messages], bundling)
    expected = [(address, (*constants, *values)) for address, constants, values in messages]
    assert [each for datagram in sent for each in unpack(datagram)] == expected
    read = [timed.message for datagram in sent for timed in OscPacket(datagram).messages]
    assert [(each.address, tuple(each.params)) for each in read] == expected


def test_types_on_the_wire():
    assert message("/a", 1, "x", floats=(0, 0.5)) == (
        b"/a\0\0" + b",isff\0\0\0" + b"\0\0\0\1" + b"x\0\0\0" + bytes(4) + bytes.fromhex("3f000000")
    )


def test_datagrams_are_filled_up_to_the_mtu():
    # 16 + 4 + 1380 = 1400: a bundle exactly as large as allowed.
    fitting = message("/" + "a" * 1374)
    assert [len(each) for each in (fitting, *pack([fitting], "mtu"))] == [1380, 1400]
    small = message("/b")
    assert [len(datagram) for datagram in pack([fitting, small, small], "mtu")] == [1400, 16 + 2 * (4 + 8)]
    assert len(pack([small, fitting, small], "mtu")) == 3
    # What fits nowhere travels alone.
    assert [len(datagram) > 1400 for datagram in pack([small, message("/" + "a" * 2000), small], "mtu")] == [
        False,
        True,
        False,
    ]


def test_bundles_in_bundles_are_read():
    inner = pack([message("/a"), message("/b")], "one")[0]
    assert unpack(pack([inner, message("/c")], "one")[0]) == [("/a", ()), ("/b", ()), ("/c", ())]


@given(st.binary(max_size=100))
def test_garbage_is_refused_or_read_without_any_other_error(data):
    for datagram in (data, pack([data or b"\0"], "one")[0], b"/a\0\0," + data):
        try:
            unpack(datagram)
        except FacewireError:
            continue


@pytest.mark.parametrize("size", [-4, 0, -(2**31), 2**31 - 1, 5])
def test_element_sizes_that_lie(size):
    bundle = pack([message("/a")], "one")[0]
    with pytest.raises(FacewireError, match="OSC"):
        unpack(bundle[:16] + size.to_bytes(4, "big", signed=True) + bundle[20:])
