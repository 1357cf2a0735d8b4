"""Ways are known before somebody asks for a plan."""

from pathlib import Path
from unittest.mock import Mock

import pytest
from pydantic import SecretStr

from angkut_backend.db import Connection
from angkut_backend.forecast.loading import districts
from angkut_backend.planning.assembly import places
from angkut_backend.planning.jobs import Planner
from angkut_backend.roads.recall import Recall
from angkut_backend.roads.service import Roads
from angkut_backend.roads.straight import straight_travel
from angkut_backend.settings import Settings
from parts.registry import add_fleet, add_registry


def test_ways_are_known_before_the_first_plan_and_again_when_bins_moved(
    conn: Connection, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_registry(conn)
    add_fleet(conn)
    conn.commit()
    settings = Settings(database_dsn=SecretStr(database), data_dir=tmp_path)
    recall, spy = Recall(), Mock(wraps=straight_travel)
    monkeypatch.setattr("angkut_backend.roads.service.straight_travel", spy)
    planner = Planner(recall)

    planner.learn_ways(settings)
    planner.learn_ways(settings)
    there = places(conn, districts(conn)[0])
    Roads.open(settings.roads_folder, recall).travel(there)
    assert spy.call_count == 1

    conn.execute("UPDATE bin SET lat = lat + 0.001")
    conn.commit()
    planner.learn_ways(settings)
    assert spy.call_count == 2


def test_a_database_that_is_away_is_asked_again_another_time(tmp_path: Path) -> None:
    dsn = f"host={tmp_path} connect_timeout=1"
    away = Settings(database_dsn=SecretStr(dsn), data_dir=tmp_path)

    Planner(Recall()).learn_ways(away)
