"""The quick way of reading against the full one: where both take a payload, they agree."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from angkut_broker.messages import MAX_BATCH, Fault, Telemetry
from angkut_broker.reading import Reading, read_quickly
from angkut_broker.topics import is_id

_FULL = TypeAdapter(list[Telemetry])
FIELDS = Reading.__struct_fields__
MINIMAL = b'{"v":1,"id":"a","seq":1,"t":"2026-01-14T21:45:00Z"'

NUMBERS = st.one_of(
    st.integers(-300, 110_000).map(str),
    st.integers().map(str),
    st.floats().map(repr),
    st.decimals(-300, 1200, allow_nan=False).map(str),
    st.from_regex(r"-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.sampled_from(["-0", "-0.0", "01", "+1", "1.", ".5", "1e2", "1.0", "2e400", "NaN", "1_0"]),
    st.sampled_from(["9007199254740991", "9007199254740992", "18446744073709551616"]),
)
FRACTIONS = st.from_regex(r"([.,][0-9]{0,12})?", fullmatch=True) | st.sampled_from(
    [".9999995", ".9999994", ".0000005", ".1234565", ".12345650000001", ".999999", ".9999999Z"]
)
TIMES = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["2026-01-14", "0001-01-01", "9999-12-31", "2024-02-29", "2023-02-29"])
    | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True),
    st.from_regex(r"[Tt _][0-2][0-9]:[0-6][0-9](:[0-6][0-9])?", fullmatch=True),
    FRACTIONS,
    st.sampled_from(["Z", "z", "", "+00:00", "-00:00", "+0700", "+07", "+07:00", "+24:00"])
    | st.from_regex(r"[+-][0-2][0-9]:[0-9]{2}", fullmatch=True),
)
WORDS = st.one_of(
    st.text().map(json.dumps),
    st.text().map(lambda text: json.dumps(text, ensure_ascii=False)),
    st.sampled_from(['"\\ud800"', '"\\u0000"', '"a\\n"', '"\x7f"', '"a\tb"', '"' + "x" * 65 + '"']),
    st.sampled_from([f'"{fault}"' for fault in Fault]),
    TIMES.map(json.dumps),
)
VALUES = st.recursive(
    NUMBERS | WORDS | st.sampled_from(["null", "true", "false", "{}"]),
    lambda inner: st.lists(inner, max_size=18).map(lambda items: f"[{','.join(items)}]"),
    max_leaves=18,
)
#: For each field what it takes, in many spellings, and sometimes what it does not.
LIKELY: dict[str, st.SearchStrategy[str]] = {
    "v": st.just("1"),
    "id": st.sampled_from(['"a"', '"gw-1"', '"A"', '"a\\n"', '"\\u0061"']),
    "t": TIMES.map(json.dumps),
    "fw": WORDS,
    "d_mm": st.lists(NUMBERS, max_size=17).map(lambda items: f"[{', '.join(items)}]"),
    "faults": st.lists(WORDS, max_size=9).map(lambda items: f"[{','.join(items)}]"),
}
SPACE = st.sampled_from(["", " ", "\n\t", "\r\n", "\x0b", "\ufeff"])


@st.composite
def objects(draw: st.DrawFn) -> str:
    """Return text that looks like a reading: fields in any order, some twice, some strange."""
    names = draw(st.lists(st.sampled_from([*FIELDS, "x"]), max_size=8))
    names = draw(st.permutations(["v", "id", "seq", "t", *names]))
    members = []
    for name in names:
        likely = LIKELY.get(name, NUMBERS)
        value = draw(st.one_of(likely, likely, likely, VALUES))
        members.append(f'{draw(SPACE)}"{name}":{draw(SPACE)}{value}')
    return "{" + ",".join(members) + "}"


def agree(payload: bytes, *, is_batch: bool) -> bool:
    """Check the claim; tell whether the quick way took the payload."""
    quick = read_quickly(payload, is_batch=is_batch)
    # As `codec` does, which knows whose message it is.
    if quick is None or not all(is_id(reading.id) for reading in quick):
        return False
    full = _FULL.validate_json(payload if is_batch else b"[" + payload + b"]")
    assert [_values(reading) for reading in quick] == [_values(reading) for reading in full]
    for reading in full:
        assert not reading.model_extra
        assert set(reading.faults or ()) <= set(Fault)
    return True


def _values(reading: Reading | Telemetry) -> list[Any]:
    values = [getattr(reading, name) for name in FIELDS]
    # 1 == 1.0 == True in Python, but not in a database; times are equal in different zones.
    return [
        (type(value), repr(value), [repr(item) for item in value])
        if isinstance(value, list)
        else (value, value.utcoffset())
        if isinstance(value, datetime)
        else (type(value), repr(value))
        for value in values
    ]


def test_a_reading_has_the_fields_of_the_contract() -> None:
    assert tuple(Telemetry.model_fields) == FIELDS


@settings(max_examples=300)
@given(objects())
def test_what_the_quick_way_takes_the_full_way_takes_with_the_same_value(text: str) -> None:
    agree(text.encode(errors="surrogatepass"), is_batch=False)


@given(st.lists(objects(), max_size=3))
def test_the_same_holds_for_batches(texts: list[str]) -> None:
    agree(f"[{','.join(texts)}]".encode(errors="surrogatepass"), is_batch=True)


@settings(max_examples=200)
@given(objects(), st.integers(0), st.binary(max_size=3), st.integers(0, 3))
def test_the_same_holds_for_broken_bytes(text: str, at: int, put: bytes, cut: int) -> None:
    payload = text.encode(errors="surrogatepass")
    at %= len(payload)
    agree(payload[:at] + put + payload[at + cut :], is_batch=False)


@settings(max_examples=300)
@given(TIMES)
@example("2026-01-14T21:45:00.9999995Z")
@example("2026-01-14T21:45:00.0000009Z")
@example("2026-01-14 21:45:00.1234567+07:00")
@example("2026-01-14T21:45:60Z")
def test_the_same_holds_for_every_spelling_of_a_time(time: str) -> None:
    agree(MINIMAL.replace(b"2026-01-14T21:45:00Z", time.encode()) + b"}", is_batch=False)


@settings(max_examples=300)
@given(st.sampled_from(FIELDS), VALUES)
def test_the_same_holds_for_any_value_of_any_field(name: str, value: str) -> None:
    member = f',"{name}":{value}}}'.encode(errors="surrogatepass")
    agree(MINIMAL + member, is_batch=False)


@pytest.mark.parametrize(
    "more",
    [
        b"",
        b',"d_mm":[612,608,1490,610],"fill_pct":null,"bat_mv":3480,"temp_c":31.2,"tilt_deg":2',
        b',"rssi_dbm":-109,"snr_db":4.5,"fw":"1.4.2"',
        b',"temp_c":31,"snr_db":-0.0,"faults":["no_echo","history"]',
        b',"d_mm":[],"fw":"Sensor \xc3\xa9 2"',
        b', "fill_pct" : -50 \r\n',
    ],
)
def test_what_devices_send_is_read_quickly(more: bytes) -> None:
    for time in (b"21:45:00Z", b"21:45:00.5+00:00", b"21:45:00.123456+07:00"):
        payload = MINIMAL.replace(b"21:45:00Z", time) + more + b"}"
        assert agree(payload, is_batch=False)
        assert agree(b"[%b]" % b",".join([payload] * 25), is_batch=True)


@pytest.mark.parametrize(
    "payload",
    [
        MINIMAL + b',"x":1}',
        MINIMAL + b',"faults":["from_mars"]}',
        MINIMAL + b',"fw":"%b"}' % (b"x" * 65),
        MINIMAL + b',"fw":"a\\u0000"}',
        MINIMAL.replace(b":00Z", b":00.1234567Z") + b"}",
        MINIMAL + b"}{",
    ],
)
def test_what_must_be_counted_or_explained_is_left_to_the_full_way(payload: bytes) -> None:
    assert read_quickly(payload, is_batch=False) is None


def test_a_batch_has_the_contract_s_bounds() -> None:
    one = MINIMAL + b"}"
    for size in (0, MAX_BATCH + 1):
        assert read_quickly(b"[%b]" % b",".join([one] * size), is_batch=True) is None
    assert agree(b"[%b]" % b",".join([one] * MAX_BATCH), is_batch=True)


@given(st.text())
def test_an_id_is_what_the_contract_s_pattern_says(text: str) -> None:
    document = MINIMAL.replace(b'"a"', json.dumps(text).encode()) + b"}"
    try:
        _FULL.validate_json(b"[" + document + b"]")
    except ValueError:
        assert not is_id(text)
    else:
        assert is_id(text)


@pytest.mark.parametrize("text", ["a\n", "", "-a", "A", "a" * 65, "\uff41", "a.b"])
def test_a_name_that_is_no_id_is_not_taken_for_one(text: str) -> None:
    assert not is_id(text)
