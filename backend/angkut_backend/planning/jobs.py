"""Making plans as jobs."""

import logging
import threading
import time
from typing import Any
from uuid import UUID, uuid4

import psycopg

from angkut_backend.db import connect
from angkut_backend.forecast.loading import districts
from angkut_backend.jobs.running import RunningJob
from angkut_backend.planning import records, service
from angkut_backend.planning.assembly import places
from angkut_backend.planning.keeping import Hooks, Phase
from angkut_backend.planning.ordering import PlanIn, ReplanIn
from angkut_backend.planning.plan_document import Plan
from angkut_backend.planning.policies import Policy
from angkut_backend.planning.service import PlanOrder, find_district
from angkut_backend.roads.recall import Recall
from angkut_backend.roads.service import Roads
from angkut_backend.settings import Settings
from angkut_broker.errors import AngkutError

log = logging.getLogger("angkut.jobs")

#: How often one looks whether bins came, went or moved, seconds.
_LOOK_S = 60.0


class Planner:
    """Makes plans, one after the other; ways that it knows are there for the next."""

    def __init__(self, recall: Recall) -> None:
        self._recall = recall

    def make_plan(self, job: RunningJob) -> None:
        """Plan a shift: the first plan and the best one are records of their own."""
        asked = PlanIn.model_validate(job.body)
        order = PlanOrder(
            day=asked.day,
            policy=asked.policy,
            parameters=asked.parameters.parameters,
            budget=asked.budget,
            seed=asked.seed,
        )
        plan_id = uuid4()
        service.make(
            job.conn,
            find_district(job.conn, asked.district),
            order,
            Roads.open(job.settings.roads_folder, self._recall),
            plan_id,
            actor=job.author,
            now=job.clock(),
            **_hooks(job, asked.policy),
        )
        job.finish(plan_id=plan_id)

    def replan(self, job: RunningJob) -> None:
        """Change a plan: the first plan and the best one are records of their own."""
        body: dict[str, Any] = dict(job.body)
        parent_id = UUID(body.pop("plan_id"))
        asked = ReplanIn.model_validate(body)
        plan_id = uuid4()
        service.replan(
            job.conn,
            parent_id,
            asked.changes,
            asked.budget,
            asked.seed,
            Roads.open(job.settings.roads_folder, self._recall),
            plan_id,
            actor=job.author,
            now=job.clock(),
            **_hooks(job, records.get(job.conn, parent_id).policy),
        )
        job.finish(plan_id=plan_id)

    def stay_ready(self, settings: Settings) -> None:
        """Know the ways of the districts before somebody asks for a plan, in a thread of its own.

        The first plan of the morning is not the one that waits for them, nor that after a new
        site pack.
        """

        def keep() -> None:
            while True:
                self.learn_ways(settings)
                time.sleep(_LOOK_S)

        threading.Thread(target=keep, name="ways", daemon=True).start()

    def learn_ways(self, settings: Settings) -> None:
        """Work out, or read, the ways of the districts, unless they are known."""
        try:
            with connect(settings.dsn, application="angkut-job") as conn:
                there = [places(conn, one) for one in districts(conn)]
            roads = Roads.open(settings.roads_folder, self._recall)
            for points in self._recall.what_fits(there):
                roads.travel(points)
        except (AngkutError, psycopg.Error) as exc:
            # Whoever asks for a plan hears of it; here it is tried again.
            log.info("ways are not known ahead: %s", exc)


def _hooks(job: RunningJob, policy: Policy) -> Hooks:
    def on_phase(phase: Phase) -> None:
        job.begin(phase, 1.0 if phase is Phase.CHECK and not job.is_stopped else None)

    if not policy.is_routed:
        # The plan is there as soon as a first one would be.
        return Hooks(watch=job.watch, on_phase=on_phase)
    first_id = uuid4()

    def on_first(_first: Plan) -> None:
        job.keep_first(first_id)

    # An attempt whose worker died may have kept one; plans are never removed.
    kept = None if job.first_plan_id else first_id
    return Hooks(watch=job.watch, on_first=on_first, first_id=kept, on_phase=on_phase)
