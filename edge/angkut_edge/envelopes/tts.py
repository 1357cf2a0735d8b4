"""The Things Stack v3, over MQTT or its webhooks, JSON.

By thethingsindustries.com/docs, "Data Formats": fields that are empty, 0 or false are not there.
"""

import base64
import json
import re
from datetime import datetime
from typing import Literal

from pydantic import Field

from angkut_broker.topics import ID_PATTERN
from angkut_edge.envelopes import jsons
from angkut_edge.envelopes.base import Envelope
from angkut_edge.envelopes.fields import FieldMap, frame_of_codec
from angkut_edge.uplink import Answer, Downlink, EnvelopeError, Opened, Stage, Uplink

_TOPIC = re.compile(r"(v3/[^/]+/devices/[^/]+)/.+")
#: Before our mark in `correlation_ids`, among those of the server.
_MARK = "angkut:"
_STAGES = {
    "downlink_queued": Stage.QUEUED,
    "downlink_sent": Stage.SENT,
    "downlink_ack": Stage.DELIVERED,
    "downlink_nack": Stage.FAILED,
    "downlink_failed": Stage.FAILED,
}


class TheThingsStack(Envelope):
    """An application on The Things Stack."""

    kind: Literal["tts"] = "tts"
    #: Application with its tenant, as it is in the topics: `bins@ttn`; or all.
    application: str = Field("+", pattern=r"^[^/#]+$")
    #: How to read `decoded_payload`, which the server's own codec made, when there are no bytes.
    decoded: FieldMap | None = None

    @property
    def filters(self) -> tuple[str, ...]:
        devices = f"v3/{self.application}/devices/+"
        kinds = ("up", "join", "down/queued", "down/sent", "down/ack", "down/nack", "down/failed")
        return tuple(f"{devices}/{kind}" for kind in kinds)

    def open(self, topic: str, payload: bytes, *, now: datetime) -> Opened:
        body = jsons.parse_object(payload)
        device = _device(body)
        if device is None:
            raise EnvelopeError("end_device_ids has neither a dev_eui nor a usable device_id")
        found = _TOPIC.fullmatch(topic)
        route = f"{found[1]}/down/push" if found else None
        for name, stage in _STAGES.items():
            if isinstance(body.get(name), dict):
                answer = _answer(body, name, stage, device)
                return Opened(answers=(answer,), device=device, route=route)
        message = body.get("uplink_message")
        if not isinstance(message, dict):
            kind = next((name for name in body if name.endswith(("_accept", "_solved"))), "other")
            # What the server's codec made of an uplink comes beside it, as `uplink_normalized`.
            kind = next((name for name in body if name.startswith("uplink_")), kind)
            return Opened(device=device, route=route, ignored=kind[:40])
        if body.get("simulated") is True:
            return Opened(device=device, route=route, ignored="simulated")
        return self._up(body, message, device, route, now)

    def _up(
        self,
        body: dict[str, object],
        message: dict[str, object],
        device: str,
        route: str | None,
        now: datetime,
    ) -> Opened:
        data = jsons.base64_bytes(message.get("frm_payload"))
        frame = None
        if not data:
            decoded = message.get("decoded_payload")
            frame = frame_of_codec(self.decoded, decoded, device=device, wanted="frm_payload")
            if frame is None:
                return Opened(device=device, route=route, ignored="no data")
        rssi_dbm, snr_db = jsons.best_radio(message.get("rx_metadata"))
        times = (message.get("received_at"), body.get("received_at"))
        uplink = Uplink(
            self.kind,
            device,
            received=next((t for t in map(jsons.time, times) if t), None)
            or jsons.time(jsons.at(message, "settings", "time"))
            or now,
            hint=_hint(message),
            f_port=jsons.whole(message.get("f_port")),
            f_cnt=max(0, jsons.whole(message.get("f_cnt")) or 0),
            payload=data,
            frame=frame,
            rssi_dbm=rssi_dbm,
            snr_db=snr_db,
        )
        return Opened((uplink,), device=device, route=route)

    def downlink(self, route: str, device: str, downlink: Downlink, ref: str) -> tuple[str, bytes]:  # noqa: ARG002 - the route names it
        item = {
            "f_port": downlink.f_port,
            "frm_payload": base64.b64encode(downlink.payload).decode(),
            "priority": "NORMAL",
            "confirmed": True,
            "correlation_ids": [f"{_MARK}{ref}"],
        }
        return route, json.dumps({"downlinks": [item]}).encode()


def _device(body: dict[str, object]) -> str | None:
    ids = body.get("end_device_ids")
    name = (jsons.text(jsons.at(ids, "device_id")) or "").lower()
    found = jsons.eui(jsons.at(ids, "dev_eui")) or jsons.eui(name.removeprefix("eui-"))
    return found or (name if re.fullmatch(ID_PATTERN, name) else None)


def _hint(message: dict[str, object]) -> str | None:
    places = (("attributes", "angkut_model"), ("attributes", "model"), ("version_ids", "model_id"))
    names = (jsons.text(jsons.at(message, *place)) for place in places)
    return next((name for name in names if name), None)


def _answer(body: dict[str, object], name: str, stage: Stage, device: str) -> Answer:
    inside = body[name]
    marks: list[object] = []
    for holder in (body, inside, jsons.at(inside, "downlink")):
        ids = jsons.at(holder, "correlation_ids")
        marks.extend(ids if isinstance(ids, list) else ())
    refs = [mark for mark in marks if isinstance(mark, str) and mark.startswith(_MARK)]
    detail = None
    if name == "downlink_failed":
        error = jsons.at(inside, "error")
        detail = jsons.text(jsons.at(error, "message_format")) or jsons.text(
            jsons.at(error, "name")
        )
    elif name == "downlink_nack":
        detail = "the device did not confirm the frame"
    ref = refs[0].removeprefix(_MARK) if refs else None
    return Answer(ref, device, stage, detail[:300] if detail else None)
