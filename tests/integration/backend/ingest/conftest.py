import pytest


@pytest.fixture(params=["inserted", "copied"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write readings, however few, in each way in turn."""
    from_n = 1 if request.param == "copied" else 10**9
    monkeypatch.setattr("angkut_backend.ingest.store._COPIED_FROM", from_n)
