"""What every test sees: a clean environment and the real parts of `tests/parts`."""

import hypothesis

from parts import environment

environment.clean()
environment.lend_node()

# No time limits: a slow example on a busy machine is no failure.
hypothesis.settings.register_profile("angkut", deadline=None)
hypothesis.settings.load_profile("angkut")

pytest_plugins = ["parts.fixtures"]
