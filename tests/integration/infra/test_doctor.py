"""What the doctor says of the storage, on every edition."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from angkut_backend.db import Connection, open_connection
from angkut_backend.readings.maintenance import edition
from angkut_backend.settings import Settings
from angkut_infra.doctor import Finding, Verdict, examine


@pytest.fixture
def settings(storage_database: str, tmp_path: Path) -> Settings:
    return Settings.model_validate(
        # No broker: port 1 refuses at once.
        {"database_dsn": storage_database, "data_dir": tmp_path, "mqtt_port": 1}
    )


def finding(settings: Settings, subject: str) -> Finding:
    found = examine(settings, now=lambda: datetime.now(UTC))
    return next(one for one in found if one.subject == subject)


def test_the_edition_is_named_with_what_follows_from_it(
    settings: Settings, storage_conn: Connection
) -> None:
    text = finding(settings, "database").text
    assert edition(storage_conn).meaning in text
    assert "roll-ups" in text


def test_roll_ups_that_nobody_keeps_are_a_warning(settings: Settings) -> None:
    alone = finding(settings, "roll-ups")
    assert (alone.verdict, "angkut worker" in alone.text) == (Verdict.WARN, True)
    with open_connection(settings.dsn, application="angkut-worker"):
        assert finding(settings, "roll-ups").verdict is Verdict.OK
