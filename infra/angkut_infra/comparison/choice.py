"""A policy with its knob, as it is written on the command line."""

from dataclasses import asdict, dataclass, replace

from angkut_backend.planning.policies import Policy, PolicyParameters
from angkut_broker.errors import AngkutError
from angkut_infra.comparison.rounds import levels

#: The knob of each policy when none is named, and those of its curve.
_KNOBS: dict[Policy, tuple[str, tuple[str, ...]]] = {
    Policy.FIXED: (
        "30",
        ("1d", "20", "30", "20/75", "30/50", "40", "50", "2d", "60", "75", "3d", "weekdays"),
    ),
    Policy.THRESHOLD: ("70", ("30", "40", "50", "60", "70", "80")),
    Policy.THRESHOLD_ROUTED: ("70", ("30", "40", "50", "60", "70", "80")),
    Policy.INTEGRATED: ("", ("50000", "150000", "300000", "600000", "1200000")),
}


class BadChoiceError(AngkutError):
    """A policy is not known, or its knob makes no sense."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One point of a comparison."""

    policy: Policy
    #: As written; empty: the default of the planner.
    knob: str

    @classmethod
    def read(cls, text: str) -> "Choice":
        """Read `fixed:30`, `threshold:70`, `integrated:500000` or a name alone.

        Raises
        ------
        BadChoiceError
            Names what is wrong and what there is.
        """
        name, _, knob = text.partition(":")
        if name not in {one.value for one in Policy}:
            raise BadChoiceError(f"no policy {name!r}: there are {', '.join(Policy)}")
        policy = Policy(name)
        found = cls(policy, knob or _KNOBS[policy][0])
        try:
            found.parameters()
            known = policy is not Policy.FIXED or _is_schedule(found.knob)
        except ValueError:
            known = False
        if not known:
            raise BadChoiceError(
                f"{text}: write fixed:30 (rounds planned for 30 %), fixed:2d (every second day), "
                "fixed:weekdays, threshold:70 (%) or integrated:500000 (rupiah an overflow)"
            )
        return found

    @classmethod
    def curve(cls, policy: Policy) -> list["Choice"]:
        """Return the points of a policy's curve."""
        return [cls(policy, knob) for knob in _KNOBS[policy][1]]

    @property
    def label(self) -> str:
        """Return how it is written."""
        return f"{self.policy}:{self.knob}" if self.knob else self.policy.value

    def matters(self) -> dict[str, float]:
        """Return the parameters that this policy asks for."""
        if self.policy is Policy.FIXED:
            return {}
        known = self.parameters()
        if self.policy is Policy.INTEGRATED:
            return asdict(known)
        return {"threshold_pct": known.threshold_pct, "longest_gap_h": known.longest_gap_h}

    def parameters(self) -> PolicyParameters:
        """Return the parameters of the planner.

        Raises
        ------
        ValueError
            The knob is no sensible number.
        """
        known = PolicyParameters()
        if self.policy is Policy.FIXED or not self.knob:
            return known
        value = float(self.knob)
        if self.policy is Policy.INTEGRATED:
            if not 0 <= value <= 100_000_000:
                raise ValueError(self.knob)
            return replace(known, overflow_rp=value)
        if not 0 < value <= 100:
            raise ValueError(self.knob)
        return replace(known, threshold_pct=value)


def _is_schedule(knob: str) -> bool:
    if knob in {"weekdays", "1d", "2d", "3d", "4d"}:
        return True
    return bool(levels(knob))
