import base64
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from angkut_broker.codec import decode
from angkut_broker.messages import Health, Message, Refused
from angkut_broker.session import BrokerAddress
from angkut_edge.downlink import Downlinks
from angkut_edge.intake import Intake, Taken
from angkut_edge.item import LANES, REFUSED_LANE
from angkut_edge.link import Arrived, Inbox, Link
from angkut_edge.memory import Memory
from angkut_edge.settings import GatewaySettings
from angkut_edge.spool import Spool
from parts import envelopes, uplinks

NOW = envelopes.whole_second()
CASES = envelopes.cases(NOW)
DEVICE = uplinks.names(1)[0]
_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)

Take = Callable[..., Taken]


class Here:
    """An intake with a source for each kind of envelope."""

    def __init__(self, folder: Path) -> None:
        self.spool = Spool(folder / "spool.sqlite")
        found = GatewaySettings.model_validate(
            {
                "gateway": "gw-1",
                "city": "bekasi",
                "area": "327501",
                "upstream": {},
                "sources": [
                    {"name": kind, "envelope": case.envelope} for kind, case in CASES.items()
                ],
                "spool": {"path": folder / "spool.sqlite"},
            }
        )
        memory = Memory(self.spool.conn)
        sources = {source.name: source.envelope for source in found.sources}
        downlinks = Downlinks("gw-1", memory, sources)
        self.intake = Intake(found, self.spool, memory, downlinks)
        self._links = {name: self._link(name) for name in sources}

    def _link(self, name: str) -> Link:
        return Link(
            name,
            BrokerAddress("127.0.0.1", 1, "", ""),
            client_id=name,
            filters=[],
            inbox=Inbox(threading.Event()),
            clock=lambda: datetime.now(UTC),
        )

    def take(
        self, topic: str, payload: bytes, *, kind: str = "chirpstack", again: bool = False
    ) -> Taken:
        """Take one message."""
        return self.intake.write([Arrived(self._links[kind], 1, 1, again, topic, payload, NOW)])

    def refused(self) -> list[Refused]:
        """Return what waits to be sent as refused."""
        items = self.spool.head(REFUSED_LANE, limit=10_000, now=NOW)
        return [Refused.model_validate_json(item.payload) for item in items]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    found = Here(tmp_path)
    yield found
    found.spool.close()


def test_a_message_that_the_broker_brings_again_is_taken_once(here: Here) -> None:
    message = uplinks.uplink(DEVICE, 1, None)
    assert len(here.take(*message).heard) == 1
    again = here.take(*message, again=True)
    assert (again.heard, again.copies) == ([], 1)
    assert here.spool.backlog().total == 1


def test_a_message_that_the_broker_brings_again_but_was_never_written_is_taken(
    here: Here,
) -> None:
    assert len(here.take(*uplinks.uplink(DEVICE, 1, None), again=True).heard) == 1


def test_two_equal_messages_are_two_unless_the_broker_says_otherwise(here: Here) -> None:
    message = uplinks.uplink(DEVICE, 1, None)
    assert len(here.take(*message).heard) == len(here.take(*message).heard) == 1


def test_what_cannot_be_read_is_kept_with_its_bytes_and_the_reason(here: Here) -> None:
    topic, payload = uplinks.uplink(DEVICE, 1, NOW)
    here.take(topic, payload.replace(b"EM310-UDL", b"X"))
    here.take(topic, b"\xff\x00")
    first, second = here.refused()
    assert base64.b64decode(first.payload) == payload.replace(b"EM310-UDL", b"X")
    assert (first.reason, first.topic, first.id) == ("unknown_model", topic, "gw-1")
    assert (second.reason, base64.b64decode(second.payload)) == ("bad_frame", b"\xff\x00")
    assert first.seq != second.seq


@pytest.mark.parametrize("name", ["\ud800", "\x00", "\u202e", "x" * 70_000, "\N{BELL}\n"])
def test_no_name_in_a_message_stops_the_gateway(here: Here, name: str) -> None:
    body = {
        "deviceInfo": {"devEui": DEVICE, "deviceProfileName": name},
        "fCnt": 1,
        "data": "AAAA",
        "fPort": 1,
    }
    topic, _ = uplinks.uplink(DEVICE, 1, NOW)
    here.take(topic, json.dumps(body).encode())
    [refused] = here.refused()
    topic = "angkut/v1/bekasi/327501/gateway/gw-1/refused"
    decoded = decode(topic, refused.model_dump_json().encode(), now=NOW)
    assert decoded.refusal is None
    assert isinstance(decoded.message, Message)
    assert not isinstance(decoded.message, Health)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    kind=st.sampled_from(sorted(CASES)),
    body=_JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=200),
    other_topic=st.booleans() | st.text(st.characters(codec="utf-8"), min_size=1, max_size=50),
)
def test_nothing_that_arrives_stops_the_gateway_or_breaks_the_contract(
    here: Here, kind: str, body: bytes, other_topic: bool | str
) -> None:
    topic = other_topic if isinstance(other_topic, str) else CASES[kind].topic
    here.take(topic, body, kind=kind)
    base = "angkut/v1/bekasi/327501/gateway/gw-1"
    channels = {"reading": "telemetry", "event": "event", "refused": "refused"}
    for lane in range(LANES + 1):
        for item in here.spool.head(lane, limit=10, now=NOW):
            decoded = decode(f"{base}/{channels[item.kind]}", item.payload, now=NOW)
            assert decoded.refusal is None
            assert b"fault of the gateway, report it" not in item.payload
    with here.spool.transaction():
        here.spool.give_up("1 = 1", (), reason="test")
