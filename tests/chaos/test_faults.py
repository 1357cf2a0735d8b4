"""Nothing that was confirmed is lost and nothing is doubled, whatever is killed."""

import os
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from angkut_infra.stack.broker_kinds import KindName
from chaos.report import RESULTS, Result
from chaos.senders import ConfirmedSender, Name, PlainSender, distance_mm
from chaos.settings import KILLS_VARIABLE
from chaos.stage import BEHIND_GATEWAY, GATEWAY, PLAIN, Saboteur, Stage, killed
from parts import registry

ALL_PARTS = ("ingest", "broker", "postgres")
_READINGS = "SELECT external_id, seq, distances_mm FROM readings JOIN device USING (device_id)"
#: NATS brings again after 10 s what was not acknowledged; a worker waits up to 30 s.
_QUIET_S = 45
_TOPIC = "angkut/v1/bekasi/327501/{kind}/{device}/telemetry"


@pytest.fixture
def confirmed(stage: Stage) -> Iterator[Sequence[ConfirmedSender]]:
    """A gateway and a device, both with memory."""
    gateway = ConfirmedSender(
        stage.sender_address(GATEWAY),
        _TOPIC.format(kind="gateway", device=GATEWAY),
        devices=BEHIND_GATEWAY,
        per_s=100,
        readings_per_message=5,
    )
    device = ConfirmedSender(
        stage.sender_address(registry.DEVICE),
        f"{registry.TOPIC}/telemetry",
        devices=[registry.DEVICE],
        per_s=50,
        readings_per_message=1,
    )
    with gateway, device:
        device.ask_for_confirmation()
        yield gateway, device


@pytest.fixture
def plain(stage: Stage) -> Iterator[Sequence[PlainSender]]:
    """Two sensors without memory."""
    senders = [
        PlainSender(stage.sender_address(name), _TOPIC.format(kind="bin", device=name), per_s=100)
        for name in PLAIN
    ]
    with ExitStack() as running:
        for sender in senders:
            running.enter_context(sender)
        yield senders


@pytest.mark.skipif(
    KILLS_VARIABLE not in os.environ, reason="the next one has these faults and more: `make chaos`"
)
def test_kills_of_every_part_lose_and_double_nothing_that_a_sender_with_memory_holds(
    stage: Stage, confirmed: Sequence[ConfirmedSender], kills: int, rng: random.Random
) -> None:
    began_s = time.monotonic()
    Saboteur(stage, victims=ALL_PARTS, links=False, kills=kills, rng=rng).work()
    _settle_confirmed(stage, confirmed)
    _judge(stage, confirmed, "one worker, confirmed", began_s)


def test_kills_and_a_bad_network_lose_and_double_nothing_that_a_sender_with_memory_holds(
    stage: Stage, confirmed: Sequence[ConfirmedSender], kills: int, rng: random.Random
) -> None:
    began_s = time.monotonic()
    Saboteur(stage, victims=ALL_PARTS, links=True, kills=kills, rng=rng).work()
    _settle_confirmed(stage, confirmed)
    _judge(stage, confirmed, "one worker, confirmed, bad network", began_s)


def test_kills_of_ingest_and_database_lose_and_double_nothing_of_plain_senders(
    stage: Stage, plain: Sequence[PlainSender], kills: int, rng: random.Random
) -> None:
    began_s = time.monotonic()
    Saboteur(stage, victims=("ingest", "postgres"), links=True, kills=kills, rng=rng).work()
    _settle_plain(stage, plain)
    _judge(stage, plain, "one worker, plain, bad network", began_s)


@pytest.mark.skipif(KILLS_VARIABLE not in os.environ, reason="a measurement: `make chaos`")
def test_what_plain_senders_lose_when_the_broker_is_killed_is_measured(
    stage: Stage, plain: Sequence[PlainSender], kills: int, rng: random.Random
) -> None:
    began_s = time.monotonic()
    # A broker whose ingest is away has the most to forget.
    Saboteur(stage, victims=ALL_PARTS, links=False, kills=kills, rng=rng).work()
    for sender in plain:
        sender.finish()
    stage.until(lambda: not any(sender.waiting for sender in plain), "the broker to have all")
    _wait_for_quiet(stage)
    to_store, _ = _record(stage, plain, "one worker, plain, broker killed too", began_s)
    stored = {(row["external_id"], row["seq"]) for row in stage.rows(_READINGS)}
    # The figure is in the table. What is there at least was sent.
    assert stored <= to_store
    if stage.broker_kind == "nats":
        assert stored == to_store


@pytest.mark.skipif(KILLS_VARIABLE not in os.environ, reason="a measurement: `make chaos`")
def test_what_a_broker_forgets_that_is_killed_while_ingest_is_away_is_measured(
    stage: Stage, plain: Sequence[PlainSender]
) -> None:
    began_s = time.monotonic()
    stage.workers_rest = True
    for worker in stage.workers:
        worker.child.stop(timeout_s=30)
    stage.until(lambda: sum(sender.sent for sender in plain) > 1500, "the broker to hold a queue")
    broker = stage.part("broker", random.Random(1))  # noqa: S311 - nothing is chosen
    assert killed(broker)
    stage.kills["broker"] += 1
    stage.until(lambda: broker.running, "the broker to be back")
    stage.workers_rest = False
    for sender in plain:
        sender.finish()
    stage.until(lambda: not any(sender.waiting for sender in plain), "the broker to have all")
    _wait_for_quiet(stage)
    to_store, _ = _record(stage, plain, "plain, broker killed while ingest is away", began_s)
    stored = {(row["external_id"], row["seq"]) for row in stage.rows(_READINGS)}
    assert stored <= to_store
    if stage.broker_kind == "nats":
        assert stored == to_store


def _wait_for_quiet(stage: Stage) -> None:
    """Wait until nothing more arrives, whether or not something is missing."""
    seen, since_s = stage.stored(), time.monotonic()

    def quiet() -> bool:
        nonlocal seen, since_s
        now = stage.stored()
        if now != seen:
            seen, since_s = now, time.monotonic()
        return time.monotonic() - since_s > _QUIET_S

    stage.until(quiet, "nothing more to arrive")


class TestTwoWorkers:
    """Workers that share the load."""

    @pytest.fixture
    def broker_kind(self, mosquitto: Path) -> KindName:  # noqa: ARG002 - skips where it is not
        """NATS accepts a shared subscription and delivers nothing."""
        return "mosquitto"

    @pytest.fixture
    def worker_names(self) -> tuple[str, ...]:
        """Both share the messages."""
        return ("a", "b")

    def test_kills_of_every_part_lose_and_double_nothing_with_two_workers(
        self, stage: Stage, confirmed: Sequence[ConfirmedSender], kills: int, rng: random.Random
    ) -> None:
        began_s = time.monotonic()
        Saboteur(stage, victims=ALL_PARTS, links=True, kills=kills, rng=rng).work()
        _settle_confirmed(stage, confirmed)
        _judge(stage, confirmed, "two workers, confirmed, bad network", began_s)

    def test_kills_of_workers_and_database_lose_and_double_nothing_of_plain_senders(
        self, stage: Stage, plain: Sequence[PlainSender], kills: int, rng: random.Random
    ) -> None:
        began_s = time.monotonic()
        Saboteur(stage, victims=("ingest", "postgres"), links=True, kills=kills, rng=rng).work()
        _settle_plain(stage, plain)
        _judge(stage, plain, "two workers, plain, bad network", began_s)


def _settle_confirmed(stage: Stage, senders: Sequence[ConfirmedSender]) -> None:
    for sender in senders:
        sender.finish()
    stage.until(lambda: not any(sender.waiting for sender in senders), "all to be confirmed")
    for sender in senders:
        # A confirmation must be true: neither too early nor of something else.
        assert sender.failure is None
        assert sender.called_stored == sender.tally.to_store
        assert len(sender.called_refused) == len(sender.tally.to_refuse)


def _settle_plain(stage: Stage, senders: Sequence[PlainSender]) -> None:
    for sender in senders:
        sender.finish()
    stage.until(lambda: not any(sender.waiting for sender in senders), "the broker to have all")
    expected = sum(len(sender.tally.to_store) for sender in senders)
    refused = sum(len(sender.tally.to_refuse) for sender in senders)
    stage.until(lambda: stage.stored() == expected, f"{expected} readings to be stored")
    stage.until(lambda: len(_letters(stage)) >= refused, f"{refused} messages to be kept aside")
    assert [sender.failure for sender in senders] == [None] * len(senders)


def _judge(
    stage: Stage, senders: Sequence[ConfirmedSender | PlainSender], scenario: str, began_s: float
) -> None:
    to_store, to_refuse = _record(stage, senders, scenario, began_s)
    rows = stage.rows(_READINGS)
    assert {(row["external_id"], row["seq"]) for row in rows} == to_store
    assert len(rows) == len(to_store)
    assert set(_letters(stage)) == to_refuse
    assert all(row["distances_mm"] == [distance_mm(int(str(row["seq"])))] for row in rows)
    # What follows from a reading is of the same transaction.
    assert not stage.rows(
        "SELECT FROM readings AS r WHERE NOT EXISTS "
        "(SELECT FROM dirty_device AS d"
        " WHERE d.device_id = r.device_id AND d.since <= r.observed_at)"
    )
    assert not stage.rows(
        "SELECT FROM bin_latest AS l WHERE seen_at <> "
        "(SELECT max(observed_at) FROM readings AS r WHERE r.bin_id = l.bin_id)"
    )


def _record(
    stage: Stage, senders: Sequence[ConfirmedSender | PlainSender], scenario: str, began_s: float
) -> tuple[set[Name], set[bytes]]:
    """Write the line of the table; return what should be stored and what be kept aside."""
    elapsed_s = time.monotonic() - began_s
    to_store = set[Name]().union(*(sender.tally.to_store for sender in senders))
    to_refuse = set[bytes]().union(*(sender.tally.to_refuse for sender in senders))
    stored = {(row["external_id"], row["seq"]) for row in stage.rows(_READINGS)}
    letters = _letters(stage)
    RESULTS.append(
        Result(
            scenario=f"{stage.broker_kind}, {scenario}",
            kills=stage.kills,
            network_faults=stage.network_faults,
            published=len(to_store) + len(to_refuse),
            stored=len(stored),
            dead_letters=len(set(letters)),
            lost=len(to_store - stored) + len(to_refuse - set(letters)),
            sent_again=sum(sender.tally.sent_again for sender in senders),
            absorbed=sum(worker.duplicates for worker in stage.workers),
            dead_letter_copies=len(letters) - len(set(letters)),
            elapsed_s=elapsed_s,
        )
    )
    return to_store, to_refuse


def _letters(stage: Stage) -> list[bytes]:
    return [bytes(row["payload"]) for row in stage.rows("SELECT payload FROM dead_letter")]  # type: ignore[call-overload]
