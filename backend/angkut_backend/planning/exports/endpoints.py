"""Plans over HTTP for other programs, printers and phones; seen by whom the plan is seen."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from angkut_backend.accounts.access import SignedIn
from angkut_backend.accounts.sessions import Caller
from angkut_backend.planning.documents import Code
from angkut_backend.planning.endpoints import visible
from angkut_backend.planning.exports.drawing import is_long, to_pdf_apart
from angkut_backend.planning.exports.names import Names, names_of
from angkut_backend.planning.exports.navigation import MAX_WAYPOINTS
from angkut_backend.planning.exports.schemas import NavigationOut, navigation_out
from angkut_backend.planning.exports.service import MEDIA_TYPES, Format, export
from angkut_backend.planning.records import PlanRecord
from angkut_backend.pool import Pool, PoolDep
from angkut_backend.roads.service import Roads
from angkut_backend.settings import Settings

router = APIRouter(prefix="/plans", tags=["plans"])

Waypoints = Annotated[
    int,
    Query(ge=0, le=MAX_WAYPOINTS, description="In one link; 3 for a browser without the app"),
]

Vehicle = Annotated[
    Code | None, Query(description="Only what this vehicle does; its run sheet has no summary")
]


# The id is matched as one, because a form may hold a dot.
@router.get("/{plan_id:uuid}.{form}", response_class=Response)
async def export_plan(
    caller: SignedIn,
    pool: PoolDep,
    request: Request,
    plan_id: UUID,
    form: Format,
    vehicle: Vehicle = None,
) -> Response:
    """A plan as a file: `csv`, `geojson`, `gpx`, `vroom.json`, or `pdf` to print."""
    state = request.app.state
    found, names = await run_in_threadpool(_read, pool, caller, plan_id)
    if form == "pdf" and vehicle is None and is_long(found):
        # One at a time, and waiting takes no thread from other requests.
        async with state.drawing:
            content = await run_in_threadpool(to_pdf_apart, found, names)
    else:
        content = await run_in_threadpool(_write, found, names, form, state.settings, vehicle)
    # A vehicle of the plan by now: capital letters, digits, hyphens.
    name = "-".join(filter(None, ("angkut-plan", str(plan_id), vehicle)))
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return Response(content, media_type=MEDIA_TYPES[form], headers=headers)


def _read(pool: Pool, caller: Caller, plan_id: UUID) -> tuple[PlanRecord, Names]:
    with pool.connection() as conn:
        found = visible(conn, caller, plan_id)
        return found, names_of(conn, found)


def _write(
    found: PlanRecord, names: Names, form: Format, settings: Settings, vehicle: str | None
) -> bytes:
    return export(found, names, form, Roads.open(settings.roads_folder), vehicle)


@router.get("/{plan_id}/navigation")
def get_navigation(
    caller: SignedIn, pool: PoolDep, plan_id: UUID, waypoints: Waypoints = MAX_WAYPOINTS
) -> NavigationOut:
    """Links that open a phone's navigation, by vehicle and trip."""
    with pool.connection() as conn:
        return navigation_out(visible(conn, caller, plan_id), waypoints)
