"""Commands of upstream, handed to the network server of the device, and what came of them."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from angkut_broker.codec import encode
from angkut_broker.messages import Ack, Command
from angkut_edge import models
from angkut_edge.envelopes.angkut import Angkut
from angkut_edge.envelopes.base import Envelope
from angkut_edge.memory import Memory
from angkut_edge.model import Model
from angkut_edge.uplink import Answer, Downlink, EnvelopeError, Stage, UnsupportedCommandError

log = logging.getLogger("angkut.edge")


@dataclass(frozen=True, slots=True)
class Handed:
    """What is to be published at a source."""

    source: str
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Given:
    """What a command comes to; both empty: nothing can be done now, and upstream asks again."""

    ack: Ack | None = None
    handed: Handed | None = None


class Downlinks:
    """Turns commands into downlinks, each once however often upstream sends it."""

    def __init__(self, gateway: str, memory: Memory, envelopes: Mapping[str, Envelope]) -> None:
        self._gateway = gateway
        self._memory = memory
        self._envelopes = envelopes

    def give(self, payload: bytes, *, now: datetime, up: Mapping[str, bool]) -> Given:
        """Read a message of the `cmd` channel.

        Parameters
        ----------
        up
            Which sources are connected.

        """
        try:
            command = Command.model_validate_json(payload)
        except ValidationError as exc:
            log.warning("a command cannot be read: %s", exc.errors(include_url=False)[0]["msg"])
            return Given()
        if command.id is None:
            detail = "a gateway takes no commands for itself"
            return Given(_ack(self._gateway, command.cmd_id, ok=False, detail=detail))
        if known := self._memory.answer(command.cmd_id):
            return Given(known)
        if command.expires is not None and command.expires <= now:
            return Given()
        return self._hand_over(command, command.id, up)

    def answered(self, answer: Answer) -> Ack | None:
        """Return what a network server's word means for the command it speaks of."""
        cmd_id = answer.ref or self._memory.newest_open(answer.device)
        before = self._memory.answer(cmd_id) if cmd_id else None
        if before is None or before.final is not False:
            # Somebody else's downlink, or one whose end is known already.
            return None
        match answer.stage:
            case Stage.DELIVERED:
                detail = answer.detail or "the device confirmed it"
                return _ack(before.id, before.cmd_id, ok=True, detail=detail)
            case Stage.FAILED:
                detail = answer.detail or "the network server could not deliver it"
                return _ack(before.id, before.cmd_id, ok=False, detail=detail)
            case _:
                detail = answer.detail or f"{answer.stage} by the network server"
                return _ack(before.id, before.cmd_id, ok=True, detail=detail, final=False)

    def _hand_over(self, command: Command, device: str, up: Mapping[str, bool]) -> Given:
        try:
            handed = self._encode(command, device)
        except (UnsupportedCommandError, EnvelopeError) as exc:
            return Given(_ack(device, command.cmd_id, ok=False, detail=str(exc)))
        if not up.get(handed.source):
            log.warning("command %s waits: %s is away", command.cmd_id, handed.source)
            return Given()
        detail = f"handed to {handed.source}; the device fetches it after its next uplink"
        return Given(_ack(device, command.cmd_id, ok=True, detail=detail, final=False), handed)

    def _encode(self, command: Command, device: str) -> Handed:
        known = self._memory.device(device)
        if known is None or known.source not in self._envelopes:
            raise EnvelopeError(f"{device} has not been heard here yet: nobody knows the way to it")
        if known.route is None:
            raise EnvelopeError(
                f"{device} is heard through {known.source}, which has no way back to a device"
            )
        envelope = self._envelopes[known.source]
        if isinstance(envelope, Angkut):
            # It reads commands as they are, without the word for whom they are.
            plain = command.model_copy(update={"id": None})
            downlink = Downlink(0, encode(plain))
        else:
            downlink = _model(device, known.model).command(command.cmd, command.args)
        topic, payload = envelope.downlink(known.route, device, downlink, command.cmd_id)
        return Handed(known.source, topic, payload)


def _model(device: str, name: str | None) -> Model:
    model = models.find(name) if name else None
    if model is None:
        raise UnsupportedCommandError(f"{device}: its model is not known, nor are its downlinks")
    return model


def _ack(device: str, cmd_id: str, *, ok: bool, detail: str, final: bool | None = None) -> Ack:
    return Ack(v=1, id=device, cmd_id=cmd_id, ok=ok, detail=detail[:500], final=final)
