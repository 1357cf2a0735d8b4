"""The problem of a shift out of registry, forecast and emptyings."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from angkut_backend.db import Connection, Row, load_queries
from angkut_backend.errors import BackendError
from angkut_backend.forecast import service as forecasts
from angkut_backend.forecast.loading import DistrictRow
from angkut_backend.planning.district import District
from angkut_backend.planning.outlook import SERVICE_H, Outlook, load_of
from angkut_backend.planning.plan_document import Route, StepKind
from angkut_backend.planning.points import bin_point, depot_point, disposal_point
from angkut_backend.planning.policies import Policy, PolicyParameters, Prospect, bins_of
from angkut_backend.planning.problem import MAX_BINS, Bin, MustReason, Problem, TimeWindow
from angkut_backend.planning.rounds import Origin, Rounds
from angkut_backend.planning.shifts import hours_ahead, shift_of
from angkut_backend.planning.windows import shift_windows
from angkut_backend.roads.travel import Point

SQL = load_queries("angkut_backend.planning")

log = logging.getLogger("angkut.planning")

_HOUR_S = 3600
_ROUTES = TypeAdapter(tuple[Route, ...])
#: An area of which less is known keeps its fixed round.
TRUSTED_SHARE = 0.6


class NothingToPlanError(BackendError):
    """There is nothing to plan with."""

    status = 409
    code = "nothing_to_plan"


@dataclass(frozen=True, slots=True)
class AreaTrust:
    """How far an area's levels can be relied on."""

    area: str
    name: str
    bins: int
    #: Bins with a trusted level of the last day.
    trusted: int
    #: Too few of them: the area keeps its fixed round.
    is_fixed: bool


@dataclass(frozen=True, slots=True)
class Assembled:
    """A problem, and what it rests on."""

    problem: Problem
    areas: list[AreaTrust]
    #: The newest trusted reading; the time of planning where there is none.
    readings_as_of: datetime
    #: Whose fixed rounds it keeps to, where levels do not decide.
    rounds: Origin
    #: Plans of shifts before this one that it takes to be driven as they are.
    takes_driven: tuple[UUID, ...]

    @property
    def is_treated(self) -> bool:
        """Tell whether levels decided everywhere: only then the day counts for an evaluation."""
        return not any(area.is_fixed for area in self.areas)

    def trust(self) -> list[dict[str, Any]]:
        """Return the areas as they are kept."""
        return [asdict(area) for area in self.areas]


def assemble(
    conn: Connection,
    district: DistrictRow,
    day: date,
    policy: Policy,
    parameters: PolicyParameters,
    now: datetime,
    *,
    leave_at: datetime | None = None,
) -> Assembled:
    """Put the problem of a day's shift together.

    Stops to come of plans in force of shifts before it count as emptied when these plans say.

    Parameters
    ----------
    leave_at
        Vehicles leave no sooner; by default when the shift begins.

    Raises
    ------
    ShiftError
        The day is over, or further ahead than forecasts reach.
    NothingToPlanError
        A depot, a disposal site or a vehicle is missing, or the registry contradicts itself.
    """
    shift = shift_of(district, day)
    values = {"district_id": district.district_id, "now": now, "shift": shift}
    to_come, driven = _to_come(conn, district, shift, now)
    made = forecasts.current(conn, district, now, to_come)
    ahead_h = hours_ahead(shift, made.loaded.from_at, now)
    outlook = Outlook.of(made.forecast, ahead_h)
    age_h = made.forecast.now.age_h
    number = {code: place for place, code in enumerate(made.loaded.history.bins)}
    # A bin that was added since the forecast was made is in the next plan.
    rows = [row for row in conn.execute(SQL["bins"], values) if row["code"] in number]
    trusted = {code: bool(age_h[at] <= forecasts.TRUSTED_AGE_H) for code, at in number.items()}
    areas = _areas(rows, [trusted[row["code"]] for row in rows], policy)
    fixed = {area.area for area in areas if area.is_fixed}
    rounds = Rounds.on(conn, district.district_id, shift.date())
    zone = ZoneInfo(district.timezone)
    parts = _district(conn, district)
    bins: list[Bin] = []
    try:
        for row in rows:
            at = number[row["code"]]
            prospect = _prospect(
                row,
                shift,
                emptied_at=to_come.get(row["code"], row["emptied_at"]),
                fill_pct=float(outlook.fill_pct[at]),
                overflow_probability=float(outlook.overflow_probability[at]),
                overflow_h=float(outlook.overflow_h[at]),
                is_trusted=trusted[row["code"]],
                is_due=rounds.is_due(row["code"], row["site_id"]),
                windows=shift_windows(row["collection_windows"], shift, zone),
            )
            by = Policy.FIXED if row["area_code"] in fixed else policy
            bins += bins_of(by, [prospect], parameters)
        leave_s = round((leave_at - shift).total_seconds()) if leave_at else 0
        known = conn.execute(SQL["known_until"], values).fetchone()
        until = (known and known["at"]) or now
        problem = parts.problem(shift, bins, readings_as_of=until, from_s=max(leave_s, 0))
    except ValidationError as exc:
        raise _contradiction(district, exc) from exc
    return Assembled(problem, areas, until, rounds.origin, driven)


def _contradiction(district: DistrictRow, exc: ValidationError) -> NothingToPlanError:
    wrong = exc.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in wrong["loc"])
    said = wrong["msg"].removeprefix("Value error, ")
    return NothingToPlanError(
        f"district {district.code} cannot be planned: {f'{where}: ' if where else ''}{said}; "
        "correct it in the site pack and load that again"
    )


def places(conn: Connection, district: DistrictRow) -> list[Point]:
    """Return the places of a district's problems, as `points_of` will, from the registry alone."""
    values = {"district_id": district.district_id, "most": MAX_BINS}

    def points(query: str, name: Callable[[str], str]) -> Iterator[Point]:
        for row in conn.execute(SQL[query], values):
            yield Point(name(row["code"]), row["lon"], row["lat"])

    return [
        *points("depots", depot_point),
        *points("disposal_sites", disposal_point),
        *points("transfers", disposal_point),
        *points("bin_places", bin_point),
    ]


def registered(conn: Connection, district: DistrictRow, shift: datetime) -> Problem:
    """Return the problem of a shift without bins, as the registry says it now.

    Raises
    ------
    NothingToPlanError
        A depot, a disposal site or a vehicle is missing, or the registry contradicts itself.
    """
    parts = _district(conn, district)
    try:
        return parts.problem(shift, ())
    except ValidationError as exc:
        raise _contradiction(district, exc) from exc


def _to_come(
    conn: Connection, district: DistrictRow, shift: datetime, now: datetime
) -> tuple[dict[str, datetime], tuple[UUID, ...]]:
    """Return when plans in force empty bins from now until a shift begins, and which plans do.

    Of several times the last one counts.
    """
    at: dict[str, datetime] = {}
    driven: list[UUID] = []
    values = {"district_id": district.district_id, "now": now, "shift": shift}
    for row in conn.execute(SQL["plans_before"], values):
        try:
            routes = _ROUTES.validate_json(row["routes"])
        except ValidationError:
            log.warning(
                "plan %s cannot be read: the plan of %s takes its stops as not driven; withdraw "
                "it and make it anew",
                row["plan_id"],
                shift.date(),
            )
            continue
        start: datetime = row["shift_start"].astimezone(UTC)
        from_s, until_s = ((one - start).total_seconds() for one in (now, shift))
        ends_s = {
            step.code: step.leave_s
            for route in routes
            for step in route.steps
            if step.kind is StepKind.STOP and from_s < step.leave_s < until_s
        }
        for code, end_s in ends_s.items():
            end = start + timedelta(seconds=end_s)
            at[code] = max(at.get(code, end), end)
        if ends_s:
            driven.append(row["plan_id"])
    return at, tuple(driven)


def _areas(rows: list[Row], trusted: list[bool], policy: Policy) -> list[AreaTrust]:
    names = {row["area_code"]: row["area_name"] for row in rows}
    bins = Counter(row["area_code"] for row in rows)
    known = Counter(
        row["area_code"] for row, is_known in zip(rows, trusted, strict=True) if is_known
    )
    return [
        AreaTrust(
            code,
            names[code],
            bins[code],
            known[code],
            policy is Policy.FIXED or known[code] < TRUSTED_SHARE * bins[code],
        )
        for code in sorted(names)
    ]


def _prospect(
    row: Row,
    shift: datetime,
    *,
    emptied_at: datetime | None,
    fill_pct: float,
    overflow_probability: float,
    overflow_h: float,
    is_trusted: bool,
    is_due: bool,
    windows: tuple[TimeWindow, ...],
) -> Prospect:
    load_l, load_kg = load_of(fill_pct, row["volume_l"], row["container"])
    service_at = shift + timedelta(hours=SERVICE_H)
    missed_at = row["missed_at"]
    is_skipped = missed_at is not None and (emptied_at is None or emptied_at < missed_at)
    return Prospect(
        Bin(
            code=row["code"],
            lon=row["lon"],
            lat=row["lat"],
            area=row["area_code"],
            access=row["access"],
            container=row["container"],
            load_l=load_l,
            load_kg=load_kg,
            service_s=row["service_s"],
            windows=windows,
            trusted=is_trusted,
        ),
        row["volume_l"],
        fill_pct,
        overflow_probability,
        overflow_h,
        None
        if emptied_at is None
        else round(max((service_at - emptied_at).total_seconds(), 0) / _HOUR_S, 1),
        is_due,
        MustReason.SKIPPED if is_skipped else None,
    )


def _district(conn: Connection, district: DistrictRow) -> District:
    values = {"district_id": district.district_id}

    def rows(name: str) -> tuple[Any, ...]:
        return tuple(SimpleNamespace(**row) for row in conn.execute(SQL[name], values))

    (traffic,) = rows("traffic")
    parts = District(
        district.code,
        district.timezone,
        tuple(traffic.traffic_by_hour),
        rows("depots"),
        rows("disposal_sites"),
        rows("transfers"),
        rows("vehicles"),
    )
    for what, found in (
        ("depot", parts.depots),
        ("disposal site", parts.disposal_sites),
        ("vehicle", parts.vehicles),
    ):
        if not found:
            raise NothingToPlanError(
                f"district {district.code} has no {what}: load a site pack with one"
            )
    return parts
