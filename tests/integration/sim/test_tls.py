from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from angkut_broker.messages import Meta
from angkut_broker.topics import Channel
from angkut_sim.backfill import backfill
from angkut_sim.errors import SimError, StalledError
from angkut_sim.fleet import Fleet
from angkut_sim.fleet_file import BrokerAddress
from parts.certificates import self_signed
from parts.sim import RunningBroker, fleet_of, free_port, running_broker, subscriber
from parts.waiting import wait_until

FLEET = fleet_of(3)
END = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def tls_broker(
    mosquitto: Path, openssl: Path, tmp_path: Path
) -> Iterator[tuple[RunningBroker, BrokerAddress]]:
    """Mosquitto with a second listener that shows a certificate and asks for none."""
    authority = self_signed(openssl, tmp_path, "broker")
    with running_broker("mosquitto", mosquitto, tmp_path, FLEET) as broker:
        broker.stop()
        port = free_port()
        with (tmp_path / "mosquitto.conf").open("a") as file:
            file.write(f"listener {port} 127.0.0.1\ncertfile broker.pem\nkeyfile broker.key\n")
        broker.start()
        yield broker, BrokerAddress("127.0.0.1", port, authority)


def test_readings_travel_over_tls(tls_broker: tuple[RunningBroker, BrokerAddress]) -> None:
    broker, address = tls_broker
    with subscriber(broker) as seen:
        report = backfill(
            FLEET,
            address,
            start=END - timedelta(days=14),
            end=END,
            interval_s=1800,
            seed=1,
            on_progress=lambda _done, _total: None,
        )
        wait_until(lambda: len(seen.readings) >= report.published_readings, what="all readings")
        assert len(seen.distinct) == report.published_readings > 1500


# paho forgets the socket whose handshake failed, and leaves it to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
def test_a_broker_of_another_authority_gets_nothing(
    tls_broker: tuple[RunningBroker, BrokerAddress], openssl: Path, tmp_path: Path
) -> None:
    _, address = tls_broker
    other = BrokerAddress(address.host, address.port, self_signed(openssl, tmp_path, "other"))
    metas = [Meta(v=1, id=device.id) for device in FLEET.devices]
    with Fleet(FLEET, metas, other) as fleet:
        fleet.sessions[FLEET.devices[0].id].send(Channel.TELEMETRY, b"{}")
        with pytest.raises(StalledError, match="CERTIFICATE_VERIFY_FAILED"):
            fleet.drain(stalled_after_s=0.5, on_progress=lambda: None)


def test_a_missing_authority_file_is_named(tmp_path: Path) -> None:
    metas = [Meta(v=1, id=device.id) for device in FLEET.devices]
    address = BrokerAddress("127.0.0.1", free_port(), tmp_path / "none.pem")
    with pytest.raises(SimError, match=r"none\.pem"):
        Fleet(FLEET, metas, address)
