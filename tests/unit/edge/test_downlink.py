import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from angkut_broker.codec import encode
from angkut_broker.messages import Ack, Command, Meta
from angkut_edge.downlink import Downlinks, Given
from angkut_edge.envelopes.angkut import Angkut
from angkut_edge.envelopes.chirpstack import ChirpStack
from angkut_edge.envelopes.raw import Raw
from angkut_edge.memory import KnownDevice, Memory
from angkut_edge.spool import Spool
from angkut_edge.uplink import Answer, Stage

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEVICE = "24e124713d000001"
CMD_ID = "0b9b7a3e-3a0f-4b3c-8d53-0d8f6a6f2a11"
ROUTE = f"application/1/device/{DEVICE}/command/down"
UP = {"lora": True, "nb": True, "own": True}


class Here:
    """A gateway's memory and its downlinks."""

    def __init__(self, file: Path) -> None:
        self.spool = Spool(file)
        self.memory = Memory(self.spool.conn)
        sources = {
            "lora": ChirpStack(),
            "nb": Raw(topic="m/+/up", device_level=1),
            "own": Angkut(),
        }
        self.downlinks = Downlinks("gw-1", self.memory, sources)

    def met(self, source: str, route: str | None, model: str | None) -> Meta | None:
        with self.spool.transaction():
            return self.memory.met(DEVICE, KnownDevice(source, route, model), None)

    def give(self, payload: bytes | None = None, **fields: object) -> Given:
        values = {"v": 1, "cmd_id": CMD_ID, "id": DEVICE, "cmd": "interval"}
        command = values | {"args": {"seconds": 600}} | fields
        given = self.downlinks.give(
            payload or encode(Command.model_validate(command)), now=NOW, up=UP
        )
        if given.ack is not None:
            self.note(given.ack)
        return given

    def note(self, ack: Ack) -> None:
        with self.spool.transaction():
            self.memory.answered(ack, now=NOW)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    found = Here(tmp_path / "spool.sqlite")
    yield found
    found.spool.close()


def test_a_command_is_handed_to_the_source_on_which_the_device_was_heard(here: Here) -> None:
    here.met("lora", ROUTE, "em310-udl")
    given = here.give()
    assert given.handed is not None
    assert (given.handed.source, given.handed.topic) == ("lora", ROUTE)
    assert json.loads(given.handed.payload)["id"] == CMD_ID
    assert given.ack is not None
    assert (given.ack.ok, given.ack.final) == (True, False)


def test_a_command_that_comes_again_is_answered_again_and_not_handed_over_twice(
    here: Here,
) -> None:
    here.met("lora", ROUTE, "em310-udl")
    first, second = here.give(), here.give()
    assert second == Given(first.ack)
    done = here.downlinks.answered(Answer(CMD_ID, DEVICE, Stage.DELIVERED))
    assert done is not None
    here.note(done)
    assert here.give() == Given(done)


def test_what_was_handed_over_is_known_after_a_restart(tmp_path: Path) -> None:
    first = Here(tmp_path / "spool.sqlite")
    first.met("lora", ROUTE, "em310-udl")
    given = first.give()
    first.spool.close()
    again = Here(tmp_path / "spool.sqlite")
    assert again.give() == Given(given.ack)
    assert again.memory.device(DEVICE) == KnownDevice("lora", ROUTE, "em310-udl")
    again.spool.close()


@pytest.mark.parametrize(
    ("stage", "ok", "final"),
    [
        (Stage.QUEUED, True, False),
        (Stage.SENT, True, False),
        (Stage.DELIVERED, True, None),
        (Stage.FAILED, False, None),
    ],
)
def test_a_network_servers_word_becomes_an_answer(
    here: Here, stage: Stage, ok: bool, final: bool | None
) -> None:
    here.met("lora", ROUTE, "em310-udl")
    here.give()
    ack = here.downlinks.answered(Answer(CMD_ID, DEVICE, stage))
    assert ack is not None
    assert (ack.id, ack.cmd_id, ack.ok, ack.final) == (DEVICE, CMD_ID, ok, final)


def test_an_answer_without_a_name_is_of_the_devices_open_command(here: Here) -> None:
    here.met("lora", ROUTE, "em310-udl")
    here.give()
    ack = here.downlinks.answered(Answer(None, DEVICE, Stage.DELIVERED))
    assert ack is not None
    here.note(ack)
    assert here.downlinks.answered(Answer(None, DEVICE, Stage.DELIVERED)) is None


def test_downlinks_of_others_are_answered_by_nobody(here: Here) -> None:
    assert here.downlinks.answered(Answer("somebody else's", DEVICE, Stage.DELIVERED)) is None
    assert here.downlinks.answered(Answer(None, DEVICE, Stage.SENT)) is None


@pytest.mark.parametrize(
    ("source", "route", "model", "fields", "words"),
    [
        (None, None, None, {}, "not been heard here"),
        ("nb", None, "em310-udl", {}, "heard through nb, which has no way back"),
        ("gone", ROUTE, "em310-udl", {}, "not been heard here"),
        ("lora", ROUTE, None, {}, "model is not known"),
        ("lora", ROUTE, "em310-udl", {"args": {"seconds": 1}}, "seconds"),
        ("lora", ROUTE, "em310-udl", {"cmd": "update", "args": {"fw": "2"}}, "update"),
        ("nb", "m/1/down", "em310-udl", {}, "no downlinks"),
    ],
)
def test_what_cannot_be_done_is_answered_with_the_reason(
    here: Here,
    source: str | None,
    route: str | None,
    model: str | None,
    fields: dict[str, object],
    words: str,
) -> None:
    if source is not None:
        here.met(source, route, model)
    given = here.give(None, **fields)
    assert given.handed is None
    assert given.ack is not None
    assert (given.ack.ok, given.ack.final) == (False, None)
    assert given.ack.detail is not None
    assert words in given.ack.detail


def test_a_command_waits_while_the_source_is_away(here: Here) -> None:
    here.met("lora", ROUTE, "em310-udl")
    payload = encode(Command(v=1, cmd_id=CMD_ID, id=DEVICE, cmd="interval", args={"seconds": 600}))
    assert here.downlinks.give(payload, now=NOW, up={"lora": False}) == Given()
    assert here.give().handed is not None


def test_a_gateway_takes_no_commands_for_itself_and_says_so(here: Here) -> None:
    ack = here.give(id=None).ack
    assert ack is not None
    assert (ack.id, ack.ok) == ("gw-1", False)


def test_commands_that_are_over_or_none_are_passed_over(here: Here) -> None:
    here.met("lora", ROUTE, "em310-udl")
    assert here.give(expires=NOW) == Given()
    assert here.give(b"{") == Given()


def test_a_device_that_speaks_the_contract_gets_the_command_as_it_is(here: Here) -> None:
    route = f"angkut/v1/bekasi/327501/bin/{DEVICE}/cmd"
    here.met("own", route, None)
    given = here.give(cmd="calibrate", args={}, expires=NOW + timedelta(hours=1))
    assert given.handed is not None
    assert given.handed.topic == route
    command = Command.model_validate_json(given.handed.payload)
    assert (command.id, command.cmd, command.cmd_id) == (None, "calibrate", CMD_ID)


def test_a_description_is_told_once_and_grows(here: Here) -> None:
    first = here.met("lora", ROUTE, None)
    assert first == Meta(v=1, id=DEVICE)
    assert here.met("lora", ROUTE, None) is None
    assert here.met("lora", ROUTE, "em310-udl") == Meta(v=1, id=DEVICE, model="em310-udl")
    with here.spool.transaction():
        told = Meta(v=1, id=DEVICE, fw="1.2", interval_s=600)
        grown = here.memory.met(DEVICE, KnownDevice("lora", None, None), told)
    assert grown == Meta(v=1, id=DEVICE, model="em310-udl", fw="1.2", interval_s=600)
    assert here.memory.device(DEVICE) == KnownDevice("lora", ROUTE, "em310-udl")
