"""ChirpStack, The Things Stack and Milesight gateways: their messages in, readings out."""

import base64
import json
import uuid
from datetime import UTC, datetime

import pytest

from angkut_broker.errors import Reason
from angkut_edge.envelopes.chirpstack import ChirpStack
from angkut_edge.envelopes.milesight_gateway import MilesightGateway
from angkut_edge.envelopes.tts import TheThingsStack
from angkut_edge.hearing import read
from angkut_edge.uplink import Answer, Downlink, Heard, Stage

NOW = datetime(2026, 1, 14, 22, tzinfo=UTC)
DEVICE = "24e124535b316056"
REF = str(uuid.UUID(int=7))
FRAME = base64.b64encode(bytes.fromhex("01755C 03670101 04824408 050000")).decode()
CS_UP = f"application/17c82e96/device/{DEVICE}/event/up"
TTS_UP = "v3/bins@ttn/devices/bin-1/up"


def info(**more: object) -> dict[str, object]:
    return {"devEui": DEVICE, "deviceProfileName": "EM400-MUD"} | more


def chirpstack(body: object, topic: str = CS_UP, envelope: ChirpStack | None = None) -> Heard:
    payload = json.dumps(body).encode()
    return read(envelope or ChirpStack(), topic, payload, now=NOW, models={})


def tts(body: object, topic: str = TTS_UP) -> Heard:
    models = {DEVICE: "em400-mud"}
    return read(TheThingsStack(), topic, json.dumps(body).encode(), now=NOW, models=models)


def milesight(body: object) -> Heard:
    envelope = MilesightGateway(topics=["milesight/up"], downlink_topic="milesight/down/{deveui}")
    models = {DEVICE: "em400-mud"}
    return read(envelope, "milesight/up", json.dumps(body).encode(), now=NOW, models=models)


def test_chirpstacks_own_example_is_opened() -> None:
    body = {
        "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
        "time": "2026-01-14T21:34:15.775023242+00:00",
        "deviceInfo": {
            "applicationId": "17c82e96-be03-4f38-aef3-f83d48582d97",
            "deviceProfileName": "EM400-MUD",
            "deviceName": "Test device",
            "devEui": DEVICE.upper(),
            "tags": {"key": "value"},
        },
        "devAddr": "00189440",
        "dr": 1,
        "fCnt": 12,
        "fPort": 85,
        "data": FRAME,
        "rxInfo": [
            {"gatewayId": "0016c001f153a14c", "rssi": -106, "snr": 10.5},
            {"gatewayId": "0016c001f153a14d", "rssi": -36, "snr": 7.5},
        ],
        "txInfo": {"frequency": 867100000},
    }
    told = chirpstack(body)
    (reading,) = told.readings
    assert (reading.id, reading.seq, reading.d_mm) == (DEVICE, 12, [2116])
    assert reading.t == datetime(2026, 1, 14, 21, 34, 15, 775023, UTC)
    assert (reading.rssi_dbm, reading.snr_db) == (-36, 7.5)
    assert told.route == f"application/17c82e96/device/{DEVICE}/command/down"


def test_chirpstack_leaves_out_what_is_zero() -> None:
    told = chirpstack({"deviceInfo": info(), "data": FRAME, "rxInfo": [{"rssi": -80}]})
    (reading,) = told.readings
    assert (reading.seq, reading.t, reading.snr_db) == (0, NOW, 0.0)


def test_a_message_that_comes_twice_gives_the_same_reading() -> None:
    body = {"time": "2026-01-14T21:34:15.775023999Z", "deviceInfo": info(), "data": FRAME}
    assert chirpstack(body).readings == chirpstack(body).readings


def test_a_tag_names_the_model_before_the_profile_does() -> None:
    tagged = info(deviceProfileName="Bins", tags={"angkut_model": "em400-mud"})
    assert chirpstack({"deviceInfo": tagged, "data": FRAME}).readings
    told = chirpstack({"deviceInfo": info(deviceProfileName="Bins"), "data": FRAME})
    assert told.refusals[0].reason is Reason.UNKNOWN_MODEL
    assert "'Bins'" in told.refusals[0].detail


@pytest.mark.parametrize("event", ["join", "status", "location", "integration", "log", "new"])
def test_other_events_of_chirpstack_are_no_readings(event: str) -> None:
    told = chirpstack({"deviceInfo": info()}, topic=CS_UP.replace("/up", f"/{event}"))
    assert (told.readings, told.refusals, told.ignored) == ((), (), event)
    assert told.device == DEVICE


def test_an_uplink_of_mac_commands_alone_is_no_reading() -> None:
    told = chirpstack({"deviceInfo": info(), "fCnt": 9})
    assert (told.readings, told.refusals, told.ignored) == ((), (), "no data")


def test_bytes_count_before_what_a_codec_made_of_them() -> None:
    told = chirpstack({"deviceInfo": info(), "data": FRAME, "object": {"distance": 1}})
    assert told.readings[0].d_mm == [2116]


def test_without_bytes_a_codecs_object_is_read_as_described() -> None:
    body = {"deviceInfo": info(), "object": {"level": {"cm": 61.2}, "bat": 3.6}}
    told = chirpstack(body)
    assert "`decoded`" in told.refusals[0].detail
    described = ChirpStack.model_validate(
        {
            "decoded": {
                "distance": {"path": "level.cm", "unit": "cm"},
                "battery": {"path": "bat", "unit": "V"},
            }
        }
    )
    (reading,) = chirpstack(body, envelope=described).readings
    assert (reading.d_mm, reading.bat_mv) == ([612], 3600)


def test_what_chirpstack_version_3_sends_is_understood() -> None:
    body = {
        "applicationID": "123",
        "deviceProfileName": "EM400-MUD",
        "devEUI": base64.b64encode(bytes.fromhex(DEVICE)).decode(),
        "rxInfo": [{"rssi": -48, "loRaSNR": 9, "time": "2026-01-14T21:59:25.048445Z"}],
        "fCnt": 10,
        "fPort": 85,
        "data": FRAME,
    }
    (reading,) = chirpstack(body).readings
    assert (reading.id, reading.snr_db) == (DEVICE, 9.0)
    assert reading.t == datetime(2026, 1, 14, 21, 59, 25, 48445, UTC)


def test_chirpstack_answers_for_a_downlink() -> None:
    topic, payload = ChirpStack().downlink(
        "application/1/device/x/command/down", DEVICE, Downlink(85, b"\xff\x10\xff"), REF
    )
    assert topic == "application/1/device/x/command/down"
    assert json.loads(payload) == {
        "id": REF,
        "devEui": DEVICE,
        "confirmed": True,
        "fPort": 85,
        "data": "/xD/",
    }

    def answer(event: str, **body: object) -> Answer:
        topic = CS_UP.replace("/up", f"/{event}")
        (one,) = chirpstack({"deviceInfo": info(), **body}, topic=topic).answers
        assert one.device == DEVICE
        return one

    assert answer("txack", queueItemId=REF, fCntDown=2) == Answer(REF, DEVICE, Stage.SENT)
    good = answer("ack", queueItemId=REF, acknowledged=True)
    assert good == Answer(REF, DEVICE, Stage.DELIVERED)
    # False is left out of protobuf's JSON.
    assert answer("ack", queueItemId=REF).stage is Stage.FAILED
    log = answer(
        "log",
        level="ERROR",
        code="DOWNLINK_PAYLOAD_SIZE",
        description="too long",
        context={"queue_item_id": REF},
    )
    assert (log.ref, log.stage, log.detail) == (
        REF,
        Stage.FAILED,
        "DOWNLINK_PAYLOAD_SIZE: too long",
    )


def test_an_uplink_of_the_things_stack_is_opened() -> None:
    body = {
        "end_device_ids": {
            "device_id": "bin-1",
            "application_ids": {"application_id": "bins"},
            "dev_eui": DEVICE.upper(),
        },
        "correlation_ids": ["as:up:01E0WZGT6Y7657CPFPE5WEYDSQ"],
        "received_at": "2026-01-14T21:15:46.014773143Z",
        "uplink_message": {
            "f_cnt": 1,
            "frm_payload": FRAME,
            "decoded_payload": {"distance": 1.0},
            "rx_metadata": [
                {"rssi": -103, "channel_rssi": -103, "snr": 5},
                {"rssi": -35},
            ],
            "settings": {"time": "2026-01-14T21:15:45.787Z"},
            "received_at": "2026-01-14T21:15:45.789585559Z",
        },
    }
    told = tts(body)
    (reading,) = told.readings
    assert (reading.id, reading.seq, reading.d_mm) == (DEVICE, 1, [2116])
    assert reading.t == datetime(2026, 1, 14, 21, 15, 45, 789585, UTC)
    assert (reading.rssi_dbm, reading.snr_db) == (-35, 0.0)
    assert told.route == "v3/bins@ttn/devices/bin-1/down/push"


def test_the_things_stack_may_name_the_model_and_leave_out_the_eui() -> None:
    body = {
        "end_device_ids": {"device_id": "eui-70b3d57ed0001234"},
        "uplink_message": {
            "frm_payload": FRAME,
            "version_ids": {"brand_id": "milesight-iot", "model_id": "em400-mud"},
        },
    }
    (reading,) = tts(body).readings
    assert (reading.id, reading.seq, reading.t) == ("70b3d57ed0001234", 0, NOW)


@pytest.mark.parametrize(
    ("body", "ignored"),
    [
        ({"join_accept": {"session_key_id": "x"}}, "join_accept"),
        ({"location_solved": {}}, "location_solved"),
        ({"uplink_normalized": {"normalized_payload": {}}}, "uplink_normalized"),
        ({"simulated": True, "uplink_message": {"frm_payload": FRAME}}, "simulated"),
        ({"uplink_message": {"f_cnt": 3}}, "no data"),
        ({"service_data": {}}, "other"),
    ],
)
def test_other_messages_of_the_things_stack_are_no_readings(
    body: dict[str, object], ignored: str
) -> None:
    told = tts({"end_device_ids": {"dev_eui": DEVICE}} | body)
    assert (told.readings, told.refusals, told.ignored) == ((), (), ignored)


def test_the_things_stack_answers_for_a_downlink() -> None:
    topic, payload = TheThingsStack().downlink(
        "v3/a@t/devices/d/down/push", DEVICE, Downlink(85, b"\xff\x10\xff"), REF
    )
    (item,) = json.loads(payload)["downlinks"]
    assert (item["f_port"], item["frm_payload"], item["confirmed"]) == (85, "/xD/", True)
    marks = ["as:downlink:01E19Z5W3BZBG7CXSJE9C0A3CE", *item["correlation_ids"]]

    def answer(name: str, inside: dict[str, object], marked: dict[str, object]) -> Answer:
        body = {"end_device_ids": {"dev_eui": DEVICE}, name: inside} | marked
        (one,) = tts(body, topic=topic).answers
        return one

    outside: dict[str, object] = {"correlation_ids": marks}
    assert answer("downlink_queued", {}, outside) == Answer(REF, DEVICE, Stage.QUEUED)
    assert answer("downlink_sent", {"correlation_ids": marks}, {}).stage is Stage.SENT
    assert answer("downlink_ack", {"f_port": 85}, outside) == Answer(REF, DEVICE, Stage.DELIVERED)
    assert answer("downlink_nack", {}, outside).stage is Stage.FAILED
    failed = answer(
        "downlink_failed",
        {
            "downlink": {"correlation_ids": marks},
            "error": {"name": "too_long", "message_format": "payload is too long"},
        },
        {},
    )
    assert failed == Answer(REF, DEVICE, Stage.FAILED, "payload is too long")
    assert answer("downlink_ack", {}, {}).ref is None


def test_a_milesight_gateway_is_heard_in_both_forms() -> None:
    radio = {"mac": "24e124fffef54092", "rssi": -51, "loRaSNR": 13.8}
    body = {"applicationID": "1", "devEUI": DEVICE, "fCnt": 128, "fPort": 85, "data": FRAME}
    nested = milesight(
        body | {"rxInfo": [radio | {"time": "x"}], "time": "2026-01-14T21:21:27.078763Z"}
    )
    flat = milesight(body | radio | {"gatewayTime": "2026-01-15T04:21:27+07:00"})
    for told in (nested, flat):
        (reading,) = told.readings
        assert (reading.id, reading.seq, reading.d_mm) == (DEVICE, 128, [2116])
        assert (reading.rssi_dbm, reading.snr_db) == (-51, 13.8)
        assert reading.t.replace(microsecond=0) == datetime(2026, 1, 14, 21, 21, 27, tzinfo=UTC)
        assert told.route == f"milesight/down/{DEVICE}"


def test_a_time_that_is_none_gives_the_arrival() -> None:
    # A sample of the maker's own, in which a hyphen is missing.
    told = milesight({"devEUI": DEVICE, "time": "2020-0327T12:39:05.547336Z", "data": FRAME})
    assert told.readings[0].t == NOW


def test_a_milesight_gateway_takes_and_confirms_downlinks() -> None:
    envelope = MilesightGateway(topics=["up"], downlink_topic="down")
    topic, payload = envelope.downlink("down", DEVICE, Downlink(85, b"\xff\x10\xff"), REF)
    assert topic == "down"
    assert json.loads(payload) == {
        "devEUI": DEVICE,
        "fPort": 85,
        "data": "/xD/",
        "confirmed": True,
    }
    good = milesight({"devEUI": DEVICE, "acknowledged": True, "fCnt": 3})
    assert good.answers == (Answer(None, DEVICE, Stage.DELIVERED),)
    assert milesight({"devEUI": DEVICE, "acknowledged": False}).answers[0].stage is Stage.FAILED
    assert milesight({"devEUI": DEVICE, "devAddr": "0618ee82"}).ignored == "join"


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[1]", "not an object"),
        (b"{}", "devEUI"),
        (b'{"devEUI": 5}', "devEUI"),
        (b'{"devEUI": "24e1", "data": "AA=="}', "devEUI"),
        (f'{{"devEUI": "{DEVICE}", "data": "no base64!"}}'.encode(), "base64"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a": NaN}', "not JSON"),
        (b"1" * 300_000, "bytes"),
    ],
)
def test_what_is_no_such_message_is_refused_in_words(payload: bytes, words: str) -> None:
    told = read(MilesightGateway(topics=["up"]), "up", payload, now=NOW, models={})
    (refusal,) = told.refusals
    assert refusal.reason is Reason.BAD_FRAME
    assert words in refusal.detail


def test_a_topic_that_is_no_event_is_refused() -> None:
    assert "/event/" in chirpstack({}, topic="some/where/else").refusals[0].detail


def test_envelopes_listen_where_their_servers_publish() -> None:
    assert ChirpStack().filters == ("application/+/device/+/event/+",)
    assert ChirpStack(prefix="cs1/", application="7").filters == (
        "cs1/application/7/device/+/event/+",
    )
    assert TheThingsStack(application="bins@ttn").filters[0] == "v3/bins@ttn/devices/+/up"
