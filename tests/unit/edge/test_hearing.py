"""From uplinks to the wire contract: times, faults, refusals."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from angkut_broker.codec import decode, encode
from angkut_broker.errors import Reason
from angkut_broker.messages import Event, EventKind, Fault, Meta
from angkut_edge.envelopes.base import Envelope
from angkut_edge.hearing import hear, read
from angkut_edge.uplink import Frame, Heard, Notice, Opened, Sample, Uplink

NOW = datetime(2026, 1, 14, 22, tzinfo=UTC)
DEVICE = "24e124535b316056"
FRAME = bytes.fromhex("03670101 04824408 050000")


def uplink(**values: object) -> Uplink:
    plain = Uplink("chirpstack", DEVICE, received=NOW - timedelta(minutes=1), f_cnt=7)
    return replace(plain, **values)  # type: ignore[arg-type]


def heard(*samples: Sample, **values: object) -> Heard:
    return hear(uplink(frame=Frame(samples), **values), now=NOW, models={})


def test_a_reading_carries_the_counter_the_radio_and_the_servers_time() -> None:
    told = hear(
        uplink(hint="EM400-MUD", payload=FRAME, rssi_dbm=-98, snr_db=4.5), now=NOW, models={}
    )
    (reading,) = told.readings
    assert (reading.id, reading.seq, reading.t) == (DEVICE, 7, NOW - timedelta(minutes=1))
    assert (reading.d_mm, reading.temp_c, reading.tilt_deg) == ([2116], 25.7, 0.0)
    assert (reading.rssi_dbm, reading.snr_db, reading.faults) == (-98, 4.5, None)
    assert (told.model, told.refusals) == ("em400-mud", ())


def test_the_model_of_the_settings_counts_before_that_of_the_server() -> None:
    told = hear(uplink(hint="ldds75", payload=FRAME), now=NOW, models={DEVICE: "em400-mud"})
    assert told.readings[0].d_mm == [2116]


@pytest.mark.parametrize("hint", [None, "Tekelek TEK766", ""])
def test_an_unknown_model_is_refused_and_the_remedy_named(hint: str | None) -> None:
    told = hear(uplink(hint=hint, payload=FRAME), now=NOW, models={})
    (refusal,) = told.refusals
    assert refusal.reason is Reason.UNKNOWN_MODEL
    assert DEVICE in refusal.detail
    assert "settings" in refusal.detail
    assert not told.readings


def test_a_frame_of_another_device_is_refused() -> None:
    told = hear(uplink(hint="dl-mbx", payload=FRAME), now=NOW, models={})
    assert [refusal.reason for refusal in told.refusals] == [Reason.BAD_FRAME]


def test_an_uplink_without_bytes_is_nothing() -> None:
    for payload in (None, b""):
        assert hear(uplink(payload=payload), now=NOW, models={}) == Heard()


def test_the_devices_own_time_comes_first() -> None:
    t = NOW - timedelta(days=3)
    assert heard(Sample(t=t, d_mm=(600,))).readings[0].t == t


@pytest.mark.parametrize(
    "t",
    [
        datetime(1970, 1, 1, tzinfo=UTC),
        NOW + timedelta(hours=7),
        NOW - timedelta(days=15),
    ],
)
def test_a_wrong_clock_gives_the_servers_time_and_a_fault(t: datetime) -> None:
    (reading,) = heard(Sample(t=t, d_mm=(600,))).readings
    assert reading.t == NOW - timedelta(minutes=1)
    assert reading.faults == [Fault.CLOCK]


@pytest.mark.parametrize(
    "received",
    [datetime(1980, 1, 6, tzinfo=UTC), NOW - timedelta(days=15), NOW + timedelta(days=1)],
)
def test_a_server_without_a_clock_gives_the_arrival_and_a_fault(received: datetime) -> None:
    (reading,) = heard(Sample(d_mm=(600,)), received=received).readings
    assert reading.t == NOW
    assert reading.faults == [Fault.CLOCK]


def test_what_waited_in_the_servers_queue_keeps_its_time() -> None:
    received = NOW - timedelta(days=6)
    (reading,) = heard(Sample(d_mm=(600,)), received=received).readings
    assert (reading.t, reading.faults) == (received, None)


def test_a_history_of_two_weeks_is_taken_and_an_older_one_refused() -> None:
    past = (Fault.HISTORY,)
    told = heard(
        Sample(d_mm=(600,)),
        Sample(t=NOW - timedelta(days=13, hours=23), d_mm=(610,), faults=past),
        Sample(t=NOW - timedelta(days=14, hours=1), d_mm=(620,), faults=past),
        Sample(t=NOW - timedelta(days=20), d_mm=(621,), faults=past),
        Sample(t=NOW + timedelta(days=1), d_mm=(630,), faults=past),
        rssi_dbm=-98,
    )
    assert [reading.d_mm for reading in told.readings] == [[600], [610]]
    assert {reading.seq for reading in told.readings} == {7}
    assert [reading.rssi_dbm for reading in told.readings] == [-98, None]
    assert [refusal.reason for refusal in told.refusals] == [
        Reason.TIME_TOO_OLD,
        Reason.TIME_IN_FUTURE,
    ]
    assert "2 readings" in told.refusals[0].detail


def test_two_readings_of_one_time_are_one() -> None:
    t = NOW - timedelta(minutes=5)
    told = heard(Sample(t=t, d_mm=(600,)), Sample(t=t, d_mm=(600,), faults=(Fault.HISTORY,)))
    assert [reading.faults for reading in told.readings] == [None]


def test_no_echo_is_an_empty_list_and_a_broken_sensor_is_none() -> None:
    assert heard(Sample(faults=(Fault.NO_ECHO,))).readings[0].d_mm == []
    assert heard(Sample(faults=(Fault.SENSOR_ERROR,))).readings[0].d_mm is None


def test_a_percentage_stands_in_only_for_a_missing_distance() -> None:
    assert heard(Sample(d_mm=(600,), fill_pct=40.0)).readings[0].fill_pct is None
    assert heard(Sample(fill_pct=40.0)).readings[0].fill_pct == 40.0


@pytest.mark.parametrize(
    "values",
    [
        {"temp_c": 3276.7},
        {"tilt_deg": 255.0},
        {"bat_mv": -5},
        {"fill_pct": 900.0, "d_mm": None},
        {"d_mm": (600, -1)},
        {"temp_c": float("nan")},
    ],
)
def test_a_field_beyond_the_contract_is_dropped_and_not_the_reading(
    values: dict[str, object],
) -> None:
    good = Sample(d_mm=(600,), bat_mv=3600, temp_c=28.0, tilt_deg=1.0)
    (reading,) = heard(replace(good, **values)).readings  # type: ignore[arg-type]
    assert reading.faults == [Fault.BAD_FIELD]
    for name in values:
        assert getattr(reading, name) is None


def test_an_id_beyond_the_contract_is_refused() -> None:
    told = heard(Sample(d_mm=(600,)), device="No Device/At All")
    assert [refusal.reason for refusal in told.refusals] == [Reason.INVALID_FIELD]


def test_what_a_device_says_of_itself_is_meta_and_no_reading() -> None:
    payload = bytes.fromhex("ff0a0114 ff03b004")
    told = hear(uplink(hint="em400-tld", payload=payload), now=NOW, models={})
    assert told.readings == ()
    assert told.metas == (
        Meta(v=1, id=DEVICE, model="em400-tld", fw="1.14", interval_s=1200, sensor="laser"),
    )


def test_a_notice_becomes_an_event_of_its_time() -> None:
    at = NOW - timedelta(minutes=9)
    frame = Frame((), (Notice(EventKind.FIRE, 90.0, at), Notice(EventKind.TILT)))
    told = hear(uplink(frame=frame), now=NOW, models={})
    fire, tilt = told.events
    assert fire == Event(v=1, kind=EventKind.FIRE, id=DEVICE, seq=7, t=at, value=90.0)
    assert (tilt.t, tilt.value) == (NOW - timedelta(minutes=1), None)


def test_what_a_model_left_out_is_refused_with_its_reason() -> None:
    told = hear(uplink(frame=Frame(left_out="2 readings have no time")), now=NOW, models={})
    assert told.refusals[0].detail == f"{DEVICE}: 2 readings have no time"


class Broken(Envelope):
    @property
    def filters(self) -> tuple[str, ...]:
        return ()

    def open(self, topic: str, payload: bytes, *, now: datetime) -> Opened:
        raise ZeroDivisionError(f"a mistake with {topic} {payload!r} at {now}")


def test_a_mistake_in_an_envelope_refuses_one_message_and_stops_nothing() -> None:
    told = read(Broken(kind="broken"), "t", b"x", now=NOW, models={})
    (refusal,) = told.refusals
    assert refusal.reason is Reason.BAD_FRAME
    assert "ZeroDivisionError" in refusal.detail


def test_every_message_passes_the_codec_of_the_contract() -> None:
    payload = bytes.fromhex("01750a 03670101 0482fdff 050001 ff0a0114")
    told = hear(uplink(hint="em400-mud", payload=payload), now=NOW, models={})
    for channel, message in (
        ("telemetry", told.readings[0]),
        ("event", told.events[0]),
        ("meta", told.metas[0]),
    ):
        topic = f"angkut/v1/bekasi/327501/bin/{DEVICE}/{channel}"
        assert decode(topic, encode(message), now=NOW).refusal is None
