"""What a person changes in a plan holds in the next one; what nobody changed stays."""

from datetime import datetime, timedelta

import pytest
from pydantic import ValidationError

from angkut_backend.planning.changes import (
    BinHours,
    Changes,
    FixedFirst,
    LongerQueue,
    UnderwayNow,
    VehicleNow,
)
from angkut_backend.planning.checker import check
from angkut_backend.planning.documents import LATEST_S
from angkut_backend.planning.faults import ChangesError
from angkut_backend.planning.notes import NoteCode
from angkut_backend.planning.plan_document import InReason, OutReason, Plan, StepKind
from angkut_backend.planning.problem import Break, Lock, MustReason, Problem, TimeWindow
from angkut_backend.planning.progress import Progress
from angkut_backend.planning.revise import progress_at, revise
from angkut_backend.planning.revision import Revision
from angkut_backend.planning.search import Budget
from angkut_backend.planning.solve import plan

from .conftest import HOUR_S, line_bin, line_shift, line_travel, truck

QUICK = Budget(iterations=30)
MORNING_BREAK = Break(duration_s=1800, begin=TimeWindow(from_s=3 * HOUR_S, to_s=4 * HOUR_S))


class Morning:
    """A shift, planned and changed again and again."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.revision: Revision | None = None
        self.plan = self._solved()

    def change(self, changes: Changes | None = None, **more: object) -> Plan:
        asked = changes or Changes.model_validate(more)
        self.problem, self.revision = revise(self.problem, self.plan, self.revision, asked)
        self.plan = self._solved()
        return self.plan

    def at(self, seconds: int, *reports: VehicleNow) -> Plan:
        moment = self.problem.shift_start + timedelta(seconds=seconds)
        return self.change(Changes(underway=UnderwayNow(at=moment, vehicles=reports)))

    def _solved(self) -> Plan:
        travel = line_travel(self.problem)
        found = plan(self.problem, travel, QUICK, seed=1)
        assert check(self.problem, travel, found) == []
        return found

    @property
    def orders(self) -> dict[str, list[str]]:
        return {route.vehicle: route.bins for route in self.plan.routes}

    @property
    def vehicle_of(self) -> dict[str, str]:
        return {code: vehicle for vehicle, codes in self.orders.items() for code in codes}

    @property
    def left(self) -> dict[str, OutReason]:
        return {one.bin: one.reason for one in self.plan.left}

    def bin(self, code: str) -> MustReason | None:
        return next(one.must for one in self.problem.bins if one.code == code)


@pytest.fixture
def morning(shift: Problem) -> Morning:
    return Morning(shift)


def test_nothing_changed_is_the_same_plan(morning: Morning) -> None:
    before = morning.orders

    after = morning.change()

    assert morning.orders == before
    assert after.totals.changed == 0


def test_a_locked_bin_is_on_its_vehicle_at_its_place_until_it_is_unlocked(
    morning: Morning,
) -> None:
    other = "T1" if morning.vehicle_of["B4"] == "T2" else "T2"
    morning.change(locks=[{"bin": "B4", "vehicle": other, "position": 1}])
    assert morning.orders[other][0] == "B4"
    reasons = {one.bin: one.reason for one in morning.plan.served}
    assert reasons["B4"] is InReason.LOCKED

    morning.change(forbid=["B6"])
    assert morning.orders[other][0] == "B4"
    morning.change(unlock=["B4"])

    assert morning.problem.locks == ()
    assert morning.bin("B4") is None


def test_a_forbidden_bin_stays_until_somebody_wants_it(morning: Morning) -> None:
    morning.change(forbid=["B2"])
    assert morning.left["B2"] is OutReason.FORBIDDEN

    morning.change(force=["B2"])

    assert "B2" in morning.vehicle_of
    assert morning.bin("B2") is MustReason.MANUAL
    morning.change(unlock=["B2"])
    assert morning.bin("B2") is None


def test_a_complaint_brings_in_a_bin_that_the_policy_kept_out() -> None:
    shut = line_bin(7, lat=-6.2 - 0.3, prize_rp=0, forbidden=True)
    morning = Morning(line_shift(bins=(line_bin(1), shut)))
    assert morning.left["B7"] is OutReason.FORBIDDEN

    morning.change(complaints=["B7"])

    (served,) = [one for one in morning.plan.served if one.bin == "B7"]
    assert served.must is MustReason.COMPLAINT
    morning.change(unlock=["B7"])
    assert morning.left["B7"] is OutReason.FORBIDDEN


def test_a_bin_that_is_blocked_is_served_later_or_not(morning: Morning) -> None:
    moment = morning.problem.shift_start + timedelta(hours=3)
    morning.change(hours=[{"bin": "B1", "after": moment}], force=["B1"])

    (step,) = [s for r in morning.plan.routes for s in r.steps if s.code == "B1"]
    assert step.begin_s >= 3 * HOUR_S
    never = morning.problem.shift_start - timedelta(hours=3)
    morning.change(hours=[{"bin": "B1", "before": never}])
    assert "B1" in morning.left
    morning.change(unlock=["B1"])
    assert not morning.problem.bins[0].windows


def test_hours_said_of_a_bin_go_before_the_windows_that_the_city_states() -> None:
    windows = (TimeWindow(from_s=0, to_s=HOUR_S), TimeWindow(from_s=2 * HOUR_S, to_s=4 * HOUR_S))
    morning = Morning(line_shift(bins=(line_bin(1, windows=windows),)))
    moment = morning.problem.shift_start + timedelta(hours=3)

    morning.change(hours=[{"bin": "B1", "after": moment}])

    (said,) = morning.problem.bins[0].windows
    assert said == TimeWindow(from_s=3 * HOUR_S, to_s=LATEST_S)
    morning.change(unlock=["B1"])
    assert morning.problem.bins[0].windows == windows


def test_the_first_stops_stay_when_others_change(morning: Morning) -> None:
    code, order = next(iter(morning.orders.items()))
    wanted = order[:2]

    morning.change(fixed_first=[{"vehicle": code, "stops": 2}], forbid=order[2:3])

    assert morning.orders[code][:2] == wanted
    morning.change(fixed_first=[{"vehicle": code, "stops": 0}])
    assert all(not one.fixed_first for one in morning.problem.vehicles)


def test_a_vehicle_that_does_not_start_gives_its_bins_to_the_others(morning: Morning) -> None:
    morning.change(locks=[{"bin": "B1", "vehicle": "T1"}])

    morning.change(without=["T1"])

    assert set(morning.vehicle_of.values()) == {"T2"}
    assert "B1" in morning.vehicle_of
    assert morning.revision
    (note,) = morning.revision.notes
    assert note.text == "B1 is no longer locked to T1, which does not drive"
    assert (note.code, note.bin, note.vehicle) == (NoteCode.LOCK_LOST, "B1", "T1")
    morning.change(again=["T1"])
    assert [one.code for one in morning.problem.vehicles] == ["T1", "T2"]


def test_a_longer_queue_is_in_the_times_until_it_is_as_usual(morning: Morning) -> None:
    usual_s = morning.plan.totals.queue_s
    longer = morning.change(queues=[{"disposal_site": "TPA", "extra_min": 45}])
    assert longer.totals.queue_s == usual_s * 4

    usual = morning.change(queues=[{"disposal_site": "TPA", "extra_min": 0}])

    assert usual.totals.queue_s == usual_s


def test_under_way_what_is_done_is_done_and_the_rest_is_planned(morning: Morning) -> None:
    (route,) = [r for r in morning.plan.routes if len(r.bins) > 2] or morning.plan.routes[:1]
    first = route.steps[1]
    others = set(morning.vehicle_of)

    morning.at(first.leave_s + 10)

    assert morning.revision
    (served,) = [s for s in morning.revision.standing.served if s.vehicle == route.vehicle]
    assert served.bins == (first.code,)
    assert first.code not in {one.code for one in morning.problem.bins}
    assert set(morning.vehicle_of) <= others - {first.code}
    # It is on its way to the next one, and gets there.
    assert morning.orders[route.vehicle][0] == route.bins[1]
    start = next(r for r in morning.plan.routes if r.vehicle == route.vehicle).steps[0]
    assert (start.load_l, start.load_kg) == (first.load_l, first.load_kg)
    assert start.leave_s == route.steps[2].arrive_s


def test_a_reported_vehicle_goes_on_from_where_it_is_with_what_it_carries(
    morning: Morning,
) -> None:
    code, order = next(iter(morning.orders.items()))
    report = VehicleNow(vehicle=code, lon=107.0, lat=-6.3, load_kg=700, load_l=2_100, served=())

    morning.at(HOUR_S, report)

    (start, *_) = next(r for r in morning.plan.routes if r.vehicle == code).steps
    assert (start.leave_s, start.load_l, start.load_kg) == (HOUR_S, 2_100, 700)
    assert set(order) <= {one.code for one in morning.problem.bins}


def test_a_report_of_what_was_served_says_what_is_on_board(morning: Morning) -> None:
    code, order = next((v, o) for v, o in morning.orders.items() if len(o) > 1)

    morning.at(2 * HOUR_S, VehicleNow(vehicle=code, served=tuple(order[:2])))

    vehicle = next(one for one in morning.problem.vehicles if one.code == code)
    assert vehicle.underway
    assert (vehicle.underway.load_l, vehicle.underway.stops_made) == (2_000, 2)
    assert vehicle.underway.free_at_s == 2 * HOUR_S


def test_a_bin_that_another_vehicle_reports_is_on_board_of_that_one_alone(
    morning: Morning,
) -> None:
    (route,) = morning.plan.routes
    (other,) = {one.code for one in morning.problem.vehicles} - {route.vehicle}
    stops = [step for step in route.steps if step.kind is StepKind.STOP]
    first, second, *_ = stops
    at_s = next(step.leave_s for step in stops if step.load_l == 3_000) + 1

    def told(at_s: int, *claimed: str) -> dict[str, Progress]:
        reports = (VehicleNow(vehicle=other, served=claimed),) if claimed else ()
        now = UnderwayNow(at=morning.problem.moment(at_s), vehicles=reports)
        return progress_at(morning.problem, morning.plan, None, now)

    def carried(progress: Progress) -> tuple[int, int, int, int]:
        on = progress.underway
        assert on
        return on.load_l, on.load_kg, on.stops_made, on.trips_made

    assert carried(told(at_s)[route.vehicle]) == (3_000, 900, 3, 0)
    apart = told(at_s, first.code, second.code)
    assert carried(apart[route.vehicle]) == (1_000, 300, 1, 0)
    assert carried(apart[other]) == (2_000, 600, 2, 0)
    assert not {*apart[route.vehicle].served} & {first.code, second.code}
    # What it has tipped since is gone whoever had it; the trip was made.
    tipped = next(step for step in route.steps if step.kind is StepKind.UNLOAD)
    before = told(tipped.leave_s)[route.vehicle]
    after = told(tipped.leave_s, first.code)[route.vehicle]
    done = len(before.served)
    assert (carried(before), carried(after)) == ((0, 0, done, 1), (0, 0, done - 1, 1))


def test_a_broken_down_vehicle_has_served_what_it_has_served(morning: Morning) -> None:
    code, order = next((v, o) for v, o in morning.orders.items() if len(o) > 1)
    moment = morning.problem.shift_start + timedelta(hours=1)
    report = VehicleNow(vehicle=code, served=(order[0],))

    morning.change(Changes(without=(code,), underway=UnderwayNow(at=moment, vehicles=(report,))))

    assert order[0] not in {one.code for one in morning.problem.bins}
    assert set(order[1:]) <= set(morning.vehicle_of)
    assert code not in morning.orders


def test_changes_after_a_replan_under_way_keep_where_everybody_is(morning: Morning) -> None:
    morning.at(300)
    before = [one.underway for one in morning.problem.vehicles]
    last = [*morning.vehicle_of][-1]

    morning.change(forbid=[last])

    assert [one.underway for one in morning.problem.vehicles] == before
    assert morning.left[last] is OutReason.FORBIDDEN


def test_a_place_that_is_locked_counts_from_where_the_vehicle_is(morning: Morning) -> None:
    code, order = next((v, o) for v, o in morning.orders.items() if len(o) > 2)
    morning.change(
        locks=[
            {"bin": order[0], "vehicle": code, "position": 2},
            {"bin": order[2], "vehicle": code, "position": 3},
        ]
    )
    first = morning.orders[code][0]

    morning.at(2000, VehicleNow(vehicle=code, served=(first,)))

    places = {one.bin: one.position for one in morning.problem.locks}
    assert places == {order[0]: 1, order[2]: 2}


@pytest.mark.parametrize("is_fresh", [False, True])
def test_in_a_running_shift_vehicles_leave_their_depots_no_sooner_than_now(
    is_fresh: bool,
) -> None:
    vehicles = tuple(truck(code, breaks=(MORNING_BREAK,)) for code in ("T1", "T2"))
    problem = line_shift(vehicles=vehicles)
    parent = plan(problem, line_travel(problem), QUICK, seed=1)
    assert min(route.steps[0].leave_s for route in parent.routes) == 0
    gone = parent.routes[0].bins[0]
    asked, fresh = Changes(forbid=(gone,), fresh=is_fresh), problem if is_fresh else None

    def begun(at_s: int) -> tuple[Problem, Plan]:
        leave_at = problem.moment(at_s)
        made, revision = revise(problem, parent, None, asked, fresh, leave_at=leave_at)
        travel = line_travel(made)
        found = plan(made, travel, QUICK, seed=1)
        assert check(made, travel, found) == []
        assert revision.standing.taken_over_at is None
        return made, found

    for at_s, breaks in ((2 * HOUR_S, (MORNING_BREAK,)), (5 * HOUR_S, ())):
        made, found = begun(at_s)
        assert [one.shift.from_s for one in made.vehicles] == [at_s] * 2
        assert [one.breaks for one in made.vehicles] == [breaks] * 2
        assert {code for route in found.routes for code in route.bins} == {
            one.code for one in problem.bins
        } - {gone}
        assert all(route.steps[0].leave_s >= at_s for route in found.routes)
    # Before the shift nothing is held up, and too late everything is left.
    assert begun(-HOUR_S)[0].vehicles == vehicles
    for late_s in (8 * HOUR_S - 60, 9 * HOUR_S):
        made, found = begun(late_s)
        assert {one.bin for one in found.left} == {one.code for one in problem.bins}
        assert found.routes == ()


def test_vehicles_under_way_go_on_from_where_they_were_taken_over_and_not_from_now(
    morning: Morning,
) -> None:
    morning.at(HOUR_S)
    now = morning.problem.moment(3 * HOUR_S)

    made, _ = revise(morning.problem, morning.plan, morning.revision, Changes(), leave_at=now)

    assert made.vehicles == morning.problem.vehicles


def test_new_levels_leave_out_what_is_served_and_keep_what_people_said(
    morning: Morning, shift: Problem
) -> None:
    morning.change(forbid=["B6"])
    fuller = tuple(one.model_copy(update={"load_l": 1_300}) for one in shift.bins)
    fresh = shift.model_copy(update={"bins": fuller})
    code, order = next(iter(morning.orders.items()))
    report = VehicleNow(vehicle=code, served=tuple(order[:1]))
    moment = shift.shift_start + timedelta(hours=1)

    changes = Changes(underway=UnderwayNow(at=moment, vehicles=(report,)))
    problem, _ = revise(morning.problem, morning.plan, morning.revision, changes, fresh)

    assert {one.load_l for one in problem.bins} == {1_300}
    assert order[0] not in {one.code for one in problem.bins}
    assert next(one.forbidden for one in problem.bins if one.code == "B6")


def moment(problem: Problem, hours: float) -> datetime:
    return problem.shift_start + timedelta(hours=hours)


NARROW = line_shift(
    vehicles=(truck("T1"), truck("T2", containers=("wheelie_660",), max_stops=3)),
    bins=(line_bin(1), line_bin(2, container="wheelie_660"), line_bin(3, access="alley")),
)
START = NARROW.shift_start
IMPOSSIBLE = {
    "no bin 'B99'": Changes(force=("B99",)),
    "no vehicle 'T9' in this plan: it has T1, T2": Changes(locks=(Lock(bin="B1", vehicle="T9"),)),
    "no disposal site 'X'": Changes(queues=(LongerQueue(disposal_site="X", extra_min=5),)),
    "cannot empty a cart": Changes(locks=(Lock(bin="B1", vehicle="T2"),)),
    "stands in an alley": Changes(force=("B3",)),
    "makes 3 stops at most": Changes(locks=(Lock(bin="B2", vehicle="T2", position=4),)),
    "not 9": Changes(fixed_first=(FixedFirst(vehicle="T1", stops=9),)),
    "does not drive": Changes(without=("T1",), fixed_first=(FixedFirst(vehicle="T2", stops=0),)),
    "is outside": Changes(underway=UnderwayNow(at=START + timedelta(hours=30))),
    "no bin 'B98'": Changes(
        underway=UnderwayNow(
            at=START + timedelta(hours=1), vehicles=(VehicleNow(vehicle="T1", served=("B98",)),)
        )
    ),
}


@pytest.mark.parametrize("word", IMPOSSIBLE)
def test_what_can_never_be_is_refused_with_its_name(word: str) -> None:
    morning = Morning(NARROW)
    if word == "does not drive":
        morning.change(IMPOSSIBLE[word])
        asked = Changes(locks=(Lock(bin="B1", vehicle="T1"),))
    else:
        asked = IMPOSSIBLE[word]

    with pytest.raises(ChangesError, match=word):
        morning.change(asked)


def test_a_served_bin_cannot_be_changed_any_more(morning: Morning) -> None:
    code, order = next(iter(morning.orders.items()))
    report = VehicleNow(vehicle=code, served=tuple(order[:1]))
    now = UnderwayNow(at=moment(morning.problem, 1), vehicles=(report,))

    with pytest.raises(ChangesError, match="before the plan takes over"):
        morning.change(Changes(underway=now, forbid=(order[0],)))
    morning.change(Changes(underway=now))
    with pytest.raises(ChangesError, match=f"served by {code} already"):
        morning.change(forbid=[order[0]])
    with pytest.raises(ChangesError, match="begins at 06:00 only"):
        morning.at(HOUR_S - 60)


@pytest.mark.parametrize(
    "wrong",
    [
        {"forbid": ["B1"], "force": ["B1"]},
        {"forbid": ["B1"], "locks": [{"bin": "B1", "vehicle": "T1"}]},
        {"unlock": ["B1"], "force": ["B1"]},
        {"force": ["B1", "B1"]},
        {"locks": [{"bin": "B1", "vehicle": "T1"}], "without": ["T1"]},
        {
            "locks": [
                {"bin": "B1", "vehicle": "T1", "position": 1},
                {"bin": "B2", "vehicle": "T1", "position": 1},
            ]
        },
        {"locks": [{"bin": "B1", "vehicle": "T1", "position": 0}]},
        {"hours": [{"bin": "B1"}]},
        {"underway": {"at": "2026-01-15T08:00:00"}},
        {"underway": {"at": "2026-01-15T08:00:00Z", "vehicles": [{"vehicle": "T1", "lon": 107}]}},
        {"lock": []},
    ],
)
def test_changes_that_contradict_themselves_are_not_changes(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Changes.model_validate(wrong)


def test_a_bin_may_be_reached_from_until_or_between() -> None:
    at = datetime.fromisoformat("2026-01-15T08:00:00+07:00")
    assert BinHours(bin="B1", after=at, before=at)
    with pytest.raises(ValidationError, match="later than"):
        BinHours(bin="B1", after=at, before=at - timedelta(hours=1))


def test_a_truck_that_unloads_is_empty_when_the_plan_takes_over(morning: Morning) -> None:
    route = morning.plan.routes[0]
    (at, unload) = next((n, s) for n, s in enumerate(route.steps) if s.kind is StepKind.UNLOAD)

    morning.at(unload.arrive_s + 60)

    vehicle = next(one for one in morning.problem.vehicles if one.code == route.vehicle)
    assert vehicle.underway
    assert (vehicle.underway.load_l, vehicle.underway.trips_made) == (0, 1)
    assert vehicle.underway.free_at_s == unload.leave_s
    assert vehicle.underway.stops_made == at - 1


def test_a_truck_that_cannot_be_back_in_time_goes_home_at_once_and_is_named(
    morning: Morning,
) -> None:
    report = VehicleNow(vehicle="T1", lon=107.0, lat=-6.3, load_kg=0, load_l=0, served=())

    found = morning.at(8 * HOUR_S - 60, report)

    (home,) = [route for route in found.routes if route.vehicle == "T1"]
    assert [step.kind for step in home.steps] == [StepKind.START, StepKind.END]
    assert home.steps[-1].arrive_s > 8 * HOUR_S
    (note,) = found.notes
    assert note.text.startswith("T1 cannot be back by 13:00: it goes home at once and is there at")
    at_s = home.steps[-1].arrive_s
    assert (note.code, note.due_s, note.at_s) == (NoteCode.LATE_HOME, 8 * HOUR_S, at_s)


def test_a_loaded_truck_that_comes_too_late_to_unload_goes_home_with_its_load(
    morning: Morning,
) -> None:
    report = VehicleNow(vehicle="T1", lon=107.0, lat=-6.2, load_kg=700, load_l=2_100, served=())

    found = morning.at(8 * HOUR_S - 60, report)

    (home,) = [route for route in found.routes if route.vehicle == "T1"]
    assert home.steps[-1].load_l == 2_100
    (note,) = found.notes
    assert note.text == (
        "T1 comes home with 2100 l, 700 kg: it reaches no disposal site before it closes"
    )
    assert (note.code, note.load_l, note.load_kg) == (NoteCode.LOADED_HOME, 2_100, 700)


@pytest.mark.parametrize("load", [{"load_l": 6_200}, {"load_kg": 3_400}])
def test_an_overloaded_truck_unloads_first_and_its_plans_say_what_it_carries(
    morning: Morning, load: dict[str, int]
) -> None:
    carried = {"load_l": 900, "load_kg": 300} | load
    report = VehicleNow(vehicle="T1", lon=107.0, lat=-6.23, served=(), **carried)

    found = morning.at(300, report)

    route = next(route for route in found.routes if route.vehicle == "T1")
    assert route.steps[1].kind is StepKind.UNLOAD
    assert (route.steps[0].load_l, route.steps[0].load_kg) == tuple(carried.values())
    (note,) = found.notes
    assert note.code is NoteCode.OVERLOADED
    assert {"load_l": note.load_l, "load_kg": note.load_kg} == carried
    assert (note.vehicle, note.most_l, note.most_kg) == ("T1", 5_000, 3_000)
    assert morning.change(forbid=[route.bins[0]]).notes == (note,)


def test_a_truck_that_is_just_full_is_no_matter_for_a_note(morning: Morning) -> None:
    full = VehicleNow(vehicle="T1", lon=107.0, lat=-6.23, load_l=5_000, load_kg=3_000, served=())

    assert morning.at(300, full).notes == ()


def test_more_bins_than_anything_carries_are_served_all_the_same() -> None:
    many = tuple(line_bin(n, code=f"B{n}", lat=-6.2, load_l=900_000) for n in range(1, 4))
    problem = line_shift(bins=many)
    morning = Morning(problem)

    found = morning.at(300, VehicleNow(vehicle="T1", served=("B1", "B2", "B3")))

    (note,) = found.notes
    assert (note.code, note.load_l) == (NoteCode.OVERLOADED, 1_000_000)
