"""Addresses that are told of alerts, and the deliveries to them."""

import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from angkut_backend.accounts.service import audit
from angkut_backend.alerts.outbound import Sender, Sent, check_url, new_secret
from angkut_backend.alerts.rules import Kind
from angkut_backend.db import Connection, Row, load_queries, translated_errors
from angkut_backend.errors import NotFoundError

_SQL = load_queries("angkut_backend.alerts")
log = logging.getLogger("angkut.webhooks")

#: Waits after failures in a row: the first, doubled each time, and the longest; jittered.
FIRST_RETRY_S = 5.0
LONGEST_RETRY_S = 600.0
GIVE_UP_AFTER = timedelta(hours=24)
KEEP_FOR = timedelta(days=30)
#: A run ends after so long, seconds: other jobs wait for it.
_RUN_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An address that is told of alerts, and how it goes."""

    webhook_id: int
    url: str
    #: None: all kinds.
    kinds: list[str] | None
    #: In a row.
    failures: int
    waiting: int
    tried_at: datetime | None
    result: str | None

    @classmethod
    def from_row(cls, row: Row) -> "Webhook":
        """Read a row of `webhooks`."""
        return cls(**row)


def add(
    conn: Connection, url: str, kinds: Sequence[Kind], *, actor: str, now: datetime
) -> tuple[int, str]:
    """Add an address; return its id and the secret that signs, which is not shown again.

    Raises
    ------
    WebhookUrlError
        Messages cannot go there.
    ConflictError
        It is there already.

    """
    check_url(url)
    secret = new_secret()
    values = {
        "url": url,
        "secret": secret,
        "kinds": [str(kind) for kind in kinds] or None,
        "now": now,
    }
    with translated_errors():
        row = conn.execute(_SQL["add_webhook"], values).fetchone() or {}
    webhook_id: int = row["webhook_id"]
    after = {"host": _host(url), "kinds": values["kinds"]}
    audit(conn, actor, "webhook.add", f"webhook:{webhook_id}", None, after)
    return webhook_id, secret


def list_all(conn: Connection) -> list[Webhook]:
    """Return the addresses in force."""
    return [Webhook.from_row(row) for row in conn.execute(_SQL["webhooks"])]


def remove(conn: Connection, webhook_id: int, *, actor: str, now: datetime) -> None:
    """Tell an address no more; what waits for it is given up.

    Raises
    ------
    NotFoundError
        There is no such webhook.

    """
    values = {"webhook_id": webhook_id, "now": now}
    row = conn.execute(_SQL["remove_webhook"], values).fetchone()
    if row is None:
        raise NotFoundError(f"there is no webhook {webhook_id}")
    audit(conn, actor, "webhook.remove", f"webhook:{webhook_id}", {"host": _host(row["url"])})


def send_test(conn: Connection, webhook_id: int, sender: Sender, now: datetime) -> Sent:
    """Send a message of type `test` at once, and say how it went.

    Raises
    ------
    NotFoundError
        There is no such webhook.

    """
    row = conn.execute(_SQL["webhook"], {"webhook_id": webhook_id}).fetchone()
    if row is None:
        raise NotFoundError(f"there is no webhook {webhook_id}")
    conn.commit()
    body = f'{{"type":"test","timestamp":"{now:%Y-%m-%dT%H:%M:%SZ}","data":{{}}}}'
    message_id = f"test_{webhook_id}_{int(now.timestamp())}"
    return sender.send(row["url"], row["secret"], message_id, body, now)


def deliver(conn: Connection, now: datetime, sender: Sender) -> bool:
    """Send what is due, for some seconds; return whether more is due. A job of the worker.

    A message may be sent twice, when the worker dies between the answer and the commit: its id
    is the same then.
    """
    began = time.monotonic()
    given_up = conn.execute(_SQL["give_up_old"], {"before": now - GIVE_UP_AFTER}).fetchall()
    if given_up:
        log.warning("gave up %d deliveries after a day", len(given_up))
    conn.execute(_SQL["purge_deliveries"], {"before": now - KEEP_FOR})
    conn.commit()
    while due := conn.execute(_SQL["due_deliveries"], {"now": now}).fetchall():
        # Nothing is held open while a receiver takes its time.
        conn.commit()
        for row in due:
            if time.monotonic() - began > _RUN_S:
                return True
            _deliver(conn, row, sender, now)
    return False


def _deliver(conn: Connection, row: Row, sender: Sender, now: datetime) -> None:
    message_id = f"msg_{row['webhook_delivery_id']}"
    sent = sender.send(row["url"], row["secret"], message_id, row["body"], now)
    if not sent.is_delivered:
        log.warning("webhook %d (%s): %s", row["webhook_id"], _host(row["url"]), sent.result)
    values = {
        "webhook_id": row["webhook_id"],
        "webhook_delivery_id": row["webhook_delivery_id"],
        "now": now,
        "result": sent.result,
        "delivered": sent.is_delivered,
        # A message that is refused makes way for others; a receiver that fails is left alone.
        "next_at": now + _wait(row["tries"]),
        "retry_at": now + _wait(row["failures"]),
    }
    conn.execute(_SQL["note_delivery"], values)
    conn.commit()


def _wait(failures: int) -> timedelta:
    longest_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(failures, 20))
    return timedelta(seconds=longest_s * random.uniform(0.5, 1))  # noqa: S311 - jitter


def _host(url: str) -> str:
    # Paths of many receivers are secrets: never in a log.
    return urlsplit(url).hostname or ""
