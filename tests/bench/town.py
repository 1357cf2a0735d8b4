"""A simulated town for a bench: its bins, the registry of them, its truth and its messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from angkut_backend.db import Connection
from angkut_backend.ingest.batch import Received
from angkut_broker.codec import encode
from angkut_sim.fleet_file import FleetDevice
from angkut_sim.places import Place, PlaceKind
from angkut_sim.recording import Delivery
from angkut_sim.stretch import Stretch
from angkut_sim.truth import Surface
from bench import places

INTERVAL_S = 1800


@dataclass(frozen=True, slots=True)
class Stand:
    """A place with bins as the registry calls it, and what stands there."""

    #: What throws into the bins.
    kind: PlaceKind
    site_kind: str
    container: str
    volume_l: int
    depth_mm: int


def fleet(bins: int, stands: Sequence[Stand]) -> list[FleetDevice]:
    """Return devices whose bins stand side by side in twos, stand by stand."""
    devices = []
    for number in range(bins):
        stand = stand_of(number, stands)
        corner = number // 2
        devices.append(
            FleetDevice(
                id=f"bench-{number:05d}",
                password="simulated",
                bin_code=f"BENCH-{number:05d}",
                volume_l=stand.volume_l,
                d_empty_mm=stand.depth_mm + 150,
                d_full_mm=150,
                interval_s=INTERVAL_S,
                lon=107.0 + 0.003 * corner,
                lat=-6.25 + 0.00001 * (number % 2),
                kind=stand.kind,
                site=f"S{corner}",
                lidded=stand.kind is not PlaceKind.TPS,
            )
        )
    return devices


def stand_of(number: int, stands: Sequence[Stand]) -> Stand:
    """Return where the bin of this number stands."""
    return stands[number // 2 % len(stands)]


def sites(devices: Sequence[FleetDevice]) -> list[Place]:
    """Return the bins as the world knows them."""
    return [
        Place(code=each.bin_code, volume_l=each.volume_l, kind=each.kind, site=each.site)
        for each in devices
    ]


def register(
    conn: Connection,
    devices: Sequence[FleetDevice],
    stands: Sequence[Stand],
    mounted: Sequence[bool],
) -> None:
    """Insert a fleet: all bins, and the devices that are mounted, since 2020."""
    stood = [stand_of(number, stands) for number in range(len(devices))]
    rows = {
        "id": [each.id for each in devices],
        "code": [each.bin_code for each in devices],
        "site": [each.site for each in devices],
        "kind": [stand.site_kind for stand in stood],
        "container": [stand.container for stand in stood],
        "volume_l": [stand.volume_l for stand in stood],
        "empty_mm": [each.d_empty_mm for each in devices],
        "lon": [each.lon for each in devices],
        "lat": [each.lat for each in devices],
        "mounted": list(mounted),
    }
    places.add_area(conn)
    conn.execute(_REGISTRY, rows)
    conn.commit()


_REGISTRY = """
WITH u AS (
    SELECT * FROM unnest(
        %(id)s::text[], %(code)s::text[], %(site)s::text[], %(kind)s::text[],
        %(container)s::text[], %(volume_l)s::int[], %(empty_mm)s::int[], %(lon)s::float8[],
        %(lat)s::float8[], %(mounted)s::bool[])
        AS u (id, code, site, kind, container, volume_l, empty_mm, lon, lat, mounted)
), s AS (
    INSERT INTO site (area_id, code, name, kind, lon, lat, source)
    SELECT area_id, site, site, kind, min(lon), min(lat), 'bench' FROM area, u
    GROUP BY area_id, site, kind
    RETURNING site_id, code
), b AS (
    INSERT INTO bin (code, site_id, container, volume_l, access, service_s, lon, lat, source)
    SELECT u.code, s.site_id, u.container, u.volume_l, 'road', 120, u.lon, u.lat, 'bench'
    FROM u JOIN s ON s.code = u.site ORDER BY u.code
    RETURNING bin_id, code
), v AS (
    INSERT INTO device (external_id, district_id, secret_pbkdf2_sha512, secret_bcrypt)
    SELECT u.id, district_id, 'x', 'x' FROM u, district WHERE u.mounted
    RETURNING device_id, external_id
)
INSERT INTO mounting (bin_id, device_id, valid_from, d_empty_mm, d_full_mm)
SELECT b.bin_id, v.device_id, '2020-01-01', u.empty_mm, 150
FROM u JOIN b USING (code) JOIN v ON v.external_id = u.id
"""


def surface(stretches: Sequence[Stretch], code: str, at_s: float) -> Surface:
    """Return what a sensor in the bin has below it, asked in any order; after the end, the last."""
    for stretch in stretches:
        if at_s < stretch.span_s[1]:
            return stretch.surface(code, max(at_s, stretch.span_s[0]))
    last = stretches[-1]
    return last.surface(code, last.span_s[1] - 1)


def received(delivery: Delivery, number: int) -> Received:
    """Return a message as the broker would hand it to ingest."""
    topic = f"angkut/v1/bekasi/327501/bin/{delivery.device_id}/telemetry"
    body = delivery.readings if len(delivery.readings) > 1 else delivery.readings[0]
    return Received(0, number, topic, encode(body), datetime.fromtimestamp(delivery.at_s, UTC))
