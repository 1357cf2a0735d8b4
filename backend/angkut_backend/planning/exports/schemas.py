"""Navigation links as the API shows them."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from angkut_backend.planning.exports.navigation import geo_uri, run_links
from angkut_backend.planning.exports.runs import runs_of
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.records import PlanRecord


class NavigationPlaceOut(BaseModel):
    """A place that a link leads to."""

    kind: StepKind
    code: str
    position: Annotated[int | None, Field(description="Of a bin, as locks count")]
    geo: Annotated[str, Field(description="Opens any map program of a phone")]


class NavigationLinkOut(BaseModel):
    """A link from where the phone is, in order, to its places."""

    url: str
    places: list[NavigationPlaceOut]


class NavigationTripOut(BaseModel):
    """A trip; a long one has several links, to be opened one after the other."""

    trip: int
    links: list[NavigationLinkOut]


class NavigationVehicleOut(BaseModel):
    """The trips of a vehicle; the last one leads home."""

    vehicle: str
    trips: list[NavigationTripOut]


class NavigationOut(BaseModel):
    """Where each vehicle goes."""

    plan_id: UUID
    vehicles: list[NavigationVehicleOut]


def navigation_out(record: PlanRecord, waypoints: int) -> NavigationOut:
    """Return the links of a plan."""
    return NavigationOut(
        plan_id=record.plan_id,
        vehicles=[
            NavigationVehicleOut(
                vehicle=run.vehicle.code,
                trips=[
                    NavigationTripOut(
                        trip=trip,
                        links=[
                            NavigationLinkOut(
                                url=link.url,
                                places=[
                                    NavigationPlaceOut(
                                        kind=stage.step.kind,
                                        code=stage.step.code,
                                        position=stage.position,
                                        geo=geo_uri(stage.place, stage.step.code),
                                    )
                                    for stage in link.stages
                                    if stage.place is not None
                                ],
                            )
                            for link in links
                        ],
                    )
                    for trip, links in run_links(run, waypoints)
                ],
            )
            for run in runs_of(record)
        ],
    )
