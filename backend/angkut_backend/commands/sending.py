"""The job that publishes commands, and again until they are answered or expire."""

import logging
import random
from datetime import datetime, timedelta

from angkut_backend.commands.service import SQL
from angkut_backend.db import Connection, Row
from angkut_backend.errors import NotConfiguredError
from angkut_broker.codec import encode
from angkut_broker.messages import Command
from angkut_broker.session import BrokerAddress, publish_all
from angkut_broker.topics import Channel, Kind, Topic

log = logging.getLogger("angkut.commands")

#: Wait before a command that nobody answered is published again: the first, doubled each time,
#: and the longest. A device that comes online meanwhile gets it at once.
FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(hours=1)
#: Commands published in one run.
_PART = 100
#: How long the broker may take for them, seconds.
_ANSWER_S = 5.0


def send_due(
    conn: Connection, now: datetime, broker: BrokerAddress | None, rng: random.Random
) -> bool:
    """Publish what is due and give up what is expired; return whether more is due.

    A command may be published twice, when the worker dies before it could note it: devices know
    it by its `cmd_id`.

    Raises
    ------
    NotConfiguredError
        Commands are due, and there is no password for the worker at the broker.
    BrokerUnreachableError
        They stay due.

    """
    expired = conn.execute(SQL["expire"], {"now": now}).fetchall()
    if expired:
        log.warning("%d commands expired", len(expired))
    due = conn.execute(SQL["due"], {"now": now, "limit": _PART}).fetchall()
    # Nothing is held open while the broker takes its time.
    conn.commit()
    if not due:
        return False
    if broker is None:
        raise NotConfiguredError(
            f"{len(due)} commands wait: set ANGKUT_MQTT_WORKER_PASSWORD or mqtt_worker_password, "
            "then write the broker's files again with `angkut broker write`"
        )
    accepted = publish_all(broker, [_message(row) for row in due], timeout_s=_ANSWER_S)
    sent = [row for row, is_accepted in zip(due, accepted, strict=True) if is_accepted]
    values = {
        "command_id": [row["command_id"] for row in sent],
        "next_at": [now + _wait(row["attempts"], rng) for row in sent],
        "now": now,
    }
    conn.execute(SQL["note_sent"], values)
    log.info("published %d of %d commands", len(sent), len(due))
    return len(sent) == _PART


def _message(row: Row) -> tuple[str, bytes]:
    topic = Topic(row["city_slug"], row["area"], Kind(row["kind"]), row["target"], Channel.CMD)
    command = Command(
        v=1,
        cmd_id=str(row["command_id"]),
        id=row["device"] if row["target"] != row["device"] else None,
        cmd=row["cmd"],
        args=row["args"],
        expires=row["expires_at"],
    )
    return str(topic), encode(command)


def _wait(attempts: int, rng: random.Random) -> timedelta:
    # Jittered, so that a fleet that was told something at once is not told again at once.
    usual = min(LONGEST_RETRY, FIRST_RETRY * 2.0 ** min(attempts, 20))
    return usual * rng.uniform(0.75, 1.25)
