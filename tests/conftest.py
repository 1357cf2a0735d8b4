"""What every test sees: a clean environment and the real parts of `tests/parts`."""

from parts import environment

environment.clean()

pytest_plugins = ["parts.fixtures"]
