"""Whatever arrives, nothing raises, and what comes out passes the wire contract."""

import base64
import json
from datetime import UTC, datetime

import cbor2
from hypothesis import given, settings
from hypothesis import strategies as st

from angkut_broker.codec import decode, encode
from angkut_edge.envelopes.angkut import Angkut
from angkut_edge.envelopes.base import Envelope
from angkut_edge.envelopes.chirpstack import ChirpStack
from angkut_edge.envelopes.maker_json import MakerJson
from angkut_edge.envelopes.milesight_gateway import MilesightGateway
from angkut_edge.envelopes.raw import Raw
from angkut_edge.envelopes.senml import SenML
from angkut_edge.envelopes.sparkplug import Sparkplug
from angkut_edge.envelopes.tts import TheThingsStack
from angkut_edge.hearing import hear, read
from angkut_edge.models import registry
from angkut_edge.uplink import Heard, Uplink

NOW = datetime(2026, 1, 14, 22, tzinfo=UTC)
DEVICE = "24e124535b316056"
#: Ours, and not a guess of a mistake in a plug-in.
MISTAKE = "fault of the gateway"

ENVELOPES: tuple[tuple[Envelope, str], ...] = (
    (ChirpStack(), f"application/1/device/{DEVICE}/event/up"),
    (ChirpStack(), f"application/1/device/{DEVICE}/event/log"),
    (TheThingsStack(), "v3/bins@ttn/devices/bin-1/up"),
    (MilesightGateway(topics=["up"]), "up"),
    (MakerJson.model_validate({"topic": "+/up", "preset": "dragino-nb"}), "a/up"),
    (MakerJson.model_validate({"topic": "+/up", "preset": "milesight-nb"}), "a/up"),
    (Raw(topic="m/+", device_level=1, model="em400-tld"), "m/868508064807350"),
    (SenML(topic="s"), "s"),
    (SenML(topic="s", encoding="cbor"), "s"),
    (Sparkplug(), "spBv1.0/g/DBIRTH/n/d"),
    (Sparkplug(), "spBv1.0/g/NDATA/n"),
    (Angkut(), f"angkut/v1/bekasi/327501/bin/{DEVICE}/telemetry"),
)
#: Words that envelopes look for, so that the search gets past the first door.
KEYS = st.sampled_from(
    [
        *("deviceInfo", "devEui", "devEUI", "data", "fCnt", "fPort", "time", "rxInfo", "rssi"),
        *("snr", "loRaSNR", "object", "context", "queue_item_id", "tags", "model", "level"),
        *("end_device_ids", "dev_eui", "device_id", "uplink_message", "frm_payload", "f_cnt"),
        *("rx_metadata", "received_at", "downlink_failed", "correlation_ids", "simulated"),
        *("IMEI", "imei", "distance", "battery", "signal", "1", "2", "csq", "position"),
        *("bn", "bt", "bu", "bv", "n", "u", "v", "vb", "vs", "t", "bver"),
    ]
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from([DEVICE, "2026-01-14T21:45:00.123456789Z", "AXVcA4JECAQAAQ==", "a/distance"]),
)
BODIES = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=8),
    max_leaves=20,
)


def check(told: Heard) -> None:
    for reading in told.readings:
        topic = f"angkut/v1/bekasi/327501/bin/{reading.id}/telemetry"
        decoded = decode(topic, encode([reading]), now=NOW)
        assert decoded.refusal is None
        assert decoded.ignored == 0
        (back,) = decoded.readings
        assert (back.t, back.d_mm, back.faults) == (reading.t, reading.d_mm, reading.faults)
    for channel, messages in (("event", told.events), ("meta", told.metas)):
        for message in messages:
            topic = f"angkut/v1/bekasi/327501/bin/{message.id}/{channel}"
            assert decode(topic, encode(message), now=NOW).refusal is None
    for refusal in told.refusals:
        assert MISTAKE not in refusal.detail


@settings(max_examples=150, deadline=None)
@given(
    model=st.sampled_from(sorted(registry())),
    payload=st.binary(max_size=80),
    port=st.sampled_from([None, 0, 1, 2, 3, 5, 6, 7, 85]),
)
def test_any_bytes_to_any_model(model: str, payload: bytes, port: int | None) -> None:
    uplink = Uplink("test", DEVICE, received=NOW, hint=model, f_port=port, payload=payload)
    check(hear(uplink, now=NOW, models={}))


@settings(max_examples=150, deadline=None)
@given(
    model=st.sampled_from(sorted(registry())),
    start=st.sampled_from(
        [
            *("01755c0367010104824408050001", "20ce", "b482", "0200010060", "0b450b0500010501"),
            *("f867787050213317f460083513507314", "02012f0003", "0134012401012c", "0100dd0e012c"),
            *("8000010111", "ffff2203", "040b010041", "308e30"),
        ]
    ),
    rest=st.binary(max_size=60),
    cut=st.integers(0, 80),
    port=st.sampled_from([None, 2, 3, 5, 6, 7, 85]),
)
def test_any_continuation_of_a_real_frame(
    model: str, start: str, rest: bytes, cut: int, port: int | None
) -> None:
    payload = (bytes.fromhex(start) + rest)[:cut]
    uplink = Uplink("test", DEVICE, received=NOW, hint=model, f_port=port, payload=payload)
    check(hear(uplink, now=NOW, models={}))


@settings(max_examples=200, deadline=None)
@given(place=st.sampled_from(range(len(ENVELOPES))), body=BODIES)
def test_any_json_to_any_envelope(place: int, body: object) -> None:
    envelope, topic = ENVELOPES[place]
    payload = json.dumps(body).encode()
    check(read(envelope, topic, payload, now=NOW, models={DEVICE: "em400-mud"}))


@settings(max_examples=150, deadline=None)
@given(place=st.sampled_from(range(len(ENVELOPES))), payload=st.binary(max_size=200))
def test_any_bytes_to_any_envelope(place: int, payload: bytes) -> None:
    envelope, topic = ENVELOPES[place]
    check(read(envelope, topic, payload, now=NOW, models={}))


@settings(max_examples=100, deadline=None)
@given(topic=st.text(max_size=60), place=st.sampled_from(range(len(ENVELOPES))))
def test_any_topic_to_any_envelope(topic: str, place: int) -> None:
    check(read(ENVELOPES[place][0], topic, b"{}", now=NOW, models={}))


@settings(max_examples=100, deadline=None)
@given(
    body=st.lists(
        st.dictionaries(st.integers(-7, 9) | KEYS, VALUES, max_size=6), min_size=1, max_size=5
    )
)
def test_any_senml_in_cbor(body: object) -> None:
    check(read(SenML(topic="s", encoding="cbor"), "s", cbor2.dumps(body), now=NOW, models={}))


@settings(max_examples=100, deadline=None)
@given(
    fields=st.dictionaries(
        st.sampled_from(["time", "fCnt", "fPort", "rxInfo", "deviceInfo", "object"]),
        BODIES,
        max_size=5,
    ),
    payload=st.binary(max_size=40),
)
def test_any_fields_beside_good_bytes(fields: dict[str, object], payload: bytes) -> None:
    body = {"data": base64.b64encode(payload).decode()} | fields
    envelope, topic = ENVELOPES[0]
    told = read(envelope, topic, json.dumps(body).encode(), now=NOW, models={DEVICE: "ldds75"})
    check(told)
