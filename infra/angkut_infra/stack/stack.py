"""The embedded stack: started in order, kept alive, stopped in the opposite order."""

import random
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from angkut_backend.db import connect
from angkut_backend.migrate import migrate
from angkut_backend.registry.service import broker_users
from angkut_backend.settings import LoadedSettings
from angkut_broker.credentials import BrokerUser, user_with_secret
from angkut_broker.session import BrokerAddress
from angkut_infra.stack import ports, running, services
from angkut_infra.stack.broker import EmbeddedBroker
from angkut_infra.stack.broker_kinds import KindName
from angkut_infra.stack.keeper import Keeper, Part
from angkut_infra.stack.lock import FolderLock, FolderUnusableError
from angkut_infra.stack.log import Log
from angkut_infra.stack.postgres import EmbeddedPostgres
from angkut_infra.stack.process import Child
from angkut_infra.stack.services import MetricsPorts
from angkut_infra.stack.signals import StopRequests
from angkut_infra.stack.watch import CredentialSync, CredentialWatch

_TICK_S = 0.2
_LOCAL_HOSTS = {"127.0.0.1", "localhost", "::1"}
_ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not listened to


class EmbeddedStack:
    """Database, broker and services in one data folder, as a context manager.

    A configured `database_dsn` means no embedded database; an `mqtt_host` beyond this machine,
    or TLS, means no embedded broker. Enter it in the main thread and stay there: the children
    hang on the thread that started them, and signals arrive in it.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        loaded: LoadedSettings,
        log: Log | None = None,
        services: Sequence[str] = services.SERVICES,
        broker_kind: KindName | None = None,
        randomness: random.Random | None = None,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.log = log or Log()
        self._settings = running.without_earlier_run(loaded)
        self._service_names = services
        self._broker_kind = broker_kind
        self._random = randomness or random.Random()  # noqa: S311 - spreads restarts
        self._stop = StopRequests()
        self._cleanup = ExitStack()
        self._keepers: list[Keeper] = []
        self._children: dict[str, Child] = {}
        self._environment: dict[str, str] = {}
        self._metrics_ports = MetricsPorts(self._settings, self.log)
        self._server_users: list[BrokerUser] = []
        self._worker_password = ""
        self._credentials: CredentialSync | None = None
        #: Address of the database.
        self.dsn = ""
        #: Address of the broker with the credentials of ingest.
        self.broker = BrokerAddress("", 0, "", "")
        #: Address of the page and the API, without a trailing slash.
        self.api_url = ""

    def __enter__(self) -> Self:
        """Start everything; what did start is stopped again if something does not.

        Raises
        ------
        AngkutError
            Says which part did not start and why.

        """
        with ExitStack() as cleanup:
            # Undone from the last to the first: services, addresses, broker, database, lock.
            self._cleanup = cleanup
            self._stop.install()
            cleanup.callback(self._stop.restore)
            self._take_folder()
            self._start_database()
            self._start_broker()
            self._publish()
            for name in self._service_names:
                self.add_service(name, [name])
            if "api" in self._children:
                services.wait_until_ready(self.api_url, self._children["api"])
            self._stop.defer()
            self._cleanup = cleanup.pop_all()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._cleanup.close()

    def add_service(self, name: str, arguments: Sequence[str]) -> Child:
        """Start `angkut ARGUMENTS` as a part of the stack: kept alive, and stopped with it."""
        child = services.make(
            name,
            arguments,
            folder=self.data_dir / "run",
            env=self._environment | self._metrics_ports.environment(name),
            log=self.log,
        )
        # First: a stop may be asked for as soon as it runs.
        self._cleanup.callback(child.stop, timeout_s=services.STOP_TIMEOUT_S)
        child.start()
        self._children[name] = child
        self._keep(name, child, child.start)
        return child

    def run_until_stopped(self, on_tick: Callable[[], None] | None = None) -> None:
        """Keep all parts alive until SIGINT or SIGTERM.

        `on_tick` is called about five times a second.
        """
        while not self._stop.asked:
            self.tend()
            if on_tick:
                on_tick()

    def tend(self) -> None:
        """Look after all parts once; takes up to 0.2 s. For callers with a loop of their own."""
        for keeper in self._keepers:
            keeper.tend(time.monotonic())
        if self._credentials:
            self._credentials.tend(_TICK_S)
        else:
            time.sleep(_TICK_S)

    def part(self, name: str) -> Part:
        """Return a part by its name in the log: `postgres`, `broker`, `ingest`, `api`."""
        return next(keeper.part for keeper in self._keepers if keeper.name == name)

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._stop.asked

    def _take_folder(self) -> None:
        lock = FolderLock(self.data_dir)
        self._cleanup.callback(lock.release)
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock.acquire()
            running.withdraw(self.data_dir)
            self._cleanup.callback(self.log.close)
            self.log.keep_in(self.data_dir / "log" / "angkut.log")
        except OSError as exc:
            raise FolderUnusableError(
                f"{self.data_dir} cannot be used: {exc.strerror}. "
                "Set ANGKUT_DATA_DIR to a folder that you can write to"
            ) from exc
        self._environment = {"ANGKUT_DATA_DIR": str(self.data_dir)}

    def _start_database(self) -> None:
        configured = self._settings.database_dsn
        if configured:
            self.dsn = configured.get_secret_value()
        else:
            database = EmbeddedPostgres(self.data_dir / "postgres", log=self.log)
            self._cleanup.callback(database.stop)
            database.start()
            self.dsn = database.dsn
            self._keep("postgres", database, database.start)
        with connect(self.dsn, application="angkut-stack") as conn:
            applied, edition = migrate(conn)
        self.log.say(f"database ready ({len(applied)} migrations applied, {edition})")

    def _start_broker(self) -> None:
        ours = self._settings
        password = running.broker_password(self.data_dir, ours, "mqtt_password")
        self.broker = BrokerAddress(ours.mqtt_host, ours.mqtt_port, ours.mqtt_username, password)
        if ours.mqtt_host not in _LOCAL_HOSTS or ours.mqtt_tls:
            return
        port = self._port("broker", ours.mqtt_port)
        self._worker_password = running.broker_password(self.data_dir, ours, "mqtt_worker_password")
        self._server_users = [
            user_with_secret(ours.mqtt_username, "ingest", password),
            user_with_secret(ours.mqtt_worker_username, "worker", self._worker_password),
        ]
        broker = EmbeddedBroker(
            self.data_dir / "broker",
            port=port,
            username=ours.mqtt_username,
            password=password,
            worker=ours.ingest_worker,
            log=self.log,
            kind=self._broker_kind,
        )
        self._cleanup.callback(broker.stop)
        watch = CredentialWatch(self.dsn)
        self._cleanup.callback(watch.close)
        self._credentials = CredentialSync(broker, watch, self._users, self.log)
        self._credentials.start_broker()
        self.log.say(f"MQTT broker ready on port {port} ({broker.kind})")
        self.broker = broker.address
        self._environment |= {"ANGKUT_MQTT_HOST": self.broker.host, "ANGKUT_MQTT_PORT": str(port)}
        self._keep("broker", broker, self._credentials.start_broker)

    def _publish(self) -> None:
        ours = self._settings
        port = self._port("api", ours.api_port, ours.api_host)
        host = _ANY_HOST.get(ours.api_host, ours.api_host)
        self.api_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self._environment["ANGKUT_API_PORT"] = str(port)
        values: dict[str, str | int] = {"api_port": port}
        if ours.database_dsn is None:
            values["database_dsn"] = self.dsn
        if self._credentials:
            values |= {
                "mqtt_host": self.broker.host,
                "mqtt_port": self.broker.port,
                "mqtt_username": self.broker.username,
                "mqtt_password": self.broker.password,
                "mqtt_worker_password": self._worker_password,
            }
        running.publish(self.data_dir, values)
        self._cleanup.callback(running.withdraw, self.data_dir)

    def _port(self, what: str, usual: int, host: str = ports.LOOPBACK) -> int:
        port = ports.choose(usual, host)
        if usual not in {0, port}:
            self.log.say(f"port {usual} is taken: the {what} listens on {port}")
        return port

    def _users(self) -> list[BrokerUser]:
        with connect(self.dsn, application="angkut-stack") as conn:
            devices = broker_users(conn)
        return [*devices, *self._server_users]

    def _keep(self, name: str, part: Part, start: Callable[[], None]) -> None:
        now = time.monotonic()
        self._keepers.append(Keeper(name, part, start, self.log, self._random, now))
