"""From one message of a source to messages of the wire contract. Never raises."""

from collections.abc import Mapping
from datetime import datetime

from angkut_edge.envelopes.base import Envelope
from angkut_edge.uplink import Heard


def read(
    envelope: Envelope,
    topic: str,
    payload: bytes,
    *,
    now: datetime,
    models: Mapping[str, str],
) -> Heard:
    """Return what one message holds.

    Parameters
    ----------
    now
        Time of arrival at the gateway, aware.
    models
        Model name by device id, from the gateway's settings; a device that is not in it takes
        the model that its envelope names.

    """
    raise NotImplementedError
