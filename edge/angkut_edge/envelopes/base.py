"""What an envelope is: one way in which a device's message reaches the gateway."""

from abc import ABC, abstractmethod
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from angkut_edge.uplink import Downlink, EnvelopeError, Opened


class Envelope(BaseModel, ABC):
    """One source of messages, as the gateway's settings describe it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: Tells the envelopes apart in the settings.
    kind: str

    @property
    @abstractmethod
    def filters(self) -> tuple[str, ...]:
        """MQTT filters to subscribe to at the source."""

    @abstractmethod
    def open(self, topic: str, payload: bytes, *, now: datetime) -> Opened:
        """Return what a message holds.

        Raises
        ------
        EnvelopeError
            When it is not of this kind of envelope.

        """

    def downlink(self, route: str, device: str, downlink: Downlink, ref: str) -> tuple[str, bytes]:  # noqa: ARG002 - the default refuses
        """Return topic and payload that hand a downlink to the source.

        Parameters
        ----------
        route
            As `Heard.route` of this device's last message.
        ref
            A UUID in text form; comes back in `Answer.ref` where the source can carry it.

        Raises
        ------
        EnvelopeError
            When the source takes no downlinks.

        """
        raise EnvelopeError(f"a source of kind {self.kind} takes no downlinks")
