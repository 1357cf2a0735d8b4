"""A running Angkut with a few sensors, and the hand that moves them."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path

from angkut_backend.accounts.service import Role, add_account
from angkut_backend.db import connect
from angkut_backend.registry.hanging import Hanging
from angkut_backend.registry.service import NewDevice, add_device
from angkut_backend.registry.site.load import load
from angkut_backend.registry.site.pack import read_pack
from angkut_backend.settings import load_settings
from angkut_broker.codec import encode
from angkut_broker.credentials import new_secret, verifiers
from angkut_broker.messages import Telemetry
from angkut_broker.session import BrokerAddress, BrokerUnreachableError, check
from angkut_infra.sites import find_site
from angkut_infra.stack import ports
from angkut_infra.stack.log import Log
from angkut_infra.stack.stack import EmbeddedStack
from integration.infra.mqtt_client import Client
from parts.waiting import wait_until

USERNAME = "siti"
DISPLAY_NAME = "Siti Rahma"
ADMIN = "dewi"
TECHNICIAN = "rudi"
PASSWORD = "sampah hari ini"

#: Bins of the site pack, by what happens to them here.
WITH_HISTORY = "BKS-BT-0001"
MOVING = "BKS-BT-0002"
FULL = "BKS-BT-0003"
FALLING_SILENT = "BKS-BT-0004"

#: Sensor to the bottom and to the full line: one per cent is 10 mm.
EMPTY_MM = 1200
FULL_MM = 200
HALF_HOUR = timedelta(minutes=30)


@dataclass
class Sensor:
    """A sensor in a bin, or in stock."""

    #: Empty: in stock.
    bin_code: str
    device_id: str
    password: str
    topic: str
    port: int
    seq: Iterator[int] = field(default_factory=count)

    def publish(self, *levels: tuple[datetime, float]) -> None:
        """Publish readings, each a time and a fill level in per cent, through MQTT."""
        readings = [
            Telemetry(
                v=1,
                id=self.device_id,
                seq=next(self.seq),
                t=at,
                d_mm=[round(EMPTY_MM - level * (EMPTY_MM - FULL_MM) / 100)] * 3,
                bat_mv=3500,
            )
            for at, level in levels
        ]
        with Client(self.port, self.device_id, self.password) as client:
            client.publish(self.topic, encode(readings))

    def publish_now(self, level: float) -> None:
        """Publish one reading of this moment."""
        self.publish((datetime.now(UTC), level))


@dataclass(frozen=True)
class RunningStack:
    """Addresses of a running Angkut with the site pack of Bekasi Timur."""

    url: str
    dsn: str
    sensors: Mapping[str, Sensor]
    #: Registered, but in no bin yet.
    stock: Sensor


@contextmanager
def running_stack(folder: Path, intervals_s: Mapping[str, int]) -> Iterator[RunningStack]:
    """Run database, broker, ingest and API, with one sensor for each bin named, and one in stock.

    `intervals_s` has the expected seconds between two readings by the bin's code.
    """
    environment = {
        "ANGKUT_DATA_DIR": str(folder),
        "ANGKUT_API_PORT": str(ports.choose(0)),
        "ANGKUT_MQTT_PORT": str(ports.choose(0)),
    }
    loaded = load_settings(environment)
    with EmbeddedStack(folder, loaded=loaded, log=Log(io.StringIO())) as stack:
        with connect(stack.dsn) as conn:
            load(conn, read_pack(find_site("bekasi-timur")), actor="test")
            for username, display_name, role in (
                (USERNAME, DISPLAY_NAME, Role.DISPATCHER),
                (ADMIN, "Dewi Lestari", Role.ADMIN),
                (TECHNICIAN, "Rudi Hartono", Role.TECHNICIAN),
            ):
                add_account(
                    conn,
                    username=username,
                    display_name=display_name,
                    role=role,
                    password=PASSWORD,
                    actor="test",
                )
        sensors = {
            code: _mount(stack, code, interval_s) for code, interval_s in intervals_s.items()
        }
        stock = _mount(stack, None, 1800)
        for sensor in (*sensors.values(), stock):
            wait_until(partial(_knows, stack, sensor), what=f"the broker to know {sensor}")
        yield RunningStack(stack.api_url, stack.dsn, sensors, stock)


def _mount(stack: EmbeddedStack, bin_code: str | None, interval_s: int) -> Sensor:
    device_id = f"test-{bin_code.lower()}" if bin_code else "70b3d57ed0001234"
    secret = new_secret()
    device = NewDevice(
        external_id=device_id,
        bin_code=bin_code,
        hanging=Hanging(d_empty_mm=EMPTY_MM, d_full_mm=FULL_MM) if bin_code else None,
        interval_s=interval_s,
        model=None if bin_code else "EM400-MUD",
        mounted_at=datetime.now(UTC) - timedelta(days=30),
    )
    with connect(stack.dsn) as conn:
        topic = add_device(conn, device, verifiers(secret), actor="test")
    return Sensor(bin_code or "", device_id, secret, str(topic), stack.broker.port)


def _knows(stack: EmbeddedStack, sensor: Sensor) -> bool:
    stack.tend()  # passes new devices on to the broker
    try:
        check(
            BrokerAddress("127.0.0.1", sensor.port, sensor.device_id, sensor.password),
            timeout_s=5,
        )
    except BrokerUnreachableError:
        return False
    return True
