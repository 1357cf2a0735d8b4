"""Makers' JSON, raw bytes, SenML, Sparkplug B and the wire contract itself."""

import json
from datetime import UTC, datetime, timedelta

import cbor2
import pytest
from pydantic import ValidationError

from angkut_broker.codec import encode
from angkut_broker.errors import Reason
from angkut_broker.messages import Ack, Event, EventKind, Fault, Meta, Status, Telemetry
from angkut_edge.envelopes.angkut import Angkut
from angkut_edge.envelopes.base import Envelope
from angkut_edge.envelopes.maker_json import MakerJson, presets
from angkut_edge.envelopes.raw import Raw
from angkut_edge.envelopes.senml import SenML
from angkut_edge.envelopes.sparkplug import Sparkplug
from angkut_edge.hearing import read
from angkut_edge.uplink import Answer, Downlink, EnvelopeError, Heard, Stage
from parts.sparkplug import block, metric, number, payload

NOW = datetime(2026, 1, 14, 22, tzinfo=UTC)
MODELS: dict[str, str] = {}


def hear(envelope: Envelope, payload: bytes | object, topic: str = "a/b/c") -> Heard:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return read(envelope, topic, data, now=NOW, models=MODELS)


def maker(**settings: object) -> MakerJson:
    return MakerJson.model_validate({"topic": "+/up", **settings})


# Makers' JSON


def test_dragino_on_nb_iot_is_read_with_its_memory() -> None:
    told = hear(
        maker(preset="dragino-nb"),
        {
            "IMEI": "863663062798914",
            "IMSI": "460083513507314",
            "Model": "DDS75-NB",
            "distance": 1752,
            "interrupt": 0,
            "interrupt_level": 0,
            "battery": 3.28,
            "signal": 14,
            "time": "2026/01/14 21:03:45",
            "1": [1757, "2026/01/14 20:53:34"],
            "2": [20, "2026/01/14 20:43:34"],
            "3": [0, "1970/01/01 00:00:00"],
            "4": [1752, "2026/01/14 21:03:45"],
        },
    )
    latest, first, second = told.readings
    assert (latest.id, latest.d_mm, latest.bat_mv, latest.rssi_dbm) == (
        "863663062798914",
        [1752],
        3280,
        -85,
    )
    assert latest.t == datetime(2026, 1, 14, 21, 3, 45, tzinfo=UTC)
    assert (first.d_mm, first.faults) == ([1757], [Fault.HISTORY])
    assert (second.d_mm, second.faults) == (None, [Fault.HISTORY, Fault.BLIND_ZONE])
    assert told.refusals == ()


def test_dragino_on_lte_m_has_a_probe_in_each_entry() -> None:
    told = hear(
        maker(preset="dragino-cb"),
        {
            "IMEI": "863663062798914",
            "Model": "DDS75-CB",
            "temperature": 28.4,
            "distance": 65535,
            "battery": 3.28,
            "signal": 99,
            "time": "2026-01-14T21:03:45Z",
            "1": [1757, 27.9, "2026-01-14T20:53:34Z"],
        },
    )
    latest, past = told.readings
    assert (latest.d_mm, latest.temp_c, latest.rssi_dbm) == ([], 28.4, None)
    assert latest.faults == [Fault.NO_ECHO]
    assert (past.d_mm, past.temp_c) == ([1757], 27.9)


def test_milesight_on_nb_iot_is_read_in_the_makers_json() -> None:
    told = hear(
        maker(preset="milesight-nb"),
        {
            "imei": "868508064807350",
            "csq": 9,
            "frameCnt": 4,
            "data": [
                {"battery": 100, "temperature": 26.6, "distance": 314, "position": "normal"},
                {"battery": 9, "temperature": 26.7, "distance": 315, "position": "tilt"},
            ],
        },
    )
    (reading,) = told.readings
    assert (reading.d_mm, reading.temp_c, reading.seq, reading.rssi_dbm) == ([315], 26.7, 4, -95)
    assert reading.faults == [Fault.LOW_BATTERY]
    assert [event.kind for event in told.events] == [EventKind.TILT]
    assert "have no time" in told.refusals[0].detail


def test_a_makers_json_is_described_and_not_programmed() -> None:
    envelope = maker(
        device_level=1,
        fields={
            "distance": {"path": "Telemetry.echo[0].m", "unit": "m"},
            "temperature": {"path": "Telemetry.t", "unit": "F"},
            "battery": {"path": "Telemetry.bat", "unit": "%"},
            "tilt": "Telemetry.angle",
            "time": "Message.local",
            "utc_offset_min": 420,
            "seq": "Message.num",
            "no_echo": [-1],
            "nearest_mm": 250,
        },
    )
    body: dict[str, object] = {
        "Message": {"num": 3, "local": "2026-01-15 04:45:00"},
        "Telemetry": {"bat": 8, "t": 86, "angle": "2.5", "echo": [{"m": 0.612}]},
    }
    told = hear(envelope, body, topic="bins/IMEI-0001/up")
    (reading,) = told.readings
    assert (reading.id, reading.seq, reading.d_mm) == ("imei-0001", 3, [612])
    assert reading.t == datetime(2026, 1, 14, 21, 45, tzinfo=UTC)
    assert (reading.temp_c, reading.tilt_deg) == (30.0, 2.5)
    assert reading.faults == [Fault.LOW_BATTERY]
    body["Telemetry"] = {"echo": [{"m": -1}]}
    assert hear(envelope, body, topic="bins/x/up").readings[0].faults == [Fault.NO_ECHO]
    body["Telemetry"] = {"echo": [{"m": 0.2}]}
    assert hear(envelope, body, topic="bins/x/up").readings[0].faults == [Fault.BLIND_ZONE]
    body["Telemetry"] = {"echo": [{"m": "err"}], "t": 86}
    (reading,) = hear(envelope, body, topic="bins/x/up").readings
    assert (reading.d_mm, reading.temp_c, reading.faults) == (None, 30.0, [Fault.BAD_FIELD])


def test_a_list_of_messages_is_one_for_each_device() -> None:
    envelope = maker(device="id", fields={"distance": {"path": "cm", "unit": "cm"}})
    told = hear(envelope, [{"id": "A1", "cm": 61}, {"id": "a2", "cm": 62}])
    assert [(one.id, one.d_mm) for one in told.readings] == [("a1", [610]), ("a2", [620])]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"preset": "nobody"}, "dragino-nb"),
        ({"fields": {"distance": "d"}}, "device_level"),
        ({"device": "id", "fields": {"temperature": "t"}}, "distance or the fill level"),
        ({"device": "id", "fields": {"distance": {"path": "d", "unit": "V"}}}, "'V'"),
        ({"device": "id", "fields": {"distance": "d", "history_columns": ["x"]}}, "'x'"),
        ({"device": "id", "fields": {"distance": "d"}, "color": 1}, "color"),
    ],
)
def test_a_description_that_cannot_be_is_refused_at_the_start(
    settings: dict[str, object], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        maker(**settings)


def test_a_message_without_any_described_field_is_refused() -> None:
    envelope = maker(device="id", fields={"distance": "d"})
    assert "describe" in hear(envelope, {"id": "a", "other": 1}).refusals[0].detail
    assert "id" in hear(envelope, {"d": 612}).refusals[0].detail
    assert "neither" in hear(envelope, [5]).refusals[0].detail


def test_every_preset_is_a_valid_description() -> None:
    assert {maker(preset=name).preset for name in presets()} == set(presets())


# Raw bytes


@pytest.mark.parametrize(
    ("encoding", "payload"),
    [
        ("binary", bytes.fromhex("04824408")),
        ("hex", b"0482 4408\n"),
        ("base64", b"BIJECA=="),
    ],
)
def test_raw_bytes_come_in_three_dresses(encoding: str, payload: bytes) -> None:
    envelope = Raw.model_validate(
        {"topic": "m/+/up", "device_level": 1, "encoding": encoding, "model": "em400-tld"}
    )
    (reading,) = hear(envelope, payload, topic="m/868508064807350/up").readings
    assert (reading.id, reading.d_mm, reading.t) == ("868508064807350", [2116], NOW)


def test_raw_bytes_of_nobody_are_refused() -> None:
    envelope = Raw(topic="m/+/up", device_level=7, encoding="hex", model="em400-tld")
    assert "level 7" in hear(envelope, b"00").refusals[0].detail
    odd = Raw(topic="m/+/up", device_level=1, encoding="hex", model="em400-tld")
    assert "one is missing" in hear(odd, b"0x0").refusals[0].detail


# SenML


def senml(pack: object, **settings: object) -> Heard:
    return hear(SenML.model_validate({"topic": "s/+", **settings}), pack)


def test_base_fields_hold_for_the_records_after_them() -> None:
    bt = NOW.timestamp() - 600
    told = senml(
        [
            {"bn": "urn:dev:mac:24e124535b316056:", "bt": bt, "bu": "m", "bver": 5},
            {"n": "distance", "v": 0.612},
            {"n": "temperature", "u": "Cel", "v": 31.2},
            {"n": "battery", "u": "V", "v": 3.6},
            {"n": "distance", "t": -300, "v": 0.61},
            {"n": "note", "vs": "hello"},
        ]
    )
    newer, older = told.readings
    assert newer.id == "24e124535b316056"
    assert (newer.d_mm, newer.temp_c, newer.bat_mv) == ([612], 31.2, 3600)
    assert newer.t == NOW - timedelta(minutes=10)
    assert (older.d_mm, older.t) == ([610], NOW - timedelta(minutes=15))


def test_a_small_time_is_relative_to_now() -> None:
    (reading,) = senml([{"bn": "bin-7/", "n": "distance", "u": "m", "v": 0.6, "t": -60}]).readings
    assert (reading.id, reading.t) == ("bin-7", NOW - timedelta(minutes=1))
    (reading,) = senml([{"bn": "bin-7/", "n": "distance", "u": "m", "v": 0.6}]).readings
    assert reading.t == NOW


def test_base_values_add_up_and_devices_are_kept_apart() -> None:
    told = senml(
        [
            {"bn": "a1/", "bv": 1, "n": "distance", "u": "m", "v": 0.5},
            {"bn": "a2/", "n": "distance", "u": "m"},
        ]
    )
    assert [(one.id, one.d_mm) for one in told.readings] == [("a1", [1500]), ("a2", [1000])]


def test_a_fill_level_is_a_ratio_by_the_standard_and_a_percentage_by_habit() -> None:
    for unit, value in (("/", 0.73), ("%", 0.73), ("%", 73)):
        (reading,) = senml([{"n": "bin-1/fill", "u": unit, "v": value}]).readings
        assert reading.fill_pct == 73.0


def test_a_name_may_end_with_the_device() -> None:
    # RFC 8428, section 5.1.1.
    (reading,) = senml([{"n": "urn:dev:ow:10e2073a01080063", "u": "Cel", "v": 23.1}]).readings
    assert (reading.id, reading.temp_c) == ("10e2073a01080063", 23.1)


def test_a_field_may_be_described() -> None:
    told = senml([{"n": "bin-1/s0", "u": "cm", "v": 61}], fields={"s0": "distance"})
    assert told.readings[0].d_mm == [610]
    told = senml([{"n": "bin-1/s0", "u": "cm", "v": 999}], fields={"s0": "distance"}, no_echo=[999])
    assert told.readings[0].faults == [Fault.NO_ECHO]


def test_cbor_is_the_same_with_numbers_for_labels() -> None:
    pack = [
        {-2: "urn:dev:mac:24e124535b316056:", -3: NOW.timestamp() - 60, -4: "m"},
        {0: "distance", 2: 0.612},
        {0: "temperature", 1: "Cel", 2: cbor2.CBORTag(4, [-1, 312])},
    ]
    (reading,) = hear(SenML(topic="s", encoding="cbor"), cbor2.dumps(pack)).readings
    assert (reading.d_mm, reading.temp_c) == ([612], 31.2)
    assert reading.t == NOW - timedelta(minutes=1)


@pytest.mark.parametrize(
    ("pack", "words"),
    [
        ({}, "list"),
        ([], "list"),
        ([5], "object"),
        ([{"n": "a/distance", "v": 1, "secret_": 1}], "secret_"),
        ([{"bver": 11, "n": "a/distance", "v": 1}], "bver"),
        ([{"v": 1}], "name"),
        ([{"n": "nothing", "u": "m", "v": 1}], "a device and a field"),
        ([{"n": "urn:dev:ow:10e2073a01080063", "u": "A", "v": 1}], "`fields`"),
        ([{"n": "a/humidity", "u": "%RH", "v": 1}], "`fields`"),
        ([{"n": "a/distance", "u": "m", "v": 1, "t": 1e300}], "time"),
        ([{"n": "a/distance", "u": "m", "v": 1, "t": 1e18}], "time"),
        ([{"n": "a/distance", "u": "m", "v": 1, "t": "soon"}], "time"),
    ],
)
def test_a_pack_that_is_none_is_refused_in_words(pack: object, words: str) -> None:
    told = senml(pack)
    assert told.readings == ()
    assert words in told.refusals[0].detail


def test_broken_cbor_is_refused() -> None:
    envelope = SenML(topic="s", encoding="cbor")
    for broken in (b"", b"\x9f", b"\xff", cbor2.dumps([{0: "a/distance", 2: 1}]) + b"x"):
        assert hear(envelope, broken).refusals[0].reason is Reason.BAD_FRAME


# Sparkplug B


def sparkplug(envelope: Sparkplug, kind: str, *metrics: bytes, device: str = "/BIN 7") -> Heard:
    return hear(envelope, payload(NOW, *metrics), topic=f"spBv1.0/bekasi/{kind}/tps-1{device}")


NULL = number(7, 1)
PAST = number(5, 1)


def quality(value: int) -> bytes:
    return block(9, block(1, b"Quality") + block(2, number(1, 3) + number(3, value)))


def born() -> Sparkplug:
    envelope = Sparkplug()
    sparkplug(envelope, "NBIRTH", metric("bdSeq", alias=0, datatype=8, integer=0), device="")
    sparkplug(
        envelope,
        "DBIRTH",
        metric("Level/Distance", alias=1, datatype=3, integer=600),
        metric("Temperature", alias=2, datatype=2, integer=280),
        metric("Mode", alias=3, datatype=12),
    )
    return envelope


def test_a_birth_is_a_reading_and_names_what_follows_by_alias() -> None:
    envelope = Sparkplug()
    told = sparkplug(
        envelope,
        "DBIRTH",
        metric("Level/Distance", alias=1, datatype=7, integer=612, at=NOW),
        metric("Battery_V", alias=2, datatype=9, real=3.6, at=NOW),
    )
    (reading,) = told.readings
    assert (reading.id, reading.d_mm, reading.bat_mv) == ("bin-7", [612], 3600)
    later = NOW + timedelta(minutes=1)
    (reading,) = sparkplug(envelope, "DDATA", metric(alias=1, integer=611, at=later)).readings
    assert (reading.d_mm, reading.t) == ([611], later)


def test_a_number_has_the_sign_of_the_type_that_its_birth_gave() -> None:
    told = sparkplug(
        born(), "DDATA", metric(alias=2, integer=0xFFFFFFFB), metric(alias=1, integer=5)
    )
    assert told.readings[0].temp_c == -5.0
    unsigned = sparkplug(born(), "DDATA", metric("Temperature", datatype=7, integer=0xFFFFFFFB))
    assert unsigned.readings[0].faults == [Fault.BAD_FIELD]


def test_null_and_bad_quality_are_no_numbers() -> None:
    envelope = born()
    for more in (NULL, quality(0)):
        (reading,) = sparkplug(
            envelope, "DDATA", metric(alias=1, integer=600, more=more), metric(alias=2, integer=28)
        ).readings
        assert (reading.d_mm, reading.temp_c) == (None, 28.0)
        assert reading.faults == [Fault.SENSOR_ERROR]
    (reading,) = sparkplug(
        envelope, "DDATA", metric(alias=1, integer=600, more=quality(192))
    ).readings
    assert reading.d_mm == [600]
    assert (
        sparkplug(envelope, "DDATA", metric(alias=1, integer=600, more=quality(500))).readings == ()
    )


def test_the_past_is_told_apart_and_a_few_milliseconds_are_not() -> None:
    at, before = NOW - timedelta(minutes=1), NOW - timedelta(hours=5)
    told = sparkplug(
        born(),
        "DDATA",
        metric(alias=1, integer=600, at=before, more=PAST),
        metric(alias=1, integer=610, at=at),
        metric(alias=2, integer=28, at=at + timedelta(milliseconds=3)),
    )
    past, live = told.readings
    assert (past.d_mm, past.t, past.faults) == ([600], before, [Fault.HISTORY])
    assert (live.d_mm, live.temp_c, live.t, live.faults) == ([610], 28.0, at, None)


def test_data_before_a_birth_are_refused_and_the_node_is_asked_for_one() -> None:
    envelope = Sparkplug()
    told = sparkplug(envelope, "DDATA", metric(alias=1, integer=600))
    assert told.readings == ()
    assert "birth" in told.refusals[0].detail
    ((topic, command),) = told.replies
    assert topic == "spBv1.0/bekasi/NCMD/tps-1"
    assert b"Node Control/Rebirth" in command
    # One question is enough for a while.
    assert sparkplug(envelope, "DDATA", metric(alias=1, integer=600)).replies == ()


def test_an_alias_that_no_birth_told_is_refused() -> None:
    told = sparkplug(born(), "DDATA", metric(alias=99, integer=600))
    assert "alias 99" in told.refusals[0].detail
    assert len(told.replies) == 1


def test_after_a_death_there_must_be_a_birth() -> None:
    for kind, device in (("NDEATH", ""), ("DDEATH", "/BIN 7")):
        envelope = born()
        assert sparkplug(envelope, kind, device=device).ignored == kind
        assert sparkplug(envelope, "DDATA", metric(alias=1, integer=600)).refusals


def test_a_new_birth_of_the_node_forgets_the_old_aliases() -> None:
    envelope = born()
    sparkplug(envelope, "NBIRTH", device="")
    assert sparkplug(envelope, "DDATA", metric(alias=1, integer=600)).refusals


def test_metrics_and_devices_may_be_named_otherwise() -> None:
    envelope = Sparkplug.model_validate(
        {"device": "node-device", "metrics": {"L1": "distance"}, "units": {"L1": "cm"}}
    )
    (reading,) = sparkplug(envelope, "DBIRTH", metric("L1", datatype=7, integer=61)).readings
    assert (reading.id, reading.d_mm) == ("tps-1-bin-7", [610])
    (reading,) = sparkplug(
        Sparkplug(), "NBIRTH", metric("distance", datatype=7, integer=61), device=""
    ).readings
    assert reading.id == "tps-1"


@pytest.mark.parametrize(
    "payload", [b"\xff", b"\x12\x7f", b"\x0b", b"\x80" * 12, b"\x12\x01\x0a", b"\x0a\x01a"]
)
def test_bytes_that_are_no_payload_are_refused(payload: bytes) -> None:
    told = hear(Sparkplug(), payload, topic="spBv1.0/g/DBIRTH/n/d")
    assert told.refusals[0].reason is Reason.BAD_FRAME


def test_what_is_not_for_a_gateway_is_passed_over() -> None:
    for topic in ("spBv1.0/STATE/host", "spBv1.0/g/NCMD/n", "spBv1.0/g/DCMD/n/d"):
        told = hear(Sparkplug(), b"", topic=topic)
        assert (told.refusals, bool(told.ignored)) == ((), True)
    assert hear(Sparkplug(), b"", topic="elsewhere").refusals


# The wire contract itself


def test_angkuts_own_messages_pass_as_they_are() -> None:
    base = "angkut/v1/bekasi/327501/bin/70b3d57ed0001234"
    reading = Telemetry(v=1, id="70b3d57ed0001234", seq=3, t=NOW, d_mm=[612], faults=["no_echo"])
    event = Event(v=1, kind=EventKind.LID, id=reading.id, seq=3, t=NOW, value=1.0)
    meta = Meta(v=1, id=reading.id, model="angkut-sim", fw="1.4.2")
    ack = Ack(v=1, id=reading.id, cmd_id="c-1", ok=False, detail="no such command")
    assert hear(Angkut(), encode([reading]), f"{base}/telemetry").readings == (reading,)
    assert hear(Angkut(), encode(event), f"{base}/event").events == (event,)
    assert hear(Angkut(), encode(meta), f"{base}/meta").metas == (meta,)
    told = hear(Angkut(), encode(ack), f"{base}/ack")
    assert told.answers == (Answer("c-1", reading.id, Stage.FAILED, "no such command"),)
    assert told.route == f"{base}/cmd"
    assert hear(Angkut(), encode(Status.ONLINE), f"{base}/status").ignored == "status"
    assert hear(Angkut(), b"{", f"{base}/telemetry").refusals[0].reason is Reason.NOT_JSON
    assert hear(Angkut(), b"{}", "nowhere").refusals[0].reason is Reason.BAD_TOPIC
    assert Angkut().downlink(f"{base}/cmd", reading.id, Downlink(0, b"{}"), "r") == (
        f"{base}/cmd",
        b"{}",
    )


def test_a_source_without_downlinks_says_so() -> None:
    with pytest.raises(EnvelopeError, match="takes no downlinks"):
        SenML(topic="s").downlink("r", "d", Downlink(1, b""), "x")
