"""Times on the command line."""

from datetime import UTC, datetime

import click


class UtcTime(click.ParamType):  # type: ignore[type-arg,unused-ignore] # generic in newer clicks only
    """An ISO 8601 date or time; UTC unless it says otherwise."""

    name = "time"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Parse it."""
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"{value!r} is not a time such as 2026-03-01 or 2026-03-01T21:00Z", param, ctx
            )
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


UTC_TIME = UtcTime()
