"""What workers do with jobs of the queue, and the worker process as a whole."""

import random
import threading
from collections.abc import Collection, Mapping
from functools import partial

from angkut_backend.clock import Clock
from angkut_backend.jobs.metrics import JobMetrics
from angkut_backend.jobs.running import Work
from angkut_backend.jobs.worker import QueueWorker
from angkut_backend.periodic import periodic_jobs
from angkut_backend.settings import Settings
from angkut_backend.worker import Worker

#: What `--queue` may name: jobs that come round by themselves, and the queues.
PERIODIC = "periodic"
QUEUES = (PERIODIC, "planning", "forecasts")
KINDS = ("plan", "replan", "forecast", "backtest")


def works(settings: Settings, *, plans: bool) -> Mapping[str, Work]:
    """Return what does the jobs of each kind; called in the processes that do them.

    Parameters
    ----------
    plans
        Be ready for plans before one is asked for.
    """
    # The planner and the road engine take seconds to load, and only those need them.
    from angkut_backend.forecast import jobs as forecast  # noqa: PLC0415
    from angkut_backend.planning.jobs import Planner  # noqa: PLC0415
    from angkut_backend.roads.recall import Recall  # noqa: PLC0415

    planner = Planner(Recall())
    if plans:
        planner.stay_ready(settings)
    return {
        "plan": planner.make_plan,
        "replan": planner.replan,
        "forecast": forecast.forecast,
        "backtest": forecast.backtest,
    }


def run_worker(
    settings: Settings,
    queues: Collection[str],
    stop: threading.Event,
    *,
    clock: Clock,
    rng: random.Random,
) -> None:
    """Work until `stop` is set.

    Raises
    ------
    DatabaseTooNewError, DatabaseNotMigratedError, MonitorPortError
        See `Worker.run`.
    """
    jobs = periodic_jobs(settings) if PERIODIC in queues else []
    worker = Worker(
        settings.dsn, jobs, clock=clock, rng=rng, monitor_address=settings.monitor_address
    )
    slots = {"planning": settings.plans_at_once, "forecasts": 1}
    slots = {queue: count for queue, count in slots.items() if queue in queues}
    if not slots:
        worker.run(stop)
        return
    queue = QueueWorker(
        settings,
        slots,
        partial(works, settings, plans="planning" in slots),
        clock=clock,
        rng=rng,
        metrics=JobMetrics(worker.registry, KINDS),
    )
    worker.watch("queue", lambda: queue.away_since)
    with queue.running(stop):
        worker.run(stop)
