"""Every fault of devices, radio and mountings: its name, its rate, its switch."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Fault(StrEnum):
    """What can go wrong; the names of the command line, of files and of the labelled log."""

    STUCK = "stuck"
    FILM = "film"
    NO_ECHO = "no_echo"
    SPIKE = "spike"
    STRAY_ECHO = "stray_echo"
    PROBE_ABSENT = "probe_absent"
    COPY = "copy"
    DROPOUT = "dropout"
    BATTERY_DEAD = "battery_dead"
    REBOOT = "reboot"
    CLOCK_DRIFT = "clock_drift"
    CLOCK_JUMP = "clock_jump"
    CLOCK_ZONE = "clock_zone"
    CLOCK_LOST = "clock_lost"
    SWAPPED = "swapped"
    RADIO_LOSS = "radio_loss"
    RADIO_OUTAGE = "radio_outage"
    DEAD_ZONE = "dead_zone"
    DELAY = "delay"
    DUPLICATE = "duplicate"
    UPDATE_FAILS = "update_fails"


class Unit(StrEnum):
    """What a rate counts."""

    PER_DEVICE_DAY = "a device-day"
    PER_PAIR_DAY = "a pair of neighbours and day"
    OF_READINGS = "of readings"
    OF_MESSAGES = "of messages"
    OF_DEVICES = "of devices"
    OF_PLACES = "of places"
    OF_CELLS = "of empty batteries"
    OF_UPDATES = "of updates"


@dataclass(frozen=True, slots=True)
class Spec:
    """What there is to know of a fault."""

    what: str
    rate: float
    unit: Unit
    source: str
    #: How long it lasts: median in hours, and sigma of the logarithm; 0: one reading or message.
    median_h: float = 0.0
    sigma: float = 0.0


_DAY, _READING = Unit.PER_DEVICE_DAY, Unit.OF_READINGS
_PRACTICE = "practitioners' figure"

CATALOGUE: Mapping[Fault, Spec] = MappingProxyType(
    {
        Fault.STUCK: Spec(
            "the sensor repeats one value",
            0.002, _DAY, "Wyndham: runs with a median of 1 day, nine of 14 days or more", 36, 1.4,
        ),
        Fault.FILM: Spec(
            "web, droplets or dirt on the membrane: the shortest distance, whatever is below",
            0.002, _DAY, _PRACTICE + "; Wyndham's bins at level 10 for weeks", 60, 1.0,
        ),
        Fault.NO_ECHO: Spec(
            "foam or cloth under the sensor swallows every echo",
            0.02, _DAY, _PRACTICE + ": 1 to 10 % of readings are lost", 5, 0.8,
        ),
        Fault.SPIKE: Spec(
            "one reading of something else: a bag, an open lid, a wet membrane",
            0.01, _READING, _PRACTICE + ": 0.5 to 2 % of readings",
        ),
        Fault.STRAY_ECHO: Spec(
            "one echo of several is of a rim, an insect, a wall",
            0.02, _READING, _PRACTICE + ": 1 to 3 % of readings",
        ),
        Fault.PROBE_ABSENT: Spec(
            "the temperature is the code of an absent probe, 327.6 °C",
            0.01, Unit.OF_DEVICES, "Dragino's manuals: DS18B20 absent",
        ),
        Fault.COPY: Spec(
            "the last reading again, counter and all, under a new time",
            0.005, _READING, "Philadelphia: 5.2 % exact copies",
        ),
        Fault.DROPOUT: Spec(
            "nothing is sent for hours or days; half of them end with a restart",
            0.06, _DAY,
            "Melbourne: 12.9 % missing; Edinburgh: 31 % of bins silent for a week", 8, 1.6,
        ),
        Fault.BATTERY_DEAD: Spec(
            "a flat battery stays in the device for days before somebody changes it",
            1.0, Unit.OF_CELLS, "Melbourne: flat sensors; " + _PRACTICE, 96, 0.8,
        ),
        Fault.REBOOT: Spec(
            "the device begins anew, its counter too", 0.02, _DAY, _PRACTICE,
        ),
        Fault.CLOCK_DRIFT: Spec(
            "the clock is set no more and runs 150 to 800 ppm fast or slow",
            0.002, _DAY, "a fielded NB-IoT node: 4 s in 7,200 s, 556 ppm", 600, 0.4,
        ),
        Fault.CLOCK_JUMP: Spec(
            "the clock is off by minutes to hours until it is set again",
            0.003, _DAY, _PRACTICE, 48, 0.8,
        ),
        Fault.CLOCK_ZONE: Spec(
            "local time sent as UTC, or the other way: off by whole hours",
            0.0005, _DAY, "Tasmota's local times without a zone: 7 h in WIB", 120, 0.6,
        ),
        Fault.CLOCK_LOST: Spec(
            "after a restart the clock stands at 1970 or 2000 until it is set",
            0.003, _DAY, "probes that report 1970; enginko's date from 2000", 6, 1.0,
        ),
        Fault.SWAPPED: Spec(
            "two devices hang in each other's bin after maintenance, until somebody notices",
            0.0004, Unit.PER_PAIR_DAY, _PRACTICE, 240, 0.6,
        ),
        Fault.RADIO_LOSS: Spec(
            "messages lost in bursts (Gilbert-Elliott)",
            0.03, Unit.OF_MESSAGES,
            _PRACTICE + ": LoRaWAN delivers 90 to 99 %, NB-IoT 95 to 99.5 %",
        ),
        Fault.RADIO_OUTAGE: Spec(
            "no cell for hours; what the device kept comes late, in a burst",
            0.02, _DAY, _PRACTICE, 2, 1.0,
        ),
        Fault.DEAD_ZONE: Spec(
            "a place that the radio hardly reaches: one message in three is lost",
            0.03, Unit.OF_PLACES, _PRACTICE,
        ),
        Fault.DELAY: Spec(
            "a message is on its way for minutes", 0.01, Unit.OF_MESSAGES, _PRACTICE,
        ),
        Fault.DUPLICATE: Spec(
            "a message is delivered twice (QoS 1 after a lost acknowledgement)",
            0.01, Unit.OF_MESSAGES, _PRACTICE,
        ),
        Fault.UPDATE_FAILS: Spec(
            "a firmware update ends with the old firmware", 0.1, Unit.OF_UPDATES, _PRACTICE,
        ),
    }
)  # fmt: skip
