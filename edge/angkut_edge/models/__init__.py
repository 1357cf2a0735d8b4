"""The device models that the gateway can decode: every module in this folder with a `MODELS`."""

import importlib
import pkgutil
import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from angkut_edge.model import Model


@cache
def registry() -> Mapping[str, Model]:
    """Return all models by name."""
    found: dict[str, Model] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for model in getattr(module, "MODELS", ()):
            if model.name in found:
                raise ValueError(f"two models are named {model.name}: the second in {info.name}")
            found[model.name] = model
    return MappingProxyType(dict(sorted(found.items())))


@cache
def _by_hint() -> Mapping[str, Model]:
    hints = {_plain(model.name): model for model in registry().values()}
    for model in registry().values():
        for alias in model.aliases:
            hints.setdefault(_plain(alias), model)
    return hints


def find(hint: str) -> Model | None:
    """Return the model of this name: `em400-mud`, `EM400-MUD`, `Milesight EM400 MUD`."""
    plain = _plain(hint)
    hints = _by_hint()
    if plain in hints:
        return hints[plain]
    # A profile's name often has the maker in front of the model.
    named = [m for m in registry().values() if plain == _plain(m.maker) + _plain(m.name)]
    return named[0] if named else None


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
