"""A Milesight gateway (UG56, UG63, UG65, UG67) with its own network server, over MQTT, JSON.

By support.milesight-iot.com, article 73000600064, and milesight.com/building-iot-gateway: older
firmware puts the radio into `rxInfo`, some forms put `rssi` and `loRaSNR` beside the data.
"""

import base64
import json
from datetime import datetime
from typing import Literal

from pydantic import Field

from angkut_edge.envelopes import jsons
from angkut_edge.envelopes.base import Envelope
from angkut_edge.uplink import Answer, Downlink, EnvelopeError, Opened, Stage, Uplink


class MilesightGateway(Envelope):
    """The application of a Milesight gateway that sends to a broker."""

    kind: Literal["milesight-gateway"] = "milesight-gateway"
    #: Topics of uplinks (and of `ack` and `join`, where they are set up), as in its application;
    #: `+` where the gateway has `$deveui`.
    topics: list[str] = Field(min_length=1, max_length=8)
    #: Topic of downlinks as in its application; `{deveui}` where the gateway has `$deveui`.
    downlink_topic: str | None = None

    @property
    def filters(self) -> tuple[str, ...]:
        return tuple(self.topics)

    def open(self, topic: str, payload: bytes, *, now: datetime) -> Opened:  # noqa: ARG002 - the body says all
        body = jsons.parse_object(payload)
        device = jsons.eui(body.get("devEUI")) or jsons.eui(body.get("devEui"))
        if device is None:
            raise EnvelopeError("devEUI is missing or not a DevEUI of 16 digits")
        route = self.downlink_topic and self.downlink_topic.replace("{deveui}", device)
        if "acknowledged" in body:
            good = body["acknowledged"] is True
            stage = Stage.DELIVERED if good else Stage.FAILED
            detail = None if good else "the device did not confirm the frame"
            return Opened(
                answers=(Answer(None, device, stage, detail),), device=device, route=route
            )
        data = jsons.base64_bytes(body.get("data"))
        if not data:
            kind = "join" if "devAddr" in body else "no data"
            return Opened(device=device, route=route, ignored=kind)
        rssi_dbm, snr_db = jsons.best_radio(body.get("rxInfo"), ("loRaSNR", "snr"))
        if rssi_dbm is None:
            rssi_dbm, snr_db = jsons.best_radio([body], ("loRaSNR", "snr"))
        times = (body.get("time"), jsons.at(body, "rxInfo", 0, "time"), body.get("gatewayTime"))
        uplink = Uplink(
            self.kind,
            device,
            received=next((t for t in map(jsons.time, times) if t), now),
            # People name a device after its model; where they do not, the settings must.
            hint=jsons.text(body.get("deviceName")),
            f_port=jsons.whole(body.get("fPort")),
            f_cnt=max(0, jsons.whole(body.get("fCnt")) or 0),
            payload=data,
            rssi_dbm=rssi_dbm,
            snr_db=snr_db,
        )
        return Opened((uplink,), device=device, route=route)

    def downlink(self, route: str, device: str, downlink: Downlink, ref: str) -> tuple[str, bytes]:  # noqa: ARG002 - the gateway carries no mark
        item = {
            "devEUI": device,
            "fPort": downlink.f_port,
            "data": base64.b64encode(downlink.payload).decode(),
            "confirmed": True,
        }
        return route, json.dumps(item).encode()
