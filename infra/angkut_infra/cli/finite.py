"""Numbers on the command line."""

import math

import click


class FiniteRange(click.FloatRange):
    """A number within bounds; `nan`, which no bound stops, is refused, and so is infinity."""

    def convert(
        self, value: float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return number
