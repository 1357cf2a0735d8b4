"""From messages of the sources to items of the spool, in one transaction."""

import base64
import hashlib
import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from angkut_broker.errors import Reason, Refusal
from angkut_broker.messages import MAX_REFUSED_BYTES, Ack, Event, Meta, Refused, Telemetry
from angkut_edge.downlink import Downlinks
from angkut_edge.hearing import read
from angkut_edge.link import Arrived
from angkut_edge.memory import KnownDevice, Memory
from angkut_edge.metrics import EdgeMetrics
from angkut_edge.settings import GatewaySettings
from angkut_edge.spool import Spool
from angkut_edge.uplink import Heard

log = logging.getLogger("angkut.edge")


@dataclass(slots=True)
class Taken:
    """What a batch came to, once it is written."""

    heard: list[tuple[Arrived, Heard]] = field(default_factory=list)
    #: Messages that were written before and only not acknowledged in time; things that were
    #: in the spool already.
    copies: int = 0
    #: Answers of network servers to commands.
    acks: list[Ack] = field(default_factory=list)
    #: Descriptions of devices that are new.
    metas: dict[str, Meta] = field(default_factory=dict)

    def count(self, metrics: EdgeMetrics) -> None:
        """Show it in the metrics."""
        metrics.copies(self.copies)
        for arrived, told in self.heard:
            metrics.took(arrived.link.name, told)


class Intake:
    """Decodes and spools."""

    def __init__(
        self, settings: GatewaySettings, spool: Spool, memory: Memory, downlinks: Downlinks
    ) -> None:
        self._gateway = settings.gateway
        self._models = settings.models
        self._envelopes = {source.name: source.envelope for source in settings.sources}
        self._spool = spool
        self._memory = memory
        self._downlinks = downlinks

    def write(self, batch: Sequence[Arrived]) -> Taken:
        """Spool what messages of sources hold; all of it, or nothing.

        Raises
        ------
        SpoolFullError
            Nothing was written.

        """
        taken = Taken()
        with self._spool.transaction():
            for arrived in batch:
                digest = _digest(arrived)
                # A broker marks what it brings again; two equal messages are two without that.
                if arrived.again and self._spool.was_taken(digest):
                    taken.copies += 1
                    continue
                self._spool.take(digest)
                try:
                    self._write(arrived, self._hear(arrived), taken)
                except sqlite3.Error:
                    raise
                except Exception as exc:
                    # One message must never stop the gateway, which would find it again.
                    log.exception("%s: a message on %s", arrived.link.name, arrived.topic)
                    detail = f"a fault of the gateway, report it: {type(exc).__name__}"
                    fault = Refusal(Reason.BAD_FRAME, detail)
                    self._spool.add([self._refused(arrived, fault)], now=arrived.at)
        return taken

    def _hear(self, arrived: Arrived) -> Heard:
        return read(
            self._envelopes[arrived.link.name],
            arrived.topic,
            arrived.payload,
            now=arrived.at,
            models=self._models,
        )

    def _write(self, arrived: Arrived, told: Heard, taken: Taken) -> None:
        taken.heard.append((arrived, told))
        refused = [self._refused(arrived, refusal) for refusal in told.refusals]
        things: list[Telemetry | Event | Refused] = [*told.readings, *told.events, *refused]
        taken.copies += len(things) - self._spool.add(things, now=arrived.at)
        self._meet(arrived.link.name, told, taken)
        for answer in told.answers:
            if (ack := self._downlinks.answered(answer)) is not None:
                self._memory.answered(ack, now=arrived.at)
                taken.acks.append(ack)

    def _meet(self, source: str, told: Heard, taken: Taken) -> None:
        metas = {meta.id: meta for meta in told.metas}
        devices = {reading.id for reading in told.readings} | metas.keys()
        devices |= {event.id for event in told.events}
        if told.device is not None and not told.refusals:
            devices.add(told.device)
        for device in sorted(devices):
            own = device == told.device
            known = KnownDevice(source, told.route if own else None, told.model if own else None)
            if (new := self._memory.met(device, known, metas.get(device))) is not None:
                taken.metas[device] = new

    def _refused(self, arrived: Arrived, refusal: Refusal) -> Refused:
        log.warning("%s: %s: %s", arrived.link.name, refusal.reason, refusal.detail)
        return Refused(
            v=1,
            id=self._gateway,
            seq=self._spool.next_number(),
            t=arrived.at,
            topic=_plain(arrived.topic),
            payload=base64.b64encode(arrived.payload[:MAX_REFUSED_BYTES]).decode(),
            reason=refusal.reason.value,
            detail=_plain(refusal.detail),
        )


def _plain(text: str) -> str:
    # JSON may hold half a character, which no JSON can be made of again.
    return text.encode(errors="replace").decode()[:500]


def _digest(arrived: Arrived) -> bytes:
    parts = (arrived.link.name.encode(), arrived.topic.encode(errors="replace"), arrived.payload)
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).digest()
