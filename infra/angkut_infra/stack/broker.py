"""The embedded MQTT broker: Mosquitto where it is installed, else the NATS server's wheel."""

import shutil
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from angkut_broker import session
from angkut_broker.credentials import BrokerUser
from angkut_broker.errors import AngkutError
from angkut_broker.session import BrokerAddress, BrokerUnreachableError
from angkut_infra.stack import leftover
from angkut_infra.stack.broker_kinds import BrokerKind, KindName, choose, choose_for
from angkut_infra.stack.files import write_private
from angkut_infra.stack.log import Log
from angkut_infra.stack.ports import LOOPBACK
from angkut_infra.stack.privileges import Privileges, for_servers
from angkut_infra.stack.process import Child

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
#: One try; short, because whoever else holds the port may never answer.
_CHECK_TIMEOUT_S = 2.0
_PROVISION_TIMEOUT_S = 30.0
_POLL_S = 0.05


class BrokerStartError(AngkutError):
    """The embedded broker does not start."""


class EmbeddedBroker:
    """A broker on the loopback address, with its files in `folder`/<kind>.

    `username` and `password` are those of ingest; `users` given to `start` must hold them.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        username: str,
        password: str,
        log: Log,
        worker: str = "0",
        kind: KindName | None = None,
        privileges: Privileges | None = None,
    ) -> None:
        self._kind = choose(kind) if kind else choose_for(folder)
        self._folder = folder.absolute() / self._kind.name
        self._port = port
        self._address = BrokerAddress(LOOPBACK, port, username, password)
        self._client_id = session.ingest_client_id(worker)
        self._log = log
        self._privileges = for_servers() if privileges is None else privileges
        self._child: Child | None = None

    @property
    def kind(self) -> KindName:
        """Which broker it is."""
        return self._kind.name

    @property
    def address(self) -> BrokerAddress:
        """Where it listens, and the credentials of ingest."""
        return self._address

    @property
    def running(self) -> bool:
        """Whether the broker is there at this moment."""
        return self._child is not None and self._child.running

    @property
    def pid(self) -> int | None:
        """The broker's process id."""
        return self._child.pid if self._child else None

    def death(self) -> str:
        """Describe how the broker died."""
        return self._child.death() if self._child else "the broker was never started"

    def start(self, users: Sequence[BrokerUser]) -> None:
        """Start the broker, wait until it answers and make the session of ingest.

        Raises
        ------
        BrokerStartError
            With the broker's last lines.

        """
        if self._child:
            self._child.stop(timeout_s=STOP_TIMEOUT_S)
        for folder in (self._folder.parent, self._folder, self._folder / self._kind.data_folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._privileges.enter(self._folder.parent)
        self._write(users)
        child = self._make_child(self._kind)
        self._child = child
        child.start()
        try:
            self._wait_until_ready(child)
            self._provision()
        except BaseException:
            self.stop()
            raise

    def reload(self, users: Sequence[BrokerUser]) -> None:
        """Let these users in from now on, and only these; open connections stay."""
        self._write(users)
        if self._child:
            self._child.signal(signal.SIGHUP)

    def stop(self) -> None:
        """Stop the broker; it writes its sessions and queues to the disk."""
        if self._child:
            self._child.stop(timeout_s=STOP_TIMEOUT_S)

    def _write(self, users: Sequence[BrokerUser]) -> None:
        for name, text in self._kind.render(users, self._port).items():
            write_private(self._folder / name, text)
        self._privileges.give(self._folder)

    def _make_child(self, kind: BrokerKind) -> Child:
        pid_file = self._folder / "pid"
        stopped = leftover.stop(pid_file, mark=str(self._folder))
        if stopped:
            self._log.say(f"stopped a broker left over from an earlier run ({stopped})")
        program = kind.program
        if self._privileges.uid is not None and kind.name == "nats":
            # It lies in a virtual environment, which may be below a folder closed to others.
            program = self._folder / kind.program.name
            shutil.copy2(kind.program, program)
        return Child(
            "broker",
            [str(program), *kind.arguments(self._folder)],
            log=self._log,
            cwd=self._folder,
            privileges=self._privileges,
            pid_file=pid_file,
            shown=kind.shown,
        )

    def _wait_until_ready(self, child: Child) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                session.check(self._address, timeout_s=_CHECK_TIMEOUT_S)
            except BrokerUnreachableError as exc:
                if not child.running:
                    raise BrokerStartError(
                        f"{self.kind} on port {self._port}: {child.death()}"
                    ) from exc
                if time.monotonic() > deadline:
                    raise BrokerStartError(f"{self.kind} does not answer: {exc}") from exc
            else:
                # Some other broker may hold the port and let us in, while ours is dying.
                if child.running:
                    return
                raise BrokerStartError(f"{self.kind} on port {self._port}: {child.death()}")
            time.sleep(_POLL_S)

    def _provision(self) -> None:
        mark = self._folder / self._kind.data_folder / f"{self._client_id}.provisioned"
        if self._kind.durable and mark.exists():
            return
        session.provision(self._address, client_id=self._client_id, timeout_s=_PROVISION_TIMEOUT_S)
        mark.touch()
