"""A plan as a table for spreadsheets."""

import csv
import io

from angkut_backend.planning.exports.names import Names
from angkut_backend.planning.exports.navigation import geo_uri, run_links
from angkut_backend.planning.exports.runs import runs_of, utc
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.records import PlanRecord

_COLUMNS = (
    "vehicle", "step", "trip", "kind", "code", "position", "site", "area", "lon", "lat",
    "arrive_utc", "begin_utc", "leave_utc", "begin_local", "distance_m", "load_l", "load_kg",
    "fill_pct", "reason", "must", "approximate", "geo", "navigation",
)  # fmt: skip
#: A spreadsheet would take a text that begins so for a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - meant


def to_csv(record: PlanRecord, names: Names) -> str:
    """Return a row a step, in the order of driving.

    `navigation` stands where a link begins; it leads over that step and those after it, up to the
    next link.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    approximate = "yes" if record.plan.provenance.approximate else "no"
    for run in runs_of(record):
        begins = {link.stages[0].number: link.url for _, links in run_links(run) for link in links}
        for stage in run.stages:
            step, place = stage.step, stage.place
            name = names.bins.get(step.code) if step.kind is StepKind.STOP else None
            site = name.site if name else names.places.get(step.code, "")
            moments = [
                utc(record.problem.moment(at)) for at in (step.arrive_s, step.begin_s, step.leave_s)
            ]
            row = [
                run.vehicle.code,
                stage.number,
                stage.trip,
                str(step.kind),
                step.code,
                stage.position,
                site,
                name.area if name else "",
                place.lon if place else None,
                place.lat if place else None,
                *moments,
                record.problem.moment(step.begin_s).strftime("%H:%M"),
                step.distance_m,
                step.load_l,
                step.load_kg,
                stage.bin.fill_pct if stage.bin else None,
                str(stage.served.reason) if stage.served else "",
                str(stage.served.must or "") if stage.served else "",
                approximate,
                geo_uri(place, step.code) if place else "",
                begins.get(stage.number, ""),
            ]
            writer.writerow([_plain(cell) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue()


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
