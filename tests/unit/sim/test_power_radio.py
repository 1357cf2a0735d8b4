from itertools import pairwise
from statistics import fmean

import pytest

from angkut_sim.fault_plan import FaultPlan
from angkut_sim.faults import Fault
from angkut_sim.power import CAPACITY_J, Battery, Bearer, life_days
from angkut_sim.radio import Place, Radio
from parts.sim import fleet_of

START_S = 1_767_225_600.0
YEAR = 365.25
FLEET = fleet_of(300)


@pytest.mark.parametrize(
    ("bearer", "poor", "a_day", "years"),
    [
        # 8,500 mAh, 80 % usable, 10 uA asleep, 30 mJ a measurement.
        (Bearer.NB_IOT, False, 24, 18),
        (Bearer.NB_IOT, False, 72, 7),
        (Bearer.NB_IOT, True, 24, 3),
        (Bearer.NB_IOT, True, 144, 0.5),
        (Bearer.LORA, False, 144, 15),
        (Bearer.LORA, True, 144, 6),
    ],
)
def test_a_battery_lasts_as_long_as_was_computed_by_hand(
    bearer: Bearer, poor: bool, a_day: float, years: float
) -> None:
    assert life_days(bearer, a_day=a_day, poor=poor) / YEAR == pytest.approx(years, rel=0.15)


def test_the_voltage_is_flat_and_then_collapses() -> None:
    levels = [Battery(share / 100 * CAPACITY_J).voltage_mv(25) for share in range(101)]
    assert all(after < before for before, after in pairwise(levels))
    assert levels[0] - levels[85] < 110
    assert levels[85] - levels[100] > 600
    assert Battery(2 * CAPACITY_J).voltage_mv(25) == levels[100]


def test_a_cold_battery_shows_less() -> None:
    assert Battery(0).voltage_mv(5) == Battery(0).voltage_mv(25) - 30


def test_a_battery_pays_for_sleep_measuring_and_sending() -> None:
    battery = Battery(0)
    battery.sleep(86_400)
    battery.measure()
    battery.send(Bearer.NB_IOT, poor=True)
    assert battery.used_j == pytest.approx(3.11 + 0.03 + 3.0, abs=0.01)
    assert not battery.is_empty
    assert Battery(CAPACITY_J).is_empty


def losses(rate: float, radios: int = 60, messages: int = 2000) -> list[list[bool]]:
    plan = FaultPlan.none().with_rates({Fault.RADIO_LOSS: rate})
    place = Place(-100.0, dead_zone=False, sun_c=0.0)
    found = []
    for number in range(radios):
        radio = Radio(1, str(number), plan, START_S)
        found.append([radio.loses(START_S + n * 1800, place) is not None for n in range(messages)])
    return found


@pytest.mark.parametrize("rate", [0.03, 0.1])
def test_so_much_is_lost_and_in_bursts(rate: float) -> None:
    lost = losses(rate)
    share = fmean(each for radio in lost for each in radio)
    assert share == pytest.approx(rate, rel=0.12)
    after_a_loss = fmean(b for radio in lost for a, b in pairwise(radio) if a)
    assert after_a_loss > 3 * share


def test_without_the_fault_nothing_is_lost_or_late() -> None:
    assert not any(map(any, losses(0, radios=5)))
    radio = Radio(1, "a", FaultPlan.none(), START_S)
    delays = [radio.delays() for _ in range(500)]
    assert all(len(each) == 1 and 0 < each[0] < 60 for each in delays)


def test_delays_and_copies_come_at_their_rates() -> None:
    plan = FaultPlan.none().with_rates({Fault.DELAY: 0.1, Fault.DUPLICATE: 0.2})
    radio = Radio(1, "a", plan, START_S)
    delays = [radio.delays() for _ in range(4000)]
    assert fmean(len(each) == 2 for each in delays) == pytest.approx(0.2, abs=0.03)
    assert fmean(each[0] > 60 for each in delays) == pytest.approx(0.1, abs=0.02)


def test_a_dead_zone_belongs_to_the_place_and_not_to_the_device() -> None:
    plan = FaultPlan.none().with_rates({Fault.DEAD_ZONE: 0.1})
    places = [Place.of(1, device, plan) for device in FLEET.devices]
    assert fmean(place.dead_zone for place in places) == pytest.approx(0.1, abs=0.05)
    dead = next(place for place in places if place.dead_zone)
    radio = Radio(1, "a", plan, START_S)
    assert fmean(radio.loses(START_S, dead) is not None for _ in range(3000)) == pytest.approx(
        1 / 3, abs=0.03
    )


def test_bins_of_a_corner_share_their_cell_and_not_their_spot() -> None:
    corner = {"lon": 107.0101, "lat": -6.2301}
    two = [Place.of(1, each.model_copy(update=corner), FaultPlan.none()) for each in FLEET.devices]
    levels = [place.rssi_dbm for place in two]
    spread = (fmean(x * x for x in levels) - fmean(levels) ** 2) ** 0.5
    assert spread == pytest.approx(4.0, rel=0.15)


def test_a_saved_radio_goes_on_alike() -> None:
    plan = FaultPlan.none().with_rates({Fault.RADIO_LOSS: 0.1})
    place = Place(-100.0, dead_zone=False, sun_c=0.0)
    through, copy = (Radio(1, "a", plan, START_S) for _ in range(2))
    for n in range(200):
        through.loses(START_S + n * 1800, place)
    copy.restore(through.save())
    times = [START_S + n * 1800 for n in range(200, 900)]
    assert [copy.loses(t, place) for t in times] == [through.loses(t, place) for t in times]
