"""What nobody means to ask: refused in words, and of several at once exactly one has its way."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import httpx

from angkut_backend.accounts.service import Role, Scope
from angkut_backend.db import Connection
from angkut_backend.planning.changes import Changes, UnderwayNow
from parts.api import Api
from parts.registry import BIN, TRUCK

from .test_endpoints import some_plan
from .test_replans import replan

#: At once.
CROWD = 6


def test_a_moment_that_calendars_do_not_have_everywhere_is_refused(
    town: Connection, api: Api
) -> None:
    path = f"/api/plans/{some_plan(town).plan_id}"
    client = api.signed_in(Role.DISPATCHER)

    for at in (
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00+14:00",
    ):
        for answer in (
            client.get(f"{path}/progress", params={"at": at}),
            client.post(f"{path}/progress", json={"at": at}),
            client.post(f"{path}/replan", json={"changes": {"underway": {"at": at}}}),
        ):
            assert (answer.status_code, answer.json()["error"]) == (422, "malformed_input")
            assert f"year {int(at[:4])}: give one from 1970 to 2999" in answer.json()["detail"]


def test_a_report_that_says_a_thing_twice_is_refused_before_and_with_the_replan(
    town: Connection, api: Api
) -> None:
    made = some_plan(town)
    path, client = f"/api/plans/{made.plan_id}", api.signed_in(Role.DISPATCHER)
    at = (made.shift_start + timedelta(hours=2)).isoformat()

    for vehicles, name in (
        ([{"vehicle": TRUCK, "served": [BIN, BIN]}], f"underway.served: '{BIN}'"),
        ([{"vehicle": TRUCK}, {"vehicle": TRUCK}], f"underway.vehicles: '{TRUCK}'"),
    ):
        report = {"at": at, "vehicles": vehicles}
        for answer in (
            client.post(f"{path}/progress", json=report),
            client.post(f"{path}/replan", json={"changes": {"underway": report}}),
        ):
            assert answer.status_code == 422
            assert f"{name} is there 2 times; keep one" in answer.json()["detail"]


def at_once(calls: list[Callable[[], httpx.Response]]) -> list[httpx.Response]:
    """Return what each call answers, all begun at one moment."""
    answers: list[httpx.Response] = []
    start = threading.Barrier(len(calls))

    def call(one: Callable[[], httpx.Response]) -> None:
        start.wait()
        answers.append(one())

    threads = [threading.Thread(target=call, args=[one]) for one in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(calls)
    return answers


def test_of_many_who_decide_at_once_exactly_one_does(town: Connection, api: Api) -> None:
    staff = [api.token(api.account(Role.DISPATCHER), Scope.WRITE)]
    staff += [api.token("dispatcher", Scope.WRITE) for _ in range(CROWD - 1)]
    for what, state in (
        ("accept", "accepted"),
        ("publish", "published"),
        ("withdraw", "withdrawn"),
    ):
        path = f"/api/plans/{some_plan(town).plan_id}"

        answers = at_once([partial(one.post, f"{path}/{what}", json={}) for one in staff])

        done, *late = sorted(answers, key=lambda answer: answer.status_code)
        assert done.status_code == 200
        for answer in late:
            assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
            assert f"is {state} already" in answer.json()["detail"]
        (event,) = staff[0].get(path).json()["events"]
        assert event["kind"] == state


def test_of_plans_that_take_over_at_different_times_one_comes_into_force(
    town: Connection, api: Api
) -> None:
    parent = some_plan(town)
    first = api.token(api.account(Role.DISPATCHER), Scope.WRITE)
    staff = [first, *(api.token("dispatcher", Scope.WRITE) for _ in range(2))]
    first.post(f"/api/plans/{parent.plan_id}/publish").raise_for_status()
    rivals = [
        replan(
            town,
            parent.plan_id,
            Changes(underway=UnderwayNow(at=parent.shift_start + timedelta(hours=hour))),
            hours=20 + hour,
        ).plan_id
        for hour in (1, 2, 3)
    ]

    answers = at_once(
        [
            partial(one.post, f"/api/plans/{rival}/publish")
            for one, rival in zip(staff, rivals, strict=True)
        ]
    )

    done, *late = sorted(answers, key=lambda answer: answer.status_code)
    assert done.json()["withdrawn"] == [str(parent.plan_id)]
    assert [answer.json()["error"] for answer in late] == ["other_course"] * 2
    states = [first.get(f"/api/plans/{one}").json()["state"] for one in rivals]
    assert sorted(states, key=str) == [None, None, "published"]
