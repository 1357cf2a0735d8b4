"""What can go wrong in the simulator."""

from angkut_broker.errors import AngkutError


class SimError(AngkutError):
    """The simulator cannot go on."""


class FleetFileError(SimError):
    """The fleet file cannot be used: make it again with `angkut demo`."""


class StateFileError(SimError):
    """The simulator's state file cannot be used: delete it, and the simulated bins start anew."""


class StalledError(SimError):
    """The broker acknowledges nothing: see whether it runs and knows the devices."""


class FaultError(SimError):
    """A fault cannot be switched as asked: `angkut simulate faults` lists names and rates."""
