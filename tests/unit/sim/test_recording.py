"""Months of a device without a broker, and the labels beside them."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from angkut_sim.errors import SimError
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.faults import Fault
from angkut_sim.labels import Label, read_labels, write_labels
from angkut_sim.mounts import Mounts
from angkut_sim.recording import Recording, record
from parts.sim import fleet_of

START_S = 1_767_225_600.0
DAY_S = 86_400.0
FLEET = fleet_of(12)


def recordings(plan: FaultPlan, days: float = 20, seed: int = 1) -> list[Recording]:
    end_s = START_S + days * DAY_S

    def see(code: str, at_s: float) -> float:
        # Even bins lie low, odd ones high: it shows who hangs where.
        return (70.0 if int(code[-4:]) % 2 else 20.0) + (at_s - START_S) / DAY_S * 0.1

    return list(record(FLEET.devices, see, plan=plan, seed=seed, start_s=START_S, end_s=end_s))


def only(**rates: float) -> FaultPlan:
    return FaultPlan.none().with_rates(rates)


def labels(found: list[Recording], fault: Fault) -> list[Label]:
    return [label for one in found for label in one.labels if label.fault is fault]


def test_without_faults_every_reading_arrives_once_in_order_and_nothing_is_labelled() -> None:
    for one in recordings(FaultPlan.none()):
        seqs = [r.seq for delivery in one.deliveries for r in delivery.readings]
        assert seqs == list(range(1, one.measured + 1))
        assert not [label for label in one.labels if label.fault is not Fault.NO_ECHO]


def test_the_same_seed_gives_the_same_recording() -> None:
    street = FaultPlan.street()
    assert recordings(street, 5) == recordings(street, 5)
    assert recordings(street, 5) != recordings(street, 5, seed=2)


def test_what_the_radio_loses_is_kept_by_some_and_sent_late_in_a_burst() -> None:
    found = recordings(only(radio_outage=0.3))
    bursts = [d for one in found for d in one.deliveries if len(d.readings) > 1]
    assert bursts
    late_s = [d.at_s - d.readings[0].t.timestamp() for d in bursts]
    assert max(late_s) > 3600
    assert labels(found, Fault.RADIO_OUTAGE)
    for one in found:
        times = [r.t for d in one.deliveries for r in d.readings]
        lost = sum(
            label.details["readings"] for label in one.labels if label.fault is Fault.RADIO_OUTAGE
        )
        assert len(set(times)) + lost == one.measured


def test_a_lost_reading_is_labelled_and_leaves_a_gap_in_the_counter() -> None:
    for one in recordings(only(radio_loss=0.1)):
        seqs = sorted({r.seq for d in one.deliveries for r in d.readings})
        missing = sum(b - a - 1 for a, b in pairwise(seqs))
        lost = sum(
            label.details["readings"] for label in one.labels if label.fault is Fault.RADIO_LOSS
        )
        assert missing <= lost <= missing + 3


def test_a_duplicate_is_delivered_twice_unchanged() -> None:
    found = recordings(only(duplicate=0.1), 10)
    counts = Counter(r.seq for d in found[0].deliveries for r in d.readings)
    assert set(counts.values()) == {1, 2}


def test_a_silence_is_labelled_from_its_first_to_its_last_missed_reading() -> None:
    found = recordings(only(dropout=0.2))
    silences = labels(found, Fault.DROPOUT)
    assert silences
    for one in found:
        for label in one.labels:
            if label.fault is not Fault.DROPOUT:
                continue
            inside = [
                r for d in one.deliveries for r in d.readings
                if label.from_s <= r.t.timestamp() <= label.to_s
            ]  # fmt: skip
            assert not inside
            assert label.details["readings"] == pytest.approx(
                (label.to_s - label.from_s) / 1800 + 1, abs=1 + (label.to_s - label.from_s) / 1800
            )


def test_a_stuck_label_holds_one_value() -> None:
    found = recordings(only(stuck=0.1))
    assert labels(found, Fault.STUCK)
    for one in found:
        for label in (each for each in one.labels if each.fault is Fault.STUCK):
            held = [
                tuple(r.d_mm or ()) for d in one.deliveries for r in d.readings
                if label.from_s - 60 <= r.t.timestamp() <= label.to_s + 60
            ]  # fmt: skip
            assert len(held) == label.details["readings"]
            assert len(set(held)) <= 3  # one episode may follow another


def test_swapped_devices_measure_each_other_s_bin_and_both_are_labelled() -> None:
    found = recordings(only(swapped=0.05), 30)
    swapped = labels(found, Fault.SWAPPED)
    assert swapped
    by_device = {label.device_id: label for label in swapped}
    for label in swapped:
        assert by_device[label.details["with"]].details["with"] == label.device_id
    for one, device in zip(found, FLEET.devices, strict=True):
        own_high = int(device.bin_code[-4:]) % 2 == 1
        for reading in (r for d in one.deliveries for r in d.readings if r.d_mm):
            at_s = reading.t.timestamp()
            wrong = any(
                label.device_id == device.id and label.from_s <= at_s <= label.to_s
                for label in swapped
            )
            if reading.d_mm and 100 < reading.d_mm[0] < 1200:
                assert (reading.d_mm[0] < 650) == (own_high != wrong)


def test_the_last_of_an_odd_fleet_has_no_neighbour_to_be_confused_with() -> None:
    mounts = Mounts(1, FLEET.devices[:3], only(swapped=1.0))
    last = FLEET.devices[2]
    assert mounts.mount(last, START_S) == last
    assert mounts.partner(last) is None
    assert mounts.mount(FLEET.devices[0], START_S) == FLEET.devices[1]


def test_a_wrong_clock_is_labelled_with_its_offset() -> None:
    found = recordings(only(clock_zone=0.05))
    wrong = labels(found, Fault.CLOCK_ZONE)
    assert wrong
    assert all(label.details["ahead_s"] % 3600 == 0 for label in wrong)
    label = wrong[0]
    one = next(r for r, d in zip(found, FLEET.devices, strict=True) if d.id == label.device_id)
    delays = [
        d.at_s - d.readings[0].t.timestamp() for d in one.deliveries
        if label.from_s <= d.at_s <= label.to_s
    ]  # fmt: skip
    assert min(delays) == pytest.approx(-label.details["ahead_s"], abs=30)


def test_the_log_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    written = [label for one in recordings(FaultPlan.street()) for label in one.labels]
    assert write_labels(path, written) == len(written) > 50
    read = read_labels(path)
    assert len(read) == len(written)
    assert [label.from_s for label in read] == sorted(label.from_s for label in read)
    assert {(label.device_id, label.fault) for label in read} == {
        (label.device_id, label.fault) for label in written
    }


def test_a_wrong_log_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(Label("a", Fault.STUCK, 0.0, 1.0).line() + '\n{"device": "b"}\n')
    with pytest.raises(SimError, match=r"labels\.jsonl:2 is no label"):
        read_labels(path)
    with pytest.raises(SimError, match="cannot read"):
        read_labels(tmp_path / "none")
    with pytest.raises(SimError, match="cannot write"):
        write_labels(tmp_path / "none" / "x", [])
