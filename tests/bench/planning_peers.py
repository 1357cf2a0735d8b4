"""Runs one peer of the planner on one instance: question on standard input, cost on the output.

It runs in an environment of its own, without Angkut.
"""

import json
import sys
from datetime import timedelta
from typing import Any


def ortools(asked: dict[str, Any]) -> int | None:
    """Guided local search from parallel insertion, which drops fewest of optional clients."""
    from ortools.constraint_solver import (  # type: ignore[import-not-found]  # noqa: PLC0415
        pywrapcp,
        routing_enums_pb2,
    )

    matrix, loads = asked["matrix"], [0, *asked["loads"]]
    manager = pywrapcp.RoutingIndexManager(len(matrix), asked["vehicles"], 0)
    routing = pywrapcp.RoutingModel(manager)

    def way(here: int, there: int) -> int:
        return int(matrix[manager.IndexToNode(here)][manager.IndexToNode(there)])

    service = [0, *asked["service"]]

    def lasting(here: int, there: int) -> int:
        return way(here, there) + int(service[manager.IndexToNode(here)])

    routing.SetArcCostEvaluatorOfAllVehicles(routing.RegisterTransitCallback(way))
    load = routing.RegisterUnaryTransitCallback(lambda at: loads[manager.IndexToNode(at)])
    routing.AddDimension(load, 0, asked["capacity"], True, "load")
    if asked["windows"]:
        late = asked["late"]
        routing.AddDimension(routing.RegisterTransitCallback(lasting), late, late, False, "time")
        times = routing.GetDimensionOrDie("time")
        for node, (early, latest) in enumerate(asked["windows"], start=1):
            times.CumulVar(manager.NodeToIndex(node)).SetRange(early, latest)
    for node, prize in enumerate(asked["prizes"], start=1):
        if prize is not None:
            routing.AddDisjunction([manager.NodeToIndex(node)], prize)
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    first, meta = (
        routing_enums_pb2.FirstSolutionStrategy,
        routing_enums_pb2.LocalSearchMetaheuristic,
    )
    parameters.first_solution_strategy = (
        first.PARALLEL_CHEAPEST_INSERTION if asked["windows"] else first.SAVINGS
    )
    parameters.local_search_metaheuristic = meta.GUIDED_LOCAL_SEARCH
    parameters.time_limit.FromMilliseconds(int(asked["seconds"] * 1000))
    found = routing.SolveWithParameters(parameters)
    return None if found is None else int(found.ObjectiveValue())


def vroom(asked: dict[str, Any]) -> int | None:
    """Exploration level 5, one thread; it ends by itself or at the limit."""
    import numpy as np  # noqa: PLC0415
    import vroom as engine  # type: ignore[import-not-found]  # noqa: PLC0415

    problem = engine.Input()
    problem.set_durations_matrix(
        profile="car", matrix_input=np.array(asked["matrix"], dtype=np.uint32)
    )
    for number in range(asked["vehicles"]):
        problem.add_vehicle(engine.Vehicle(number, start=0, end=0, capacity=[asked["capacity"]]))
    for node, load in enumerate(asked["loads"], start=1):
        problem.add_job(engine.Job(node, location=node, delivery=[load]))
    limit = timedelta(seconds=asked["seconds"])
    found = problem.solve(exploration_level=5, nb_threads=1, timeout=limit)
    served = sum(1 for kind in found.routes["type"] if kind == "job")
    return int(found.summary.cost) if served == len(asked["loads"]) else None


if __name__ == "__main__":
    question = json.load(sys.stdin)
    answer = {"ortools": ortools, "vroom": vroom}[sys.argv[1]](question)
    print(json.dumps({"cost": answer}))
