"""The problem of a shift out of registry, forecast and emptyings."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from angkut_backend.db import Connection, Row, load_queries
from angkut_backend.errors import BackendError
from angkut_backend.forecast import service as forecasts
from angkut_backend.forecast.loading import DistrictRow
from angkut_backend.forecast.predict import HORIZON_H
from angkut_backend.planning.district import SHIFT_BEGINS, District
from angkut_backend.planning.outlook import NEXT_H, SERVICE_H, Outlook, load_of
from angkut_backend.planning.policies import Policy, PolicyParameters, Prospect, bins_of
from angkut_backend.planning.problem import Bin, Problem
from angkut_backend.planning.rounds import Origin, Rounds

SQL = load_queries("angkut_backend.planning")

_HOUR_S = 3600
#: An area of which less is known keeps its fixed round.
TRUSTED_SHARE = 0.6


class ShiftError(BackendError):
    """A plan cannot be made for this day."""

    code = "bad_shift"


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
    readings_as_of: datetime
    #: Whose fixed rounds it keeps to, where levels do not decide.
    rounds: Origin

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
) -> Assembled:
    """Put the problem of a day's shift together.

    Raises
    ------
    ShiftError
        The day is over, or further ahead than forecasts reach.
    NothingToPlanError
        A depot, a disposal site or a vehicle is missing.
    """
    made = forecasts.current(conn, district, now)
    shift = _shift(district, day)
    ahead_h = _ahead_h(shift, made.loaded.from_at, now, district)
    outlook = Outlook.of(made.forecast, ahead_h)
    age_h = made.forecast.now.age_h
    rows = conn.execute(SQL["bins"], {"district_id": district.district_id, "now": now}).fetchall()
    areas = _areas(rows, [bool(age <= forecasts.TRUSTED_AGE_H) for age in age_h], policy)
    fixed = {area.area for area in areas if area.is_fixed}
    rounds = Rounds.on(conn, district.district_id, shift.date())
    bins: list[Bin] = []
    for number, row in enumerate(rows):
        prospect = _prospect(
            row,
            shift,
            fill_pct=float(outlook.fill_pct[number]),
            overflow_probability=float(outlook.overflow_probability[number]),
            overflow_h=float(outlook.overflow_h[number]),
            is_trusted=bool(age_h[number] <= forecasts.TRUSTED_AGE_H),
            is_due=rounds.is_due(row["code"], row["site_id"]),
        )
        by = Policy.FIXED if row["area_code"] in fixed else policy
        bins += bins_of(by, [prospect], parameters)
    parts = _district(conn, district)
    return Assembled(parts.problem(shift, bins, readings_as_of=now), areas, now, rounds.origin)


def check_day(district: DistrictRow, day: date, now: datetime) -> None:
    """Say at once that a day is no day to plan for.

    Raises
    ------
    ShiftError
        It is over, or further ahead than forecasts reach.
    """
    from_at = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    _ahead_h(_shift(district, day), from_at, now, district)


def _shift(district: DistrictRow, day: date) -> datetime:
    return datetime.combine(day, SHIFT_BEGINS, ZoneInfo(district.timezone))


def _ahead_h(shift: datetime, from_at: datetime, now: datetime, district: DistrictRow) -> int:
    local = now.astimezone(ZoneInfo(district.timezone)).date()
    if shift.date() < local:
        raise ShiftError(f"{shift:%Y-%m-%d} is over: plan for {local} or later")
    ahead_h = round((shift - from_at).total_seconds() / _HOUR_S)
    if ahead_h + NEXT_H > HORIZON_H:
        last = (from_at + timedelta(hours=HORIZON_H - NEXT_H)).astimezone(shift.tzinfo)
        raise ShiftError(
            f"forecasts do not reach {shift:%Y-%m-%d}: plan for a shift that begins "
            f"before {last:%Y-%m-%d %H:%M}"
        )
    return ahead_h


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
    fill_pct: float,
    overflow_probability: float,
    overflow_h: float,
    is_trusted: bool,
    is_due: bool,
) -> Prospect:
    load_l, load_kg = load_of(fill_pct, row["volume_l"], row["container"])
    service_at = shift + timedelta(hours=SERVICE_H)
    emptied_at = row["emptied_at"]
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
