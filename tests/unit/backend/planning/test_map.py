"""A newcomer finds each module of planning on the map of the package."""

import re
from pkgutil import iter_modules

from angkut_backend import planning


def test_every_module_is_on_the_map_and_nothing_else() -> None:
    there = {one.name for one in iter_modules(planning.__path__)}

    assert set(re.findall(r"`(\w+)`", planning.__doc__ or "")) == there
