"""Changes of a plan on the command line: options and a file become one document."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import msgspec
from pydantic import ValidationError

from angkut_backend.planning.changes import Changes
from angkut_backend.planning.problem import Problem
from angkut_broker.errors import AngkutError

#: A time of the day by itself is local, so it has no zone.
_CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d)?")


def changes_of(file: Path | None, options: Mapping[str, Any], problem: Problem) -> Changes:
    """Put a file and options together; options come on top.

    Parameters
    ----------
    options
        By the name of the command's parameter; see `angkut plan replan --help`.
    problem
        Of the plan that is changed: times are local to its shift.

    Raises
    ------
    AngkutError
        Names the option or field, and what it should look like.
    """
    changes = _read(file) if file else {}
    lists: dict[str, Iterable[Any]] = {
        "locks": map(_lock, options["lock"]),
        "fixed_first": (
            {"vehicle": vehicle, "stops": _whole("--fix", stops)}
            for vehicle, stops in (_pair("--fix", "VEHICLE=STOPS", one) for one in options["fix"])
        ),
        "queues": (
            {"disposal_site": site, "extra_min": _whole("--queue", minutes)}
            for site, minutes in (_pair("--queue", "SITE=MINUTES", one) for one in options["queue"])
        ),
        "hours": (_hours(one, problem) for one in options["hours"]),
        "forbid": options["forbid"],
        "force": options["force"],
        "complaints": options["complaint"],
        "unlock": options["unlock"],
        "without": options["without"],
        "again": options["again"],
    }
    for name, new in lists.items():
        changes[name] = [*changes.get(name, []), *new]
    if options["fresh"]:
        changes["fresh"] = True
    underway = dict(changes.get("underway") or {})
    if options["at"]:
        underway["at"] = _moment("--at", options["at"], problem)
    if options["truck"] or options["served"]:
        if "at" not in underway:
            raise AngkutError("--truck, --served: say with --at at which time, such as --at 09:30")
        vehicles = {one["vehicle"]: dict(one) for one in underway.get("vehicles", [])}
        for one in options["truck"]:
            code, report = _truck(one)
            vehicles.setdefault(code, {"vehicle": code}).update(report)
        for one in options["served"]:
            code, bins = _pair("--served", "VEHICLE=BIN,BIN", one)
            vehicles.setdefault(code, {"vehicle": code})["served"] = [
                bin_.strip() for bin_ in bins.split(",") if bin_.strip()
            ]
        underway["vehicles"] = list(vehicles.values())
    if underway:
        changes["underway"] = underway
    return _checked(changes)


def _read(file: Path) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(file.read_bytes())
    except OSError as exc:
        raise AngkutError(f"--changes {file}: cannot be read: {exc.strerror}") from exc
    except (msgspec.DecodeError, RecursionError) as exc:
        raise AngkutError(f"--changes {file}: is not JSON: {exc}") from exc
    if not isinstance(found, dict):
        raise AngkutError(f"--changes {file}: must be an object such as {{'forbid': ['BIN']}}")
    _checked(found)
    return found


def _checked(changes: Mapping[str, Any]) -> Changes:
    try:
        return Changes.model_validate(changes)
    except ValidationError as exc:
        wrong = exc.errors()[0]
        where = ".".join(str(part) for part in wrong["loc"])
        said = wrong["msg"].removeprefix("Value error, ")
        raise AngkutError(f"changes, {where}: {said}" if where else f"changes: {said}") from exc


def _pair(option: str, form: str, text: str) -> tuple[str, str]:
    name, there, value = text.partition("=")
    if not there or not name.strip() or not value.strip():
        raise AngkutError(f"{option} {text!r}: write {form}")
    return name.strip(), value.strip()


def _whole(option: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as exc:
        raise AngkutError(f"{option}: {text!r} is not a whole number") from exc


def _lock(text: str) -> dict[str, Any]:
    code, vehicle = _pair("--lock", "BIN=VEHICLE or BIN=VEHICLE@POSITION", text)
    vehicle, _, position = vehicle.partition("@")
    place = {"position": _whole("--lock", position)} if position else {}
    return {"bin": code, "vehicle": vehicle.strip(), **place}


def _hours(text: str, problem: Problem) -> dict[str, Any]:
    code, span = _pair("--hours", "BIN=FROM-TO, such as BIN=10:00- or BIN=-07:30", text)
    after, there, before = span.partition("-")
    if not there:
        raise AngkutError(f"--hours {text!r}: write BIN=FROM-TO, such as BIN=10:00- or BIN=-07:30")
    hours: dict[str, Any] = {"bin": code}
    if after:
        hours["after"] = _moment("--hours", after, problem)
    if before:
        hours["before"] = _moment("--hours", before, problem)
    return hours


def _truck(text: str) -> tuple[str, dict[str, Any]]:
    form = "VEHICLE=LON,LAT or VEHICLE=LON,LAT,KG or VEHICLE=LON,LAT,KG,LITRES"
    code, figures = _pair("--truck", form, text)
    parts = figures.split(",")
    if not 2 <= len(parts) <= 4:
        raise AngkutError(f"--truck {text!r}: write {form}")
    try:
        report: dict[str, Any] = {"lon": float(parts[0]), "lat": float(parts[1])}
    except ValueError as exc:
        raise AngkutError(f"--truck {text!r}: write {form}") from exc
    for name, part in zip(("load_kg", "load_l"), parts[2:], strict=False):
        report[name] = _whole("--truck", part)
    return code, report


def _moment(option: str, text: str, problem: Problem) -> datetime:
    """Return a local time of the shift, or a whole ISO time."""
    start, text = problem.moment(0), text.strip()
    try:
        if not _CLOCK.fullmatch(text):
            found = datetime.fromisoformat(text)
            return found if found.tzinfo else found.replace(tzinfo=start.tzinfo)
        clock = time.fromisoformat(text if text[2] == ":" else f"0{text}")
    except ValueError as exc:
        raise AngkutError(
            f"{option}: {text!r} is not a local time such as 09:30, nor a whole one such as "
            "2026-01-14T09:30+07:00"
        ) from exc
    at = datetime.combine(start.date(), clock, start.tzinfo)
    # A shift that goes on past midnight has its small hours on the next day.
    return at + timedelta(days=1) if at < start - timedelta(hours=12) else at
