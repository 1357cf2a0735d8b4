"""Jobs that are cancelled, killed or left without a database in each phase: what is promised holds.

`make chaos` has all pairs of a phase and a fault; else a few that have each of them.
"""

import io
import json
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from angkut_backend.accounts.service import Role
from angkut_backend.db import connect
from angkut_backend.forecast.loading import districts
from angkut_backend.migrate import migrate
from angkut_backend.planning.assembly import places
from angkut_backend.roads.graph import PROFILES, RoadGraph
from angkut_backend.roads.matrices import Matrices, Ways
from angkut_infra.stack.log import Log
from angkut_infra.stack.postgres import EmbeddedPostgres
from chaos.settings import KILLS_VARIABLE
from integration.backend.jobs.ground import Ground, child_pids
from parts.api import running_api
from parts.jobs import ask_for_plan
from parts.levels_stored import add_measured_bins
from parts.registry import add_fleet, add_registry
from parts.waiting import PATIENCE_S, wait_until

PHASES = ("queued", "starting", "data", "roads", "first", "search", "check")
#: Before there is anything to keep.
EARLY = frozenset(PHASES[:5])
FAULTS = ("cancel", "child", "worker", "database")
#: Each fault, in as many phases as there is time for in each run of the tests.
QUICK = [
    ("queued", "child"),
    ("starting", "child"),
    ("data", "cancel"),
    ("first", "cancel"),
    ("search", "database"),
    ("check", "worker"),
]
PAIRS = (
    [*((phase, fault) for fault in FAULTS for phase in PHASES), ("search", "sleep")]
    if int(os.environ.get(KILLS_VARIABLE, "4")) >= 30
    else QUICK
)
#: By which a job's plans are known.
SEEDS = count(1)


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """Forty measured bins, a truck, a road network that is known by heart."""
    with ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="angkut-test-")))
        postgres = EmbeddedPostgres(folder / "postgres", log=Log(io.StringIO()))
        postgres.start()
        cleanup.callback(postgres.stop)
        with connect(postgres.dsn) as conn:
            migrate(conn)
            add_registry(conn)
            hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
            add_measured_bins(conn, days=20, until=hour)
            add_fleet(conn)
        api = cleanup.enter_context(running_api(postgres.dsn, folder / "static"))
        client = api.signed_in(Role.DISPATCHER)
        client.timeout = httpx.Timeout(PATIENCE_S)
        found = Ground(postgres, postgres.dsn, client, folder)
        know_roads(found, "town")
        cleanup.callback(end_workers, found)
        cleanup.enter_context(found.listening())
        yield found


def end_workers(ground: Ground) -> None:
    for one in ground.workers:
        if one.poll() is None:
            one.send_signal(signal.SIGTERM)
            assert one.wait() == 0


def know_roads(ground: Ground, digest: str) -> Matrices:
    """Have ways among all places on disk, as of a new network: no engine is asked for them."""
    roads = ground.folder / "roads"
    (roads / "town").mkdir(parents=True, exist_ok=True)
    graph = RoadGraph(str(roads / "town"), "town.osm.pbf", digest, "")
    (roads / "current.json").write_text(json.dumps(asdict(graph)))
    with connect(ground.dsn) as conn:
        points = places(conn, districts(conn)[0])
    lon, lat = (np.array([getattr(one, name) for one in points]) for name in ("lon", "lat"))
    metres = 130_000 * np.hypot(lon[:, None] - lon, lat[:, None] - lat)
    ways = Ways(metres.astype(np.int32), (metres / 6).astype(np.int32), np.zeros(len(points), bool))
    kept = [Matrices(roads / "matrices", graph, profile) for profile in PROFILES]
    for one in kept:
        one.keep(points, ways)
    return kept[0]


def ask(ground: Ground, **order: object) -> tuple[str, int]:
    """Ask for a plan; return the job and the seed that only it has."""
    seed = next(SEEDS)
    return ask_for_plan(ground.client, seed=seed, **order), seed


@contextmanager
def unread_matrix(ground: Ground) -> Iterator[None]:
    """A kept matrix that nobody can read to its end: a pipe whose writer says nothing."""
    # Of a network that no process has read yet.
    kept = know_roads(ground, f"town-{next(SEEDS)}")
    pipe = kept.folder / f"{kept._network()}-pipe.npz"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDWR)
    try:
        yield
    finally:
        pipe.unlink()
        os.close(end)


@contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@contextmanager
def fetched(ground: Ground, fault: str) -> Iterator[tuple[str, int]]:
    """A job that no worker can begin: its worker is stopped, or waits for the job's row."""
    with ExitStack() as hold, ExitStack() as asleep:
        asleep.enter_context(stopped([ground.worker().pid]))
        job_id, seed = ask(ground, iterations=10)
        if fault != "cancel":
            row = "SELECT FROM job WHERE job_id = %s FOR UPDATE"
            hold.enter_context(ground.locked(row, job_id))
            asleep.close()
            doing = "SELECT FROM procrastinate_jobs WHERE status = 'doing'"
            wait_until(lambda: ground.rows(doing), what="the worker to fetch it")
        yield job_id, seed


@contextmanager
def waits(ground: Ground, phase: str) -> Iterator[None]:
    """Keep what a phase needs before there is a job."""
    pid = ground.worker().pid
    match phase:
        case "starting":
            if not child_pids(pid):  # killed before; the next job has a new one
                ended(ground, ask(ground, iterations=1)[0])
            with stopped(child_pids(pid)):
                yield
        case "data":
            with ground.locked("LOCK TABLE vehicle IN ACCESS EXCLUSIVE MODE"):
                yield
        case "roads":
            with unread_matrix(ground):
                yield
        case "first":
            with ground.locked("LOCK TABLE plan IN SHARE MODE"):
                yield
        case _:
            yield


@contextmanager
def held(ground: Ground, phase: str, fault: str) -> Iterator[tuple[str, int]]:
    """Ask for a plan and hold it in a phase, by what that phase needs."""
    if phase == "queued":
        with fetched(ground, fault) as job:
            yield job
        return
    budget = {"search": {"seconds": 600}, "check": {"seconds": 3}}.get(phase, {"iterations": 10})
    with waits(ground, phase), ExitStack() as hold:
        job_id, seed = ask(ground, **budget)
        if phase == "check":
            ground.until(job_id, lambda job: job["phase"] == "search", "to search")
            hold.enter_context(ground.locked("LOCK TABLE plan IN SHARE MODE"))
        found = ground.until(job_id, lambda job: job["phase"] == phase, f"to be at {phase}")
        assert found["state"] == "running"
        assert (found["first_plan_id"] is None) == (phase in EARLY)
        yield job_id, seed


def plans(ground: Ground, seed: int) -> dict[str, int]:
    """Count a job's plans by stage."""
    sql = "SELECT stage, count(*)::int AS n FROM plan WHERE seed = %s GROUP BY stage"
    return {row["stage"]: row["n"] for row in ground.rows(sql, seed)}


def ended(ground: Ground, job_id: str) -> dict[str, Any]:
    """Wait for the end of a job, and that the queue and who listens know of it."""
    found: dict[str, Any] = ground.until(job_id, lambda job: job["ended_at"], "to end")
    of_queue = (
        "SELECT FROM job JOIN procrastinate_jobs AS q ON q.id = queue_id "
        "WHERE job_id = %s AND q.status IN ('todo', 'doing')"
    )
    if found["attempt"]:
        wait_until(lambda: not ground.rows(of_queue, job_id), what="the queue to be done with it")
    return found


def told(ground: Ground, job_id: str, state: str) -> None:
    wait_until(
        lambda: any((one["job_id"], one["state"]) == (job_id, state) for one in ground.told),
        what=f"the stream to tell that {job_id} is {state}",
    )


def ended_whole(
    ground: Ground, job_id: str, seed: int, phase: str, *, firsts: int = 1
) -> dict[str, Any]:
    """Wait for a plan; a search that would take long is ended as a dispatcher does."""
    if phase == "search":
        ground.until(
            job_id, lambda job: job["phase"] == "search" and job["progress"] > 0, "to search again"
        )
        ground.client.post(f"/api/jobs/{job_id}/cancel").raise_for_status()
    found = ended(ground, job_id)
    assert found["state"] == ("cancelled" if phase == "search" else "done"), found
    of_stage = {"greedy": found["first_plan_id"], "search": found["plan_id"]}
    for stage, plan_id in of_stage.items():
        plan = ground.client.get(f"/api/plans/{plan_id}").json()
        assert plan["plan"]["provenance"]["stage"] == stage
    assert plans(ground, seed) == {"greedy": firsts, "search": 1}
    return found


def cancelled(ground: Ground, phase: str) -> None:
    with held(ground, phase, "cancel") as (job_id, seed):
        ground.client.post(f"/api/jobs/{job_id}/cancel").raise_for_status()
        if phase != "check":
            # Whatever holds it has not let go.
            ground.until(job_id, lambda job: job["ended_at"], "to end")
    found = ended(ground, job_id)
    told(ground, job_id, found["state"])
    if phase in EARLY:
        assert (found["state"], found["plan_id"], found["first_plan_id"]) == (
            "cancelled",
            None,
            None,
        )
        assert (found["started_at"] is None) == (phase == "queued")
        assert plans(ground, seed) == {}
    else:
        # What was being kept just then is.
        assert found["state"] == "cancelled" or phase == "check"
        assert found["plan_id"] != found["first_plan_id"]
        assert plans(ground, seed) == {"greedy": 1, "search": 1}


def child_killed(ground: Ground, phase: str) -> None:
    with held(ground, phase, "child") as (job_id, seed):
        ground.kill_children()
    if phase == "queued":  # that process had nothing to do with it
        assert ended_whole(ground, job_id, seed, phase)["attempt"] == 1
        return
    found = ended(ground, job_id)
    told(ground, job_id, "failed")
    assert (found["state"], found["code"], found["plan_id"]) == ("failed", "process_died", None)
    assert "signal 9" in found["message"]
    assert (found["first_plan_id"] is None) == (phase in EARLY)
    assert plans(ground, seed) == ({} if phase in EARLY else {"greedy": 1})
    again = ground.client.post(f"/api/jobs/{job_id}/retry")
    assert again.status_code == 202
    assert again.json()["job_id"] != job_id
    retried = ended_whole(
        ground, again.json()["job_id"], seed, phase, firsts=1 if phase in EARLY else 2
    )
    assert (retried["retry_of"], retried["attempt"]) == (job_id, 1)


def worker_killed(ground: Ground, phase: str) -> None:
    with held(ground, phase, "worker") as (job_id, seed):
        ground.kill_worker()
    wait_until(lambda: not ground.asked(), what="the end of its connections")
    ground.grow_old()
    lost = ground.job(job_id)
    assert (lost["state"], lost["phase"]) == (
        ("waiting", "no_worker") if phase == "queued" else ("running", "worker_lost")
    )
    ground.worker()  # on another machine
    found = ended_whole(ground, job_id, seed, phase)
    told(ground, job_id, found["state"])
    assert found["attempt"] == (1 if phase == "queued" else 2)
    if phase not in EARLY:
        assert found["first_plan_id"] == lost["first_plan_id"]


def database_restarted(ground: Ground, phase: str) -> None:
    with held(ground, phase, "database") as (job_id, seed):
        before = ground.job(job_id)
        ground.restart()
        if phase == "search":
            # What is found could not be kept, so the budget is not used up for it.
            ground.until(job_id, lambda job: job["attempt"] > before["attempt"], "to begin anew")
    found = ended_whole(ground, job_id, seed, phase)
    assert found["first_plan_id"] == (before["first_plan_id"] or found["first_plan_id"])
    [kept] = ground.rows("SELECT result FROM job WHERE job_id = %s", job_id)
    assert "deaths" not in (kept["result"] or {})


def worker_slept(ground: Ground, phase: str) -> None:
    """A laptop that was closed: its jobs are another's when it wakes up, and it says they ended."""
    with held(ground, phase, "sleep") as (job_id, seed):
        sleeper = ground.worker()
        with stopped([sleeper.pid, *child_pids(sleeper.pid)]):
            ground.grow_old()
            other = ground.worker(another=True)
            ground.until(job_id, lambda job: job["attempt"] == 2, "to be taken over")
            ground.until(job_id, lambda job: job["phase"] == phase, f"to be at {phase} again")
        said = (
            "SELECT FROM job JOIN procrastinate_jobs AS q ON q.id = queue_id "
            "WHERE job_id = %s AND q.status = 'succeeded'"
        )
        wait_until(lambda: ground.rows(said, job_id), what="the one that slept to say so")
        assert ground.job(job_id)["state"] == "running"
        other.send_signal(signal.SIGTERM)
        assert other.wait() == 0
    assert ended_whole(ground, job_id, seed, phase)["attempt"] == 3


HAPPENS: dict[str, Callable[[Ground, str], None]] = {
    "cancel": cancelled,
    "child": child_killed,
    "worker": worker_killed,
    "database": database_restarted,
    "sleep": worker_slept,
}


@pytest.mark.parametrize(("phase", "fault"), PAIRS)
def test_a_job_ends_as_promised_wherever_it_is_when_something_happens(
    ground: Ground, phase: str, fault: str, request: pytest.FixtureRequest
) -> None:
    if phase == "roads":
        request.getfixturevalue("road_engine")
    HAPPENS[fault](ground, phase)
    left = "SELECT job_id, state FROM job WHERE state IN ('waiting', 'running')"
    assert ground.rows(left) == []
