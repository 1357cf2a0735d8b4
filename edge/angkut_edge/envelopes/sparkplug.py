"""Sparkplug B (Eclipse Sparkplug 3.0): births name the metrics, data may name them by alias."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import Field, PrivateAttr

from angkut_broker.errors import Reason, Refusal
from angkut_broker.messages import Fault
from angkut_edge.envelopes import protobuf
from angkut_edge.envelopes.base import Envelope
from angkut_edge.quantities import Codes, Gathering, Quantity, recognise
from angkut_edge.uplink import EnvelopeError, Frame, Opened, Uplink

_NAMESPACE = "spBv1.0"
_BIRTHS, _DATA = ("NBIRTH", "DBIRTH"), ("NDATA", "DDATA")
#: A node that was asked for a birth is not asked again before this.
_ASK_AGAIN_AFTER = timedelta(minutes=5)
_MAX_ALIASES = 20_000

#: What is measured by second and whether it is of the past, with the exact time.
_Gathered = dict[tuple[datetime | None, bool], tuple[datetime | None, Gathering]]


@dataclass
class _Node:
    """What an edge node's births have told: alias to name and type, over all its devices."""

    metrics: dict[int, tuple[str, int | None]] = field(default_factory=dict)
    #: Types by device and name, for data that give the name but not the type.
    types: dict[tuple[str, str], int | None] = field(default_factory=dict)
    born: set[str] = field(default_factory=set)
    asked_at: datetime | None = None


class Sparkplug(Envelope):
    """A Sparkplug infrastructure in which bins are devices, or nodes.

    Births are kept in memory: after a start, data by alias are refused and the node is asked
    for a new birth.
    """

    kind: Literal["sparkplug"] = "sparkplug"
    group: str = Field("+", pattern=r"^[^/#]+$")
    #: Whether a device's id here is its own name, or the node's before it.
    device: Literal["device", "node-device"] = "device"
    #: What a metric is, where its name does not say so: `{ "Level/Raw" = "distance" }`.
    metrics: Mapping[str, Quantity] = Field(default_factory=dict)
    #: Units of metrics: `{ "Level/Raw" = "cm" }`.
    units: Mapping[str, str] = Field(default_factory=dict)
    no_echo: list[float] = Field(default_factory=list, max_length=16)
    sensor_error: list[float] = Field(default_factory=list, max_length=16)
    blind_zone: list[float] = Field(default_factory=list, max_length=16)

    _nodes: dict[tuple[str, str], _Node] = PrivateAttr(default_factory=dict)

    @property
    def filters(self) -> tuple[str, ...]:
        return (f"{_NAMESPACE}/{self.group}/#",)

    def open(self, topic: str, payload: bytes, *, now: datetime) -> Opened:
        levels = topic.split("/")
        if levels[0] != _NAMESPACE or len(levels) not in {4, 5}:
            if levels[:2] == [_NAMESPACE, "STATE"]:
                return Opened(ignored="STATE")
            raise EnvelopeError(f"{topic[:200]!r} is not {_NAMESPACE}/group/kind/node[/device]")
        group, kind, name = levels[1:4]
        own = levels[4] if len(levels) == 5 else None
        device = self._id(name, own)
        if kind in {"NDEATH", "DDEATH"}:
            # What is heard next is a birth; until then its aliases mean nothing.
            if kind == "NDEATH":
                self._nodes.pop((group, name), None)
            elif (group, name) in self._nodes:
                self._nodes[group, name].born.discard(own or "")
            return Opened(device=device, ignored=kind)
        if kind not in _BIRTHS + _DATA:
            return Opened(device=device, ignored=kind[:40])
        message = protobuf.payload(payload)
        node = self._nodes.setdefault((group, name), _Node())
        if kind in _BIRTHS:
            self._birth(node, own or "", message, is_node=kind == "NBIRTH")
        return self._read(node, own or "", device, message, f"{group}/{name}", now)

    def _birth(self, node: _Node, own: str, message: protobuf.Payload, *, is_node: bool) -> None:
        if is_node:
            node.metrics.clear()
            node.types.clear()
            node.born.clear()
        node.asked_at = None
        node.born.add(own)
        for metric in message.metrics[: _MAX_ALIASES - len(node.types)]:
            if metric.name is None:
                raise EnvelopeError("a birth has a metric without a name")
            node.types[own, metric.name] = metric.datatype
            if metric.alias is not None:
                node.metrics[metric.alias] = (metric.name, metric.datatype)

    def _read(
        self,
        node: _Node,
        own: str,
        device: str,
        message: protobuf.Payload,
        where: str,
        now: datetime,
    ) -> Opened:
        if own not in node.born:
            return self._refused(node, where, device, "this is data before a birth", now)
        gathered: _Gathered = {}
        for metric in message.metrics:
            name, datatype = metric.name, metric.datatype
            if name is None:
                known = None if metric.alias is None else node.metrics.get(metric.alias)
                if known is None:
                    why = f"no birth has told what alias {metric.alias} is"
                    return self._refused(node, where, device, why, now)
                name, datatype = known[0], datatype or known[1]
            self._take(metric, name, datatype or node.types.get((own, name)), message, gathered)
        uplinks = tuple(
            Uplink(
                self.kind,
                device,
                received=now,
                frame=Frame((gathering.sample(t, *((Fault.HISTORY,) if past else ())),)),
            )
            for (_, past), (t, gathering) in gathered.items()
        )
        return Opened(uplinks, device=device, ignored=None if uplinks else "other metrics")

    def _refused(self, node: _Node, where: str, device: str, why: str, now: datetime) -> Opened:
        refusal = Refusal(Reason.BAD_FRAME, f"{device}: {why}; {where} is asked for a new one")
        return Opened(refusals=(refusal,), replies=self._ask(node, where, now), device=device)

    def _ask(self, node: _Node, where: str, now: datetime) -> tuple[tuple[str, bytes], ...]:
        if node.asked_at is not None and now - node.asked_at < _ASK_AGAIN_AFTER:
            return ()
        node.asked_at = now
        group, name = where.split("/")
        command = protobuf.rebirth(int(now.timestamp() * 1_000))
        return ((f"{_NAMESPACE}/{group}/NCMD/{name}", command),)

    def _take(
        self,
        metric: protobuf.Metric,
        name: str,
        datatype: int | None,
        message: protobuf.Payload,
        gathered: _Gathered,
    ) -> None:
        meaning = self._meaning(name)
        if meaning is None or metric.quality == protobuf.STALE:
            return
        quantity, unit = meaning
        stamp = metric.timestamp_ms if metric.timestamp_ms is not None else message.timestamp_ms
        t = _time(stamp)
        # The metrics of one measurement are stamped a few milliseconds apart.
        key = (t and t.replace(microsecond=0), metric.is_historical)
        codes = Codes(self.no_echo, self.sensor_error, self.blind_zone)
        _, gathering = gathered.setdefault(key, (t, Gathering(codes)))
        if metric.is_null or metric.quality != protobuf.GOOD:
            if quantity is Quantity.DISTANCE:
                gathering.faults[Fault.SENSOR_ERROR] = None
            return
        value = metric.value
        if isinstance(value, int) and not isinstance(value, bool):
            value = protobuf.with_sign(value, datatype)
        if isinstance(value, int | float) and not isinstance(value, bool):
            gathering.add(quantity, float(value), unit)
        else:
            gathering.faults[Fault.BAD_FIELD] = None

    def _meaning(self, name: str) -> tuple[Quantity, str | None] | None:
        quantity = self.metrics.get(name)
        if quantity is not None:
            return quantity, self.units.get(name)
        found = recognise(name.rsplit("/", 1)[-1])
        return None if found is None else (found[0], self.units.get(name, found[1]))

    def _id(self, node: str, own: str | None) -> str:
        name = own or node if self.device == "device" or own is None else f"{node}-{own}"
        plain = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_")[:64]
        if not plain:
            raise EnvelopeError(f"{name[:100]!r} holds no letter or digit for a device id")
        return plain


def _time(stamp_ms: int | None) -> datetime | None:
    if stamp_ms is None or stamp_ms > 253_402_300_799_999:
        return None
    return datetime.fromtimestamp(stamp_ms / 1_000, UTC)
