"""What is promised of every endpoint, and the file that the page's types are made from."""

from collections.abc import Iterator
from pathlib import Path

from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from angkut_backend.accounts.access import Access
from angkut_backend.app import create_app, openapi_json
from angkut_backend.settings import Settings

WRITTEN = Path(__file__).parents[3] / "backend/web/openapi.json"


def routes() -> Iterator[RouteContext]:
    yield from iter_route_contexts(create_app(Settings()).routes)


def test_every_endpoint_says_who_may_call() -> None:
    found = 0
    for context in routes():
        route = context.original_route
        assert isinstance(route, APIRoute), f"{route} is no endpoint of ours"
        checks = [d for d in route.dependant.dependencies if isinstance(d.call, Access)]
        assert len(checks) == 1, f"{route.path} must have one parameter like SignedIn or Public"
        found += 1
    assert found >= 10


def test_the_written_description_of_the_interface_is_current() -> None:
    assert WRITTEN.read_text() == openapi_json(), (
        "write it anew: python -m angkut_backend.app > backend/web/openapi.json"
    )


def test_operations_are_named_after_their_functions() -> None:
    assert '"operationId": "get_bin_readings"' in openapi_json()
