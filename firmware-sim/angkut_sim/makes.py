"""The makes of sensor that the simulated street has, and what each does in its own way."""

from dataclasses import dataclass, field

from angkut_sim.acoustics import Transducer
from angkut_sim.dice import Dice
from angkut_sim.power import Bearer


@dataclass(frozen=True, slots=True)
class Make:
    """One make of device."""

    model: str
    bearer: Bearer
    ear: Transducer = field(default_factory=Transducer)
    #: How it says "no echo": a code in place of a distance; None: an empty list.
    no_echo_mm: int | None = None
    #: It names what is wrong in `faults`.
    names_faults: bool = False
    #: Readings that it keeps while the radio is away; 0: what is not heard is lost.
    memory: int = 0
    #: It reports twice as often when the bin is nearly full or fills fast.
    adaptive: bool = False


#: Three in five are of the first make, the others share the rest.
MAKES = (
    Make("angkut-sim-us1", Bearer.NB_IOT, memory=96, adaptive=True),
    Make("angkut-sim-us2", Bearer.NB_IOT, names_faults=True, memory=96),
    Make("angkut-sim-lora1", Bearer.LORA, Transducer(compensated=False), no_echo_mm=65_535),
    Make("angkut-sim-lora2", Bearer.LORA, Transducer(single=True), no_echo_mm=20),
    Make("angkut-sim-us3", Bearer.NB_IOT, Transducer(resolution_mm=10), no_echo_mm=0, memory=24),
)
_FIRST_SHARE = 0.6
_FIRMWARE = ("1.4.2", "1.4.2", "1.4.1", "1.3.9")


def make_of(habit: Dice) -> tuple[Make, str]:
    """Draw a make and its firmware."""
    fw = habit.choice(_FIRMWARE)
    return (MAKES[0] if habit.chance(_FIRST_SHARE) else habit.choice(MAKES[1:])), fw
