"""A plan in the form that somebody asks for."""

from collections.abc import Mapping
from typing import Literal

from angkut_backend.planning.exports.csv_table import to_csv
from angkut_backend.planning.exports.maps import to_geojson, to_gpx
from angkut_backend.planning.exports.names import Names
from angkut_backend.planning.exports.run_sheet_pdf import to_pdf
from angkut_backend.planning.exports.runs import of_vehicle
from angkut_backend.planning.exports.vroom import to_vroom
from angkut_backend.planning.records import PlanRecord
from angkut_backend.roads.service import Roads

Format = Literal["csv", "geojson", "gpx", "pdf", "vroom.json"]
MEDIA_TYPES: Mapping[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "geojson": "application/geo+json",
    "gpx": "application/gpx+xml",
    "pdf": "application/pdf",
    "vroom.json": "application/json",
}


def export(
    record: PlanRecord, names: Names, form: Format, roads: Roads, vehicle: str | None = None
) -> bytes:
    """Return a plan, or what it has for one vehicle, as a file of a form.

    Raises
    ------
    NotFoundError
        The vehicle has no route in the plan.
    RoadsUnavailableError
        The road network is there and cannot be read; only for `geojson`.
    """
    if vehicle is not None:
        record = of_vehicle(record, vehicle)
    match form:
        case "csv":
            return to_csv(record, names).encode()
        case "geojson":
            return to_geojson(record, names, roads).encode()
        case "gpx":
            return to_gpx(record, names)
        case "pdf":
            return to_pdf(record, names, has_summary=vehicle is None)
        case "vroom.json":
            return to_vroom(record, names).encode()
