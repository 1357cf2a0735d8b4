"""Where jobs are held in a phase and things happen to them: a server of its own, workers, locks."""

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from angkut_backend.db import connect
from angkut_infra.stack.postgres import EmbeddedPostgres
from parts.jobs import grow_old
from parts.live import stream
from parts.waiting import PATIENCE_S, wait_until


@dataclass
class Ground:
    """The API on a database that can go away, and the workers beside it."""

    postgres: EmbeddedPostgres
    dsn: str
    #: A dispatcher.
    client: httpx.Client
    #: One for each worker, as on machines of their own.
    folder: Path
    #: Jobs as the live stream told them.
    told: list[dict[str, Any]] = field(default_factory=list)
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Ask the database; an update is committed."""
        with connect(self.dsn) as conn:
            cursor = conn.execute(sql, values)
            return cursor.fetchall() if cursor.description is not None else []

    def job(self, job_id: str) -> dict[str, Any]:
        """Return a job as the API tells it; nothing while the database is away."""
        answer = self.client.get(f"/api/jobs/{job_id}")
        if answer.status_code == 503:
            return {}
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def until(
        self, job_id: str, is_so: Callable[[dict[str, Any]], object], what: str
    ) -> dict[str, Any]:
        """Wait until a job is so, and return it."""

        def there() -> dict[str, Any]:
            found = self.job(job_id)
            return found if found and is_so(found) else {}

        return wait_until(there, what=f"job {job_id} {what}")

    def worker(self, *, another: bool = False) -> "subprocess.Popen[bytes]":
        """Return the worker that lives, or a new one that takes plans already."""
        living = [one for one in self.workers if one.poll() is None]
        if living and not another:
            return living[-1]
        folder = self.folder / f"machine-{len(self.workers)}"
        env = {
            **os.environ,
            "ANGKUT_DATABASE_DSN": self.dsn,
            "ANGKUT_DATA_DIR": str(folder),
            "ANGKUT_CONFIG": os.devnull,
            "ANGKUT_ROADS_DIR": str(self.folder / "roads"),
        }
        command = [sys.executable, "-m", "angkut_infra", "worker", "--queue", "planning"]
        one = subprocess.Popen(command, env=env)
        self.workers.append(one)
        wait_until(lambda: any("LISTEN" in query for query in self.asked()), what="the worker")
        return one

    def asked(self) -> list[str]:
        """Return what workers asked last, over each of their connections."""
        sql = "SELECT query FROM pg_stat_activity WHERE application_name = 'angkut-queue planning'"
        return [row["query"] for row in self.rows(sql)]

    def kill_worker(self) -> None:
        """Kill the worker that lives with SIGKILL; what waits for a lock hears of it later."""
        one = self.worker()
        children = child_pids(one.pid)
        one.kill()
        one.wait()
        for pid in children:
            # One that is stopped hears nothing of the end of its worker.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def kill_children(self) -> None:
        """Kill the processes that do jobs with SIGKILL, and wait until their worker can know."""
        for pid in child_pids(self.worker().pid):
            victim = os.pidfd_open(pid)
            os.kill(pid, signal.SIGKILL)
            # Until its last thread has ended, its worker is told that it lives.
            assert select.select([victim], [], [], PATIENCE_S)[0]
            os.close(victim)

    def grow_old(self) -> None:
        """Have a minute passed since any worker said that it lives."""
        with connect(self.dsn) as conn:
            grow_old(conn)

    def restart(self) -> None:
        """Stop the database, see that it is away, start it again."""
        self.postgres.stop()
        with suppress(httpx.HTTPError):
            wait_until(
                lambda: self.client.get("/api/jobs").status_code == 503, what="the API to miss it"
            )
        self.postgres.start()

    @contextmanager
    def locked(self, statement: str, *values: object) -> Iterator[None]:
        """Hold what a statement locks; a restart of the database lets go of it too."""
        conn = psycopg.connect(self.dsn)
        try:
            conn.execute(statement.encode(), values or None)
            yield
        finally:
            conn.close()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Note what the live stream tells of jobs while the block runs."""
        is_over = threading.Event()

        def listen() -> None:
            while not is_over.is_set():
                with suppress(httpx.HTTPError, EOFError), stream(self.client) as live:
                    while not is_over.is_set():
                        name, data = live.next_event()
                        if name == "job":
                            self.told.append(data)

        def has_ended() -> bool:
            self.rows("SELECT pg_notify('angkut_plans', '')")  # or it would wait for news
            return not thread.is_alive()

        thread = threading.Thread(target=listen, name="stream")
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            wait_until(has_ended, what="the end of the stream")


def child_pids(worker_pid: int) -> list[int]:
    """Return the processes of a worker that do its jobs."""
    found: list[int] = []
    for task in Path(f"/proc/{worker_pid}/task").iterdir():
        with suppress(FileNotFoundError):  # it ended just now
            found += [
                int(word)
                for word in (task / "children").read_text().split()
                if b"spawn_main" in Path(f"/proc/{word}/cmdline").read_bytes()
            ]
    return found
