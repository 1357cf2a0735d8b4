import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from angkut_broker.codec import decode, encode
from angkut_broker.errors import Reason
from angkut_broker.messages import Ack, Event, Fault, Health, Meta, Status, Telemetry

NOW = datetime(2026, 1, 14, 22, tzinfo=UTC)
DEVICE = "70b3d57ed0001234"
BASE = f"angkut/v1/bekasi/327501/bin/{DEVICE}"
GATEWAY = "angkut/v1/bekasi/327501/gateway/gw-01/telemetry"

#: The example of the contract, to the letter.
EXAMPLE = (
    b'{"v":1,"id":"70b3d57ed0001234","seq":1842,"t":"2026-01-14T21:45:00Z",'
    b'"d_mm":[612,608,1490,610],"fill_pct":null,"bat_mv":3480,"temp_c":31.2,"tilt_deg":2,'
    b'"rssi_dbm":-109,"snr_db":4.5,"fw":"1.4.2"}'
)


def refusal(payload: bytes, topic: str = f"{BASE}/telemetry") -> tuple[Reason, str]:
    decoded = decode(topic, payload, now=NOW)
    assert decoded.refusal is not None
    assert not decoded.readings
    return decoded.refusal.reason, decoded.refusal.detail


def test_the_example_of_the_contract_is_read() -> None:
    decoded = decode(f"{BASE}/telemetry", EXAMPLE, now=NOW)
    assert decoded.refusal is None
    assert decoded.ignored == 0
    (reading,) = decoded.readings
    assert (reading.seq, reading.d_mm, reading.bat_mv) == (1842, [612, 608, 1490, 610], 3480)
    assert reading.t == datetime(2026, 1, 14, 21, 45, tzinfo=UTC)


def test_what_is_encoded_decodes_to_the_same() -> None:
    (expected,) = decode(f"{BASE}/telemetry", EXAMPLE, now=NOW).readings
    reading = Telemetry.model_validate_json(EXAMPLE)
    assert list(decode(f"{BASE}/telemetry", encode(reading), now=NOW).readings) == [expected]
    both = [reading, reading.model_copy(update={"seq": 1843})]
    decoded = decode(f"{BASE}/telemetry", encode(both), now=NOW)
    assert list(decoded.readings) == [expected, replace(expected, seq=1843)]


@pytest.mark.parametrize(
    ("old", "new", "reason", "word"),
    [
        (b'{"v"', b'{"v', Reason.NOT_JSON, "JSON"),
        (b"1.4.2", b"\xff\xfe", Reason.NOT_UTF8, "JSON"),
        (b'"v":1', b'"v":2', Reason.WRONG_VERSION, "v"),
        (b'"v":1,', b"", Reason.MISSING_FIELD, "v"),
        (b'"seq":1842,', b"", Reason.MISSING_FIELD, "seq"),
        (b"31.2", b"NaN", Reason.NOT_FINITE, "temp_c"),
        (b"31.2", b"1e999", Reason.NOT_FINITE, "temp_c"),
        (b"612", b"NaN", Reason.NOT_FINITE, "d_mm"),
        (b"3480", b'"3480"', Reason.INVALID_FIELD, "bat_mv"),
        (b"3480", b"true", Reason.INVALID_FIELD, "bat_mv"),
        (b"1842", b"-1", Reason.INVALID_FIELD, "seq"),
        (b"1842", b"1" * 40, Reason.INVALID_FIELD, "seq"),
        (b"[612,608,1490,610]", b"[" + b"1," * 16 + b"1]", Reason.INVALID_FIELD, "d_mm"),
        (b"21:45:00Z", b"21:45:00", Reason.INVALID_FIELD, "timezone"),
        (b'"2026-01-14T21:45:00Z"', b"1768427100", Reason.INVALID_FIELD, "t"),
        (b"2026-01-14T21", b"1970-01-01T00", Reason.TIME_TOO_OLD, "clock"),
        (b"2026-01-14T21:45", b"2026-01-14T22:06", Reason.TIME_IN_FUTURE, "ahead"),
        (b"70b3d57ed0001234", b"70b3d57ed0009999", Reason.ID_MISMATCH, "itself"),
        (b"1.4.2", b"1.4\\u0000", Reason.INVALID_FIELD, "fw"),
    ],
)
def test_a_wrong_reading_is_refused_with_its_own_reason(
    old: bytes, new: bytes, reason: Reason, word: str
) -> None:
    assert old in EXAMPLE
    found, detail = refusal(EXAMPLE.replace(old, new))
    assert found is reason
    assert word in detail


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.NOT_JSON),
        (b"null", Reason.INVALID_FIELD),
        (b"[]", Reason.EMPTY_BATCH),
        (b"[1]", Reason.INVALID_FIELD),
        (b"[" * 10_000, Reason.NOT_JSON),
        (b" " * (64 * 1024 + 1), Reason.PAYLOAD_TOO_LARGE),
    ],
)
def test_a_payload_that_is_no_reading_is_refused(payload: bytes, reason: Reason) -> None:
    assert refusal(payload)[0] is reason


def test_a_clock_may_run_five_minutes_ahead() -> None:
    ahead = EXAMPLE.replace(b"21:45:00", b"22:05:00")
    assert decode(f"{BASE}/telemetry", ahead, now=NOW).refusal is None


def test_unknown_fields_are_ignored_and_counted() -> None:
    decoded = decode(f"{BASE}/telemetry", EXAMPLE.replace(b"{", b'{"x":1,"y":[2],'), now=NOW)
    assert (len(decoded.readings), decoded.ignored) == (1, 2)


def test_known_faults_are_kept_and_unknown_ones_counted() -> None:
    payload = EXAMPLE.replace(b"{", b'{"faults":["no_echo","from_mars","history"],')
    decoded = decode(f"{BASE}/telemetry", payload, now=NOW)
    (reading,) = decoded.readings
    assert set(Fault) & set(reading.faults or ()) == {Fault.NO_ECHO, Fault.HISTORY}
    assert decoded.ignored == 1


@pytest.mark.parametrize("faults", [b'"no_echo"', b'["No Echo"]', b'[""]', b"[1]", b'["a"%b]'])
def test_faults_are_a_short_list_of_plain_codes(faults: bytes) -> None:
    payload = EXAMPLE.replace(b"{", b'{"faults":%b,' % faults.replace(b"%b", b',"a"' * 8))
    reason, detail = refusal(payload)
    assert (reason, detail[:6]) == (Reason.INVALID_FIELD, "faults")


def test_the_good_readings_of_a_batch_survive_a_bad_one() -> None:
    bad = EXAMPLE.replace(b"3480", b'"?"')
    old = EXAMPLE.replace(b"2026-01", b"1970-01")
    decoded = decode(f"{BASE}/telemetry", b"[%b,%b,%b]" % (EXAMPLE, bad, EXAMPLE), now=NOW)
    assert len(decoded.readings) == 2
    assert decoded.refusal is not None
    assert decoded.refusal.detail.startswith("[1]bat_mv")
    decoded = decode(f"{BASE}/telemetry", b"[%b,%b]" % (EXAMPLE, old), now=NOW)
    assert len(decoded.readings) == 1
    assert decoded.refusal is not None
    assert decoded.refusal.detail.startswith("[1]")


def test_a_gateway_may_speak_for_many_devices() -> None:
    other = EXAMPLE.replace(b"1234", b"5678")
    decoded = decode(GATEWAY, b"[%b,%b]" % (EXAMPLE, other), now=NOW)
    assert [reading.id[-4:] for reading in decoded.readings] == ["1234", "5678"]


def test_the_other_channels_are_read() -> None:
    claims = f'"v":1,"id":"{DEVICE}"'.encode()
    event = b'{%b,"seq":1,"t":"2026-01-14T21:45:00Z","kind":"fire","value":71.5}' % claims
    for channel, payload, kind in (
        ("event", event, Event),
        ("meta", b'{%b,"model":"EM400","interval_s":600}' % claims, Meta),
        ("ack", b'{%b,"cmd_id":"c-1","ok":true}' % claims, Ack),
        ("status", b"offline", Status),
    ):
        decoded = decode(f"{BASE}/{channel}", payload, now=NOW)
        assert isinstance(decoded.message, kind)
        assert encode(decoded.message)


def test_a_word_that_is_no_status_is_refused() -> None:
    assert refusal(b"maybe", f"{BASE}/status")[0] is Reason.INVALID_FIELD


def test_a_device_does_not_publish_commands() -> None:
    assert refusal(EXAMPLE, f"{BASE}/cmd")[0] is Reason.BAD_TOPIC


CHANNELS = st.sampled_from(["telemetry", "event", "status", "meta", "ack", "cmd", "nonsense"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from([*Telemetry.model_fields, "x"]) | st.text(), inner)
    ),
)


@given(CHANNELS, st.binary())
def test_any_bytes_give_a_message_or_a_refusal(channel: str, payload: bytes) -> None:
    decoded = decode(f"{BASE}/{channel}", payload, now=NOW)
    assert decoded.readings or decoded.message or decoded.refusal


@given(
    st.sampled_from(["telemetry", "event", "status", "meta", "ack", "refused", "health"]),
    st.sampled_from(["bin", "gateway"]),
    st.dictionaries(st.sampled_from(["t", "seq", "kind", "cmd_id", "ok", "at"]) | st.text(), JSON),
)
def test_strange_fields_beside_good_ones_give_a_message_or_a_refusal(
    channel: str, kind: str, strange: dict[str, object]
) -> None:
    good = {"v": 1, "id": DEVICE, "t": "2026-01-14T21:45:00Z", "seq": 1, "kind": "lid"}
    good |= {"cmd_id": "c", "ok": True, "reason": "not_json", "detail": "", "at": NOW.isoformat()}
    topic = f"angkut/v1/bekasi/327501/{kind}/{DEVICE}/{channel}"
    for payload in (good | strange, strange | {"v": 1, "id": DEVICE}):
        decoded = decode(topic, json.dumps(payload).encode(), now=NOW)
        assert decoded.readings or decoded.message or decoded.refusal


def test_an_unknown_field_with_the_name_of_a_known_one_is_only_counted() -> None:
    payload = b'{"v":1,"id":"%b","model":"EM400","t":"yesterday"}' % DEVICE.encode()
    decoded = decode(f"{BASE}/meta", payload, now=NOW)
    assert isinstance(decoded.message, Meta)
    assert decoded.ignored == 1


@given(CHANNELS, JSON)
def test_any_json_gives_a_message_or_a_refusal(channel: str, value: object) -> None:
    decoded = decode(f"{BASE}/{channel}", json.dumps(value).encode(), now=NOW)
    assert decoded.readings or decoded.message or decoded.refusal


@given(st.lists(st.sampled_from([EXAMPLE]) | JSON.map(lambda v: json.dumps(v).encode())))
def test_every_good_reading_of_any_batch_is_kept(items: list[bytes]) -> None:
    decoded = decode(f"{BASE}/telemetry", b"[" + b",".join(items) + b"]", now=NOW)
    assert len(decoded.readings) >= items.count(EXAMPLE)
    assert len(decoded.readings) == len(items) or decoded.refusal


def test_the_bound_ahead_is_five_minutes() -> None:
    late = NOW + timedelta(minutes=5, seconds=1)
    payload = EXAMPLE.replace(b"2026-01-14T21:45:00Z", late.isoformat().encode())
    assert refusal(payload)[0] is Reason.TIME_IN_FUTURE


HEALTH = b'{"v":1,"id":"gw-01","t":"%s","queued":1,"spool_bytes":1,"spool_max_bytes":2}'


def test_a_gateway_tells_how_it_is_whatever_its_clock_shows() -> None:
    topic = GATEWAY.replace("telemetry", "health")
    decoded = decode(topic, HEALTH % b"2031-01-01T00:00:00Z", now=NOW)
    assert decoded.refusal is None
    assert isinstance(decoded.message, Health)


def test_a_gateway_tells_how_it_is_itself_and_nobody_elses_health() -> None:
    topic = GATEWAY.replace("telemetry", "health").replace("gw-01", "gw-02")
    assert refusal(HEALTH % b"2026-01-01T00:00:00Z", topic)[0] is Reason.ID_MISMATCH


@pytest.mark.parametrize("channel", ["health", "refused"])
def test_the_channels_of_gateways_are_for_gateways_only(channel: str) -> None:
    assert refusal(HEALTH % b"2026-01-01T00:00:00Z", f"{BASE}/{channel}")[0] is Reason.BAD_TOPIC


def test_readings_and_events_refused_for_their_time_are_named_so_that_nobody_sends_them_again() -> (
    None
):
    late = EXAMPLE.replace(b"2026-01-14T21", b"1970-01-01T00")
    decoded = decode(f"{BASE}/telemetry", b"[%s,%s]" % (EXAMPLE, late), now=NOW)
    assert [reading.t.year for reading in decoded.refused] == [1970]
    event = b'{"v":1,"id":"70b3d57ed0001234","seq":1,"t":"1970-01-01T00:00:00Z","kind":"fire"}'
    decoded = decode(f"{BASE}/event", event, now=NOW)
    assert [(one.seq, one.t.year) for one in decoded.refused] == [(1, 1970)]
