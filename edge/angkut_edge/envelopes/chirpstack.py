"""ChirpStack v4 over MQTT, JSON; what v3 sends is understood, too.

Events by chirpstack.io/docs, "Event types": the JSON of protobuf, so that empty fields are not
there at all.
"""

import base64
import json
from datetime import datetime
from typing import Literal

from pydantic import Field

from angkut_edge.envelopes import jsons
from angkut_edge.envelopes.base import Envelope
from angkut_edge.envelopes.fields import FieldMap, frame_of_codec
from angkut_edge.uplink import Answer, Downlink, EnvelopeError, Opened, Stage, Uplink

#: Tags of a device in which its model may be named, before its profile's name is tried.
_MODEL_TAGS = ("angkut_model", "model")


class ChirpStack(Envelope):
    """A ChirpStack network server's broker."""

    kind: Literal["chirpstack"] = "chirpstack"
    #: Application to listen to: its id, or all.
    application: str = Field("+", pattern=r"^[^/#]+$")
    #: Begins every topic, where the server is set up so: `id/of/the/server/`.
    prefix: str = Field("", pattern=r"^([^/#+]+/)*$")
    #: How to read `object`, which the server's own codec made, when there are no bytes.
    decoded: FieldMap | None = None

    @property
    def filters(self) -> tuple[str, ...]:
        return (f"{self.prefix}application/{self.application}/device/+/event/+",)

    def open(self, topic: str, payload: bytes, *, now: datetime) -> Opened:
        levels = topic.split("/")
        if levels[-2:-1] != ["event"]:
            raise EnvelopeError(f"the topic {topic[:200]!r} does not end in /event/ and its kind")
        body = jsons.parse_object(payload)
        device = jsons.eui(jsons.at(body, "deviceInfo", "devEui")) or jsons.eui(body.get("devEUI"))
        device = device or jsons.eui(levels[-3])
        if device is None:
            raise EnvelopeError("deviceInfo.devEui is missing or not a DevEUI of 16 digits")
        route = "/".join((*levels[:-2], "command", "down"))
        event = levels[-1]
        if event == "up":
            return self._up(body, device, route, now)
        answer = _answer(event, body, device)
        if answer:
            return Opened(answers=(answer,), device=device, route=route)
        return Opened(device=device, route=route, ignored=event[:40])

    def _up(self, body: dict[str, object], device: str, route: str, now: datetime) -> Opened:
        rssi_dbm, snr_db = jsons.best_radio(body.get("rxInfo"), ("snr", "loRaSNR"))
        data = jsons.base64_bytes(body.get("data"))
        frame = None
        if not data:
            frame = frame_of_codec(self.decoded, body.get("object"), device=device, wanted="data")
            if frame is None:
                return Opened(device=device, route=route, ignored="no data")
        uplink = Uplink(
            self.kind,
            device,
            received=_received(body) or now,
            hint=_hint(body),
            f_port=jsons.whole(body.get("fPort")),
            f_cnt=max(0, jsons.whole(body.get("fCnt")) or 0),
            payload=data,
            frame=frame,
            rssi_dbm=rssi_dbm,
            snr_db=snr_db,
        )
        return Opened((uplink,), device=device, route=route)

    def downlink(self, route: str, device: str, downlink: Downlink, ref: str) -> tuple[str, bytes]:
        item = {
            "id": ref,
            "devEui": device,
            "confirmed": True,
            "fPort": downlink.f_port,
            "data": base64.b64encode(downlink.payload).decode(),
        }
        return route, json.dumps(item).encode()


def _received(body: dict[str, object]) -> datetime | None:
    places = (("time",), ("rxInfo", 0, "nsTime"), ("rxInfo", 0, "gwTime"), ("rxInfo", 0, "time"))
    times = (jsons.time(jsons.at(body, *place)) for place in places)
    return next((found for found in times if found), None)


def _hint(body: dict[str, object]) -> str | None:
    info = body.get("deviceInfo")
    names = [jsons.at(info, "tags", tag) for tag in _MODEL_TAGS]
    names += [jsons.at(body, "tags", tag) for tag in _MODEL_TAGS]
    names += [jsons.at(info, "deviceProfileName"), body.get("deviceProfileName")]
    return next((name for name in map(jsons.text, names) if name), None)


def _answer(event: str, body: dict[str, object], device: str) -> Answer | None:
    ref = jsons.text(body.get("queueItemId"))
    if event == "txack":
        return Answer(ref, device, Stage.SENT)
    if event == "ack":
        if body.get("acknowledged") is True:
            return Answer(ref, device, Stage.DELIVERED)
        return Answer(ref, device, Stage.FAILED, "the device did not confirm the frame")
    if event == "log":
        ref = jsons.text(jsons.at(body, "context", "queue_item_id"))
        if ref and body.get("level") in {"ERROR", "WARNING"}:
            code = jsons.text(body.get("code")) or "error"
            detail = jsons.text(body.get("description")) or ""
            return Answer(ref, device, Stage.FAILED, f"{code}: {detail}"[:300])
    return None
