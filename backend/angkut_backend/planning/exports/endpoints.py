"""Plans over HTTP for other programs, printers and phones; seen by whom the plan is seen."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from angkut_backend.accounts.access import SignedIn
from angkut_backend.planning.endpoints import visible
from angkut_backend.planning.exports.names import names_of
from angkut_backend.planning.exports.navigation import MAX_WAYPOINTS
from angkut_backend.planning.exports.schemas import NavigationOut, navigation_out
from angkut_backend.planning.exports.service import MEDIA_TYPES, Format, export
from angkut_backend.pool import PoolDep
from angkut_backend.roads.service import Roads
from angkut_backend.settings import Settings

router = APIRouter(prefix="/plans", tags=["plans"])

Waypoints = Annotated[
    int,
    Query(ge=0, le=MAX_WAYPOINTS, description="In one link; 3 for a browser without the app"),
]


# The id is matched as one, because a form may hold a dot.
@router.get("/{plan_id:uuid}.{form}", response_class=Response)
def export_plan(
    caller: SignedIn, pool: PoolDep, request: Request, plan_id: UUID, form: Format
) -> Response:
    """A plan as a file: `csv`, `geojson`, `gpx`, `vroom.json`, or `pdf` to print."""
    with pool.connection() as conn:
        found = visible(conn, caller, plan_id)
        names = names_of(conn, found)
    settings: Settings = request.app.state.settings
    content = export(found, names, form, Roads.open(settings.roads_folder))
    headers = {"Content-Disposition": f'attachment; filename="angkut-plan-{plan_id}.{form}"'}
    return Response(content, media_type=MEDIA_TYPES[form], headers=headers)


@router.get("/{plan_id}/navigation")
def get_navigation(
    caller: SignedIn, pool: PoolDep, plan_id: UUID, waypoints: Waypoints = MAX_WAYPOINTS
) -> NavigationOut:
    """Links that open a phone's navigation, by vehicle and trip."""
    with pool.connection() as conn:
        return navigation_out(visible(conn, caller, plan_id), waypoints)
