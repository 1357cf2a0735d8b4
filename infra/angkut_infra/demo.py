"""What `angkut demo` puts into a running stack: Bekasi Timur, people, sensors, their history."""

import json
import random
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from angkut_backend.accounts import service as accounts
from angkut_backend.accounts.service import Role
from angkut_backend.db import Connection, connect
from angkut_backend.registry import service as registry
from angkut_backend.registry.hanging import Hanging
from angkut_backend.registry.site.load import load as load_pack
from angkut_backend.registry.site.pack import read_pack
from angkut_backend.registry.site.records import SitePack
from angkut_broker.credentials import new_secret, verifiers
from angkut_broker.errors import AngkutError
from angkut_broker.session import BrokerAddress, wait_until_accepted
from angkut_infra.places import CALENDAR, places_of
from angkut_infra.sites import find_site
from angkut_infra.stack.files import write_private
from angkut_sim.backfill import backfill
from angkut_sim.days import Calendar
from angkut_sim.fleet_file import BrokerAddress as DeviceBroker
from angkut_sim.fleet_file import FleetDevice, FleetFile

SITE = "bekasi-timur"
SEED = 2025
#: Bins with a sensor; the pack has a few more, which show what *unknown* looks like and are
#: free for the README's own sensor.
SENSORS = 240
DAYS = 28
INTERVAL_S = 1800
_ACTOR = "demo"

#: Inside depth of each container, mm (usual for wheelie bins of EN 840; the cart and the arm-roll
#: container are estimates). The sensor hangs 150 mm above the full line: outside its blind zone.
_DEPTH_MM = {
    "wheelie_120": 850,
    "wheelie_240": 950,
    "wheelie_660": 1050,
    "cart": 900,
    "arm_roll_6m3": 1500,
}
_ABOVE_FULL_MM = 150
#: How long ingest may take to store what is published, without any progress, seconds.
_STALLED_S = 60.0
_ACCEPT_S = 10.0
_POLL_S = 0.2


class DemoError(AngkutError):
    """The demo cannot go on."""


class DemoStoppedError(AngkutError):
    """Stopped before the history was complete; the next start publishes it again."""


@dataclass(frozen=True, slots=True)
class DemoState:
    """What the demo must remember between two runs; kept in the data folder, owner only."""

    password: str
    #: The history is of the days before this time: fixed at the first try, so that a second
    #: try publishes the very same readings.
    history_until: str
    #: Whether all of it is stored.
    complete: bool = False

    @classmethod
    def load(cls, path: Path) -> "DemoState | None":
        """Read it back; `None` at the first run."""
        try:
            return cls(**json.loads(path.read_text()))
        except FileNotFoundError:
            return None

    def save(self, path: Path) -> None:
        """Write it, mode 0600."""
        write_private(path, json.dumps(asdict(self)))


@dataclass(frozen=True, slots=True)
class Demo:
    """The files of a demo below the data folder, and the stack it runs on."""

    folder: Path
    dsn: str
    #: Where the sensors connect, and ingest's credentials.
    broker: BrokerAddress

    @property
    def fleet_path(self) -> Path:
        """Devices and credentials of the simulated sensors."""
        return self.folder / "fleet.json"

    @property
    def world_path(self) -> Path:
        """Where the simulated world is kept."""
        return self.folder / "world.json"

    @property
    def state_path(self) -> Path:
        """What the demo remembers."""
        return self.folder / "demo.json"

    def prepare(self, *, now: datetime) -> DemoState:
        """Load the pack and add people and sensors, once; later runs find all of it there."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        with connect(self.dsn, application="angkut-demo") as conn:
            pack = read_pack(find_site(SITE))
            load_pack(conn, pack, actor=_ACTOR)
            state = DemoState.load(self.state_path) or self._add_people(conn, now)
            if not self.fleet_path.exists():
                until = datetime.fromisoformat(state.history_until)
                self._add_sensors(conn, pack, mounted_at=until - timedelta(days=DAYS + 1))
        return state

    def fill_history(
        self,
        state: DemoState,
        on_progress: Callable[[int, int], None],
        *,
        stopping: Callable[[], bool],
    ) -> int:
        """Publish the history through MQTT and wait until it is stored; return the readings.

        Raises
        ------
        DemoError
            The broker does not let the sensors in, or ingest stores nothing for a minute.
        DemoStoppedError
            `stopping` said so.
        """

        def progress(done: int, total: int) -> None:
            if stopping():
                raise DemoStoppedError
            on_progress(done, total)

        fleet = FleetFile.load(self.fleet_path)
        last = fleet.devices[-1]
        sensor = replace(self.broker, username=last.id, password=last.password)
        if not wait_until_accepted(sensor, timeout_s=_ACCEPT_S):
            raise DemoError(f"{self.broker} does not let sensor {last.id} in: try again")
        until = datetime.fromisoformat(state.history_until)
        report = backfill(
            fleet,
            DeviceBroker(self.broker.host, self.broker.port),
            start=until - timedelta(days=DAYS),
            end=until,
            interval_s=INTERVAL_S,
            seed=SEED,
            on_progress=progress,
            state_path=self.world_path,
            calendar=Calendar.read(find_site(SITE) / CALENDAR),
        )
        self._wait_until_stored(report.published_readings, until, stopping=stopping)
        replace(state, complete=True).save(self.state_path)
        return report.published_readings

    def live_arguments(self, *, every_s: float, speed: float) -> list[str]:
        """Return the command line of the sensors that report live."""
        files = ["--fleet", str(self.fleet_path), "--state", str(self.world_path)]
        pace = ["--seed", str(SEED), "--every-s", str(every_s), "--speed", str(speed)]
        return ["simulate", "live", "--site", SITE, *files, *pace]

    def _add_people(self, conn: Connection, now: datetime) -> DemoState:
        hour = now.replace(minute=0, second=0, microsecond=0)
        state = DemoState(secrets.token_urlsafe(9), hour.isoformat())
        known = {account.username for account in accounts.list_accounts(conn)}
        for username, name, role in (
            ("admin", "Admin demo", Role.ADMIN),
            ("dlh", "Petugas DLH (demo)", Role.DISPATCHER),
        ):
            if username in known:
                accounts.set_password(
                    conn, username=username, password=state.password, actor=_ACTOR
                )
            else:
                accounts.add_account(
                    conn,
                    username=username,
                    display_name=name,
                    role=role,
                    password=state.password,
                    actor=_ACTOR,
                )
        state.save(self.state_path)
        return state

    def _add_sensors(self, conn: Connection, pack: SitePack, *, mounted_at: datetime) -> None:
        places = {place.code: place for place in places_of(pack, find_site(SITE))}
        points = {each.code: (each.lon, each.lat) for each in pack.bins}
        # A fixed choice of bins: the README's own sensor finds its bin free in every demo.
        ids = random.Random(SEED)  # noqa: S311 - invented ids, nothing secret
        devices, topic = [], None
        for place in registry.free_bins(conn)[:SENSORS]:
            secret = new_secret()
            stands = places[place.code]
            lon, lat = points[place.code]
            hanging = Hanging(
                d_empty_mm=_DEPTH_MM[place.container] + _ABOVE_FULL_MM,
                d_full_mm=_ABOVE_FULL_MM,
            )
            device = registry.NewDevice(
                external_id=f"02{ids.getrandbits(56):014x}",
                bin_code=place.code,
                hanging=hanging,
                interval_s=INTERVAL_S,
                model="simulated",
                mounted_at=mounted_at,
            )
            topic = registry.add_device(conn, device, verifiers(secret), actor=_ACTOR)
            devices.append(
                FleetDevice(
                    id=device.external_id,
                    password=secret,
                    bin_code=place.code,
                    volume_l=place.volume_l,
                    d_empty_mm=hanging.d_empty_mm,
                    d_full_mm=hanging.d_full_mm,
                    interval_s=INTERVAL_S,
                    lon=lon,
                    lat=lat,
                    kind=stands.kind,
                    site=stands.site,
                    lidded=stands.lidded,
                    floods=stands.floods,
                )
            )
        if topic is None:
            raise DemoError(f"no bin is free for a simulated sensor: remove {self.folder}")
        FleetFile(city=topic.city, area=topic.area, devices=tuple(devices)).save(self.fleet_path)

    def _wait_until_stored(
        self, expected: int, until: datetime, *, stopping: Callable[[], bool]
    ) -> None:
        """Ingest may be some batches behind the broker."""
        stored, moved_at = -1, time.monotonic()
        while (now_stored := self._stored(until)) < expected:
            if stopping():
                raise DemoStoppedError
            if now_stored > stored:
                stored, moved_at = now_stored, time.monotonic()
            elif time.monotonic() - moved_at > _STALLED_S:
                raise DemoError(
                    f"{stored} of {expected} readings are stored and no more come: "
                    "look at the log of ingest, or run `angkut doctor`"
                )
            time.sleep(_POLL_S)

    def _stored(self, until: datetime) -> int:
        with connect(self.dsn, application="angkut-demo") as conn:
            row = conn.execute(
                "SELECT count(*) AS n FROM readings WHERE observed_at < %s", [until]
            ).fetchone()
        return row["n"] if row else 0
