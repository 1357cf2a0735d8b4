from datetime import UTC, datetime, timedelta
from pathlib import Path

from angkut_backend.registry.site.pack import read_pack
from angkut_broker.session import BrokerAddress
from angkut_infra.demo import SENSORS, Demo
from angkut_infra.places import places_of
from angkut_infra.sites import find_site
from angkut_sim.fleet_file import FleetFile
from angkut_sim.simulation import Simulation, place_of

NOW = datetime(2026, 3, 1, 5, 30, tzinfo=UTC)


def demo(folder: Path, dsn: str) -> Demo:
    return Demo(folder / "demo", dsn, BrokerAddress("127.0.0.1", 1883, "ingest", "rahasia"))


def test_the_demo_s_sensors_hang_where_the_pack_says(database: str, tmp_path: Path) -> None:
    made = demo(tmp_path, database)
    made.prepare(now=NOW)
    fleet = FleetFile.load(made.fleet_path)
    assert len(fleet.devices) == SENSORS
    folder = find_site("bekasi-timur")
    places = {place.code: place for place in places_of(read_pack(folder), folder)}
    assert all(place_of(device) == places[device.bin_code] for device in fleet.devices)
    assert all(device.lon and device.lat for device in fleet.devices)


def test_the_demo_s_town_lives_and_a_second_start_keeps_its_sensors(
    database: str, tmp_path: Path
) -> None:
    made = demo(tmp_path, database)
    state = made.prepare(now=NOW)
    again = made.prepare(now=NOW + timedelta(days=1))
    assert again == state
    fleet = FleetFile.load(made.fleet_path)
    simulation = Simulation.fresh(fleet, seed=1, at_s=NOW.timestamp())
    truth = simulation.advance((NOW + timedelta(days=3)).timestamp())
    assert len(truth.codes) == SENSORS
    assert (simulation.world.emptied > 0).mean() > 0.5
