"""The statements of roll-ups, put together from one definition of what they say."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from angkut_backend.db import load_queries

#: Any start of an operational day, 04:00 WIB; days and hours are counted from it.
DAY_ORIGIN = datetime(2000, 1, 1, 21, tzinfo=UTC)


def _statements() -> Mapping[str, str]:
    texts = dict(load_queries("angkut_backend.readings.maintenance"))

    def at_least(level_pct: str) -> str:
        return texts["time_at_least"].replace("{level_pct}", level_pct)

    trusted = at_least("'-infinity'")
    parts = {
        "day_origin": DAY_ORIGIN.isoformat(),
        "time_trusted": trusted,
        # Readings closer than the interval stand for less: the hour is shared out among them.
        "share": f"least(1, 3600 / nullif({trusted}, 0))",
        "time_over_75": at_least("75"),
        "time_over_90": at_least("90"),
        "time_over_100": at_least("100"),
    }
    hourly = _fill(texts["hourly_columns"], parts)
    names = re.findall(r" AS (\w+),?$", hourly, re.MULTILINE)
    parts |= {
        "hourly_columns": hourly,
        "daily_columns": texts["daily_columns"],
        "columns": ", ".join(["bin_id", "bucket", *names]),
        "assignments": ", ".join(f"{name} = excluded.{name}" for name in names),
    }
    return {name: _fill(text, parts) for name, text in texts.items()}


def _fill(text: str, parts: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: parts.get(found[1], found[0]), text)


SQL = _statements()
