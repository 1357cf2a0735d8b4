"""Batches of readings, without a broker."""

from collections.abc import Iterable

from angkut_backend.ingest.batch import Batch, Received
from angkut_broker.reading import Reading
from angkut_broker.topics import Topic


def batch_of(readings: Iterable[tuple[Received, Reading]]) -> Batch:
    """Return what comes of messages with one reading each."""
    batch = Batch()
    for source, reading in readings:
        batch.sources.append(source)
        batch.add_readings(source, Topic.parse(source.topic), [reading])
    return batch
