"""Which faults a run has, and how often."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Self

from angkut_sim.errors import FaultError
from angkut_sim.faults import CATALOGUE, Fault, Unit

#: A rate in these units is a share, at most 1.
_SHARES = set(Unit) - {Unit.PER_DEVICE_DAY, Unit.PER_PAIR_DAY}
_LARGEST_A_DAY = 24.0


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """At which rate each fault happens; 0 is switched off."""

    rates: Mapping[Fault, float]

    @classmethod
    def street(cls) -> Self:
        """Return the rates of the catalogue."""
        return cls(MappingProxyType({fault: spec.rate for fault, spec in CATALOGUE.items()}))

    @classmethod
    def none(cls) -> Self:
        """Return a plan in which nothing fails."""
        return cls(MappingProxyType(dict.fromkeys(Fault, 0.0)))

    def rate(self, fault: Fault) -> float:
        """Return the rate, in the unit of the catalogue."""
        return self.rates[fault]

    def with_rates(self, rates: Mapping[str, float]) -> Self:
        """Return the plan with other rates for some faults.

        Raises
        ------
        FaultError
            Names the fault that does not exist, or the rate that cannot be.

        """
        found = {_known(name): _checked(name, rate) for name, rate in rates.items()}
        return type(self)(MappingProxyType({**self.rates, **found}))

    def without(self, names: Iterable[str]) -> Self:
        """Return the plan with some faults switched off."""
        return self.with_rates(dict.fromkeys(names, 0.0))

    def changed(self, assignments: Iterable[str], off: Iterable[str]) -> Self:
        """Return the plan with `name=rate` assignments, and the faults in `off` switched off."""
        rates = {}
        for text in assignments:
            name, equals, rate = text.partition("=")
            try:
                rates[name.strip()] = float(rate)
            except ValueError:
                raise FaultError(
                    f"{text!r} is not NAME=RATE{'' if equals else ', such as stuck=0.02'}: "
                    "`angkut simulate faults` lists names and rates"
                ) from None
        return self.with_rates(rates).without(off)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the `[faults]` table of a TOML file: `stuck = 0.02`, `spike = false`.

        Faults that are not named keep the rate of the catalogue; `true` says the same.

        Raises
        ------
        FaultError
            Names the file and what is wrong with it.

        """
        try:
            table = tomllib.loads(path.read_text()).get("faults", {})
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
            raise FaultError(f"cannot use {path}: {exc}") from exc
        if not isinstance(table, dict):
            raise FaultError(f"{path}: faults must be a table, [faults], of names and rates")
        rates = {}
        for name, value in table.items():
            if value is True:
                continue
            if not isinstance(value, int | float):
                raise FaultError(f"{path}: {name} is {value!r}; it must be a rate, true or false")
            rates[name] = float(value)
        try:
            return cls.street().with_rates(rates)
        except FaultError as exc:
            raise FaultError(f"{path}: {exc}") from exc


def _known(name: str) -> Fault:
    try:
        return Fault(name)
    except ValueError:
        raise FaultError(
            f"there is no fault {name!r}: `angkut simulate faults` lists them"
        ) from None


def _checked(name: str, rate: float) -> float:
    unit = CATALOGUE[_known(name)].unit
    largest = 1.0 if unit in _SHARES else _LARGEST_A_DAY
    if not 0.0 <= rate <= largest:
        raise FaultError(f"{name} is {rate:g} {unit}; it must be from 0 to {largest:g}")
    return rate
