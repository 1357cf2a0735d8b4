"""What a gateway counts, in Prometheus' words."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.process_collector import ProcessCollector

from angkut_edge.item import Backlog, ItemKind
from angkut_edge.policy import REASONS
from angkut_edge.uplink import Heard


class EdgeMetrics:
    """Counters of one gateway."""

    def __init__(self, sources: list[str]) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._uplinks = self._counter("uplinks", "Messages of a source on disk", ["source"])
        self._heard = self._counter("items", "Readings, events and refusals heard", ["kind"])
        self._copies = self._counter("copies", "What was in the spool already, or heard before")
        self._ignored = self._counter("ignored", "Messages that hold nothing, such as joins")
        self._sent = self._counter("sent", "Items sent upstream, copies included")
        self._resent = self._counter("resent", "Items sent again")
        self._settled = self._counter("settled", "Items settled upstream", ["outcome"])
        self._commands = self._counter("commands", "Answers to commands", ["outcome"])
        self._queued = self._gauge("queued", "Items that wait for their confirmation", ["kind"])
        self._oldest = self._gauge("oldest_seconds", "Age of the oldest of them")
        self._bytes = self._gauge("spool_bytes", "Size of the spool")
        self._max_bytes = self._gauge("spool_max_bytes", "Its bound")
        self._dropped = self._gauge(
            "dropped", "Items given up since the spool was made", ["reason"]
        )
        self._up = self._gauge("connected", "1: the session at this broker is up", ["broker"])
        self._full = self._gauge("disk_full", "1: nothing is taken in, the disk is full")
        for source in sources:
            self._uplinks.labels(source)
        for kind in ItemKind:
            self._heard.labels(kind)
        for outcome in ("stored", "refused"):
            self._settled.labels(outcome)

    def took(self, source: str, told: Heard) -> None:
        """Count a message of a source that is on disk, and what it held."""
        self._uplinks.labels(source).inc()
        self._heard.labels(ItemKind.READING).inc(len(told.readings))
        self._heard.labels(ItemKind.EVENT).inc(len(told.events))
        self._heard.labels(ItemKind.REFUSED).inc(len(told.refusals))
        self._ignored.inc(told.ignored is not None)

    def copies(self, n: int) -> None:
        """Count what was there already."""
        self._copies.inc(n)

    def sent(self, n: int, *, again: int) -> None:
        """Count what was published upstream."""
        self._sent.inc(n)
        self._resent.inc(again)

    def settled(self, outcome: str, n: int) -> None:
        """Count what upstream has."""
        self._settled.labels(outcome).inc(n)

    def answered(self, outcome: str) -> None:
        """Count an answer to a command."""
        self._commands.labels(outcome).inc()

    def show(
        self,
        backlog: Backlog,
        *,
        max_bytes: int,
        oldest_s: float,
        tallies: Mapping[str, int],
        up: Mapping[str, bool],
        full: bool,
    ) -> None:
        """Show the state."""
        for kind, n in backlog.counts.items():
            self._queued.labels(kind).set(n)
        self._oldest.set(oldest_s)
        self._bytes.set(backlog.used_bytes)
        self._max_bytes.set(max_bytes)
        for reason in REASONS:
            self._dropped.labels(reason).set(tallies.get(reason, 0))
        for broker, is_up in up.items():
            self._up.labels(broker).set(is_up)
        self._full.set(full)

    def _counter(self, name: str, text: str, labels: list[str] | None = None) -> Counter:
        return Counter(f"angkut_edge_{name}", text, labels or [], registry=self.registry)

    def _gauge(self, name: str, text: str, labels: list[str] | None = None) -> Gauge:
        return Gauge(f"angkut_edge_{name}", text, labels or [], registry=self.registry)
