"""Making plans as jobs."""

from typing import Any
from uuid import UUID, uuid4

from angkut_backend.jobs.running import RunningJob
from angkut_backend.planning import records, service
from angkut_backend.planning.keeping import Hooks, Phase
from angkut_backend.planning.ordering import PlanIn, ReplanIn, find_district
from angkut_backend.planning.plan_document import Plan
from angkut_backend.planning.policies import Policy
from angkut_backend.planning.service import PlanOrder
from angkut_backend.roads.service import Roads


def make_plan(job: RunningJob) -> None:
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
        Roads.open(job.settings.roads_folder),
        plan_id,
        actor=job.author,
        now=job.clock(),
        **_hooks(job, asked.policy),
    )
    job.finish(plan_id=plan_id)


def replan(job: RunningJob) -> None:
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
        Roads.open(job.settings.roads_folder),
        plan_id,
        actor=job.author,
        now=job.clock(),
        **_hooks(job, records.get(job.conn, parent_id).policy),
    )
    job.finish(plan_id=plan_id)


def _hooks(job: RunningJob, policy: Policy) -> Hooks:
    def on_phase(phase: Phase) -> None:
        job.begin(phase, 1.0 if phase is Phase.CHECK and not job.is_stopped else None)

    if not policy.is_routed:
        # The plan is there as soon as a first one would be.
        return Hooks(watch=job.watch, on_phase=on_phase)
    first_id = uuid4()

    def on_first(_first: Plan) -> None:
        job.keep_first(first_id)

    return Hooks(watch=job.watch, on_first=on_first, first_id=first_id, on_phase=on_phase)
