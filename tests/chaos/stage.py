"""What the faults happen to: a stack, ingest workers behind links, and who kills them."""

import os
import random
import signal
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import cast

from psycopg.conninfo import conninfo_to_dict

from angkut_backend.db import connect
from angkut_backend.errors import DatabaseUnavailableError
from angkut_broker.credentials import verifiers
from angkut_broker.session import BrokerAddress, ingest_client_id, provision, wait_until_accepted
from angkut_infra.stack import ports, services
from angkut_infra.stack.broker_kinds import KindName
from angkut_infra.stack.keeper import Part
from angkut_infra.stack.process import Child
from angkut_infra.stack.stack import EmbeddedStack
from chaos.proxy import Link, to_port, to_socket_file
from integration.pipeline.line import PASSWORD
from parts import registry
from parts.waiting import wait_until

GATEWAY = "gw-0001"
#: What the gateway speaks for.
BEHIND_GATEWAY = tuple(f"dev-{number:04}" for number in range(8))
PLAIN = ("plain-0001", "plain-0002")
#: Recovery of a database, a broker that waits before it sends again, a worker's back-off.
PATIENCE_S = 240.0
_SHARE_GROUP = "pair"
#: A dead worker is started again after this, as systemd would.
_RESTART_S = 0.5


class Worker:
    """An ingest process that is started again when it dies, behind its own links."""

    def __init__(self, stack: EmbeddedStack, name: str, env: dict[str, str]) -> None:
        self._metrics_port = ports.choose(0)
        self._child = services.make(
            f"ingest-{name}",
            ["ingest"],
            folder=stack.data_dir / "run",
            env={
                "ANGKUT_DATA_DIR": str(stack.data_dir),
                "ANGKUT_INGEST_WORKER": name,
                "ANGKUT_METRICS_PORT": str(self._metrics_port),
                **env,
            },
            log=stack.log,
        )
        self._died_at: float | None = None
        self._duplicates = 0
        #: Copies that the key absorbed in processes that are dead by now.
        self._duplicates_before = 0

    @property
    def child(self) -> Child:
        """The process."""
        return self._child

    @property
    def duplicates(self) -> int:
        """Copies that were absorbed, as far as seen: what a kill hid is not in it."""
        return self._duplicates_before + self._duplicates

    def tend(self) -> None:
        """Start it again when it has been dead for a moment; else read its counters."""
        if self._child.running:
            self._died_at = None
            self._duplicates = max(self._duplicates, self._read_duplicates())
        elif self._died_at is None:
            self._died_at = time.monotonic()
        elif time.monotonic() - self._died_at > _RESTART_S:
            self._duplicates_before += self._duplicates
            self._duplicates = 0
            self._child.start()

    def _read_duplicates(self) -> int:
        url = f"http://127.0.0.1:{self._metrics_port}/metrics"
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:
                lines = answer.read().decode().splitlines()
        except (OSError, HTTPException):
            return 0  # it is starting, or was just killed
        values = [
            line.split()[1]
            for line in lines
            if line.startswith("angkut_ingest_readings_duplicate_total ")
        ]
        return int(float(values[0])) if values else 0


@dataclass
class Stage:
    """Everything that runs."""

    stack: EmbeddedStack
    broker_kind: KindName
    workers: Sequence[Worker]
    broker_link: Link
    database_link: Link
    #: Dead workers stay dead.
    workers_rest: bool = False
    kills: Counter[str] = field(default_factory=Counter)
    network_faults: Counter[str] = field(default_factory=Counter)

    def sender_address(self, device: str) -> BrokerAddress:
        """Return where a device connects: straight to the broker."""
        return BrokerAddress(self.stack.broker.host, self.stack.broker.port, device, PASSWORD)

    def tend(self) -> None:
        """Look after all parts once."""
        for keeper in self.stack._keepers:
            # Not its patience is under test: with it a part that dies often waits 30 s.
            keeper.failures = 0
        self.stack.tend()
        for worker in () if self.workers_rest else self.workers:
            worker.tend()

    def until(self, predicate: Callable[[], object], what: str) -> None:
        """Look after all parts until something is so."""

        def tended() -> object:
            self.tend()
            return predicate()

        wait_until(tended, what=what, timeout_s=PATIENCE_S)

    def rows(self, sql: str) -> list[dict[str, object]]:
        """Ask the database, which must be there."""
        with connect(self.stack.dsn) as conn:
            return list(conn.execute(sql))

    def stored(self) -> int | None:
        """Count the readings; `None` while the database is away."""
        try:
            return cast("int", self.rows("SELECT count(*) AS n FROM readings")[0]["n"])
        except DatabaseUnavailableError:
            return None

    def part(self, name: str, rng: random.Random) -> Part:
        """Return a process by what it is; of several workers any."""
        return rng.choice(self.workers).child if name == "ingest" else self.stack.part(name)


@contextmanager
def staged(
    stack: EmbeddedStack, broker_kind: KindName, *, worker_names: Sequence[str]
) -> Iterator[Stage]:
    """Register the senders' devices and start workers behind links, on a running stack."""
    _register(stack)
    shared = len(worker_names) > 1
    with ExitStack() as cleanup:
        folder = str(conninfo_to_dict(stack.dsn)["host"])
        user = conninfo_to_dict(stack.dsn)["user"]
        broker_link = cleanup.enter_context(Link(to_port(stack.broker.port)))
        database_link = cleanup.enter_context(Link(to_socket_file(f"{folder}/.s.PGSQL.5432")))
        env = {
            "ANGKUT_MQTT_PORT": str(broker_link.port),
            "ANGKUT_DATABASE_DSN": f"postgresql://{user}@127.0.0.1:{database_link.port}/angkut"
            "?sslmode=disable&gssencmode=disable",
        }
        if shared:
            env["ANGKUT_INGEST_SHARE_GROUP"] = _SHARE_GROUP
            for name in worker_names:
                provision(
                    stack.broker,
                    client_id=ingest_client_id(name),
                    timeout_s=30,
                    share_group=_SHARE_GROUP,
                )
        workers = [Worker(stack, name, env) for name in worker_names]
        for worker in workers:
            worker.child.start()
            cleanup.callback(worker.child.stop, timeout_s=services.STOP_TIMEOUT_S)
        stage = Stage(stack, broker_kind, workers, broker_link, database_link)
        for device in (GATEWAY, registry.DEVICE, *PLAIN):
            address = stage.sender_address(device)
            stage.until(lambda a=address: wait_until_accepted(a, timeout_s=0), f"{device} let in")  # type: ignore[misc]
        yield stage


def _register(stack: EmbeddedStack) -> None:
    own = verifiers(PASSWORD)
    with connect(stack.dsn) as conn:
        registry.add_registry(conn)
        for device in (GATEWAY, *BEHIND_GATEWAY, *PLAIN):
            conn.execute(
                "INSERT INTO device (external_id, district_id, kind, secret_pbkdf2_sha512, "
                "secret_bcrypt) SELECT %s, district_id, %s, 'x', 'x' FROM district",
                [device, "gateway" if device == GATEWAY else "bin"],
            )
        conn.execute(
            "UPDATE device SET secret_pbkdf2_sha512 = %s, secret_bcrypt = %s",
            [own.pbkdf2_sha512, own.bcrypt],
        )
        conn.execute("SELECT pg_notify('angkut_credentials', '')")


def killed(part: Part) -> bool:
    """Kill a part if it is there."""
    try:
        if not part.running or part.pid is None:
            return False
        os.kill(part.pid, signal.SIGKILL)
    except (AttributeError, TypeError, ProcessLookupError):
        return False  # the main thread is just replacing it
    return True


class Saboteur:
    """Kills parts and harms links at random moments, each kind in turn."""

    def __init__(
        self, stage: Stage, *, victims: Sequence[str], links: bool, kills: int, rng: random.Random
    ) -> None:
        self._stage = stage
        self._victims = victims
        self._links = links
        self._kills = kills
        self._rng = rng
        self._done = threading.Event()
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="saboteur")

    def work(self) -> None:
        """Do all harm, while the caller's thread looks after the parts."""
        self._thread.start()
        try:
            self._stage.until(self._done.is_set, f"{self._kills} kills")
        finally:
            self._kills = 0
            self._thread.join()
        if self.failure:
            raise self.failure

    def _run(self) -> None:
        try:
            while self._stage.kills.total() < self._kills:
                for victim in self._rng.sample(self._victims, len(self._victims)):
                    if self._links:
                        self._harm_a_link()
                    if self._stage.kills.total() < self._kills:
                        self._kill(victim)
        except Exception as exc:  # noqa: BLE001 - the main thread reports it
            self.failure = exc
        finally:
            self._stage.broker_link.restore()
            self._stage.database_link.restore()
            self._done.set()

    def _kill(self, name: str) -> None:
        # One in five dies together with the one before; else work goes on in between.
        if self._rng.random() > 0.2:
            before = self._stage.stored() or 0
            wait_until(
                lambda: (self._stage.stored() or 0) > before,
                what=f"readings to be stored after {self._stage.kills}",
                timeout_s=PATIENCE_S,
            )
            time.sleep(self._rng.uniform(0, 2))
        part = self._stage.part(name, self._rng)
        wait_until(lambda: killed(part), what=f"{name} to run", timeout_s=PATIENCE_S)
        self._stage.kills[name] += 1

    def _harm_a_link(self) -> None:
        link = self._rng.choice([self._stage.broker_link, self._stage.database_link])
        what = self._rng.choice(["cut", "delay", "swallow"])
        self._stage.network_faults[what] += 1
        if what == "cut":
            link.cut()
        elif what == "delay":
            link.delay_s = self._rng.uniform(0.02, 0.3)
        else:
            link.swallow()
        time.sleep(self._rng.uniform(0.3, 3))
        if self._rng.random() < 0.5:
            link.cut()
        link.restore()
