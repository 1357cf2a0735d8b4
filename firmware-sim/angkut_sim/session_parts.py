"""What a session holds and counts, and how it talks to the loop."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from angkut_sim.session import Session


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message that waits to be sent."""

    topic: str
    payload: bytes
    retain: bool
    #: How many readings it holds.
    readings: int


@dataclass(slots=True)
class Tally:
    """What the broker has acknowledged, and what it has not yet."""

    messages: int = 0
    readings: int = 0
    #: Connections that were accepted.
    connections: int = 0
    #: Messages that a full queue pushed out, unsent.
    dropped: int = 0
    #: Messages of all sessions that are not acknowledged, sent or not.
    waiting: int = 0
    #: Sessions that are up.
    connected: int = 0
    #: Why a connection last failed or ended; empty when none did.
    last_trouble: str = ""


@dataclass(slots=True)
class LoopHooks:
    """How a session tells the loop what there is to do."""

    #: A socket (a file descriptor) was opened, closed, can or cannot write at once.
    opened: Callable[["Session", int], None]
    closed: Callable[[int], None]
    wants_write: Callable[["Session", int, bool], None]
    #: There is something to publish or to connect.
    stirred: Callable[["Session"], None]
    #: A command came.
    told: Callable[["Session"], None]
