"""Run the uv of `.venv` under the user's pip configuration: `python3 infra/uv.py ARGUMENTS`."""

import os
import sys

from bootstrap import UV, installer_environment

if __name__ == "__main__":
    os.execve(UV, [str(UV), *sys.argv[1:]], installer_environment())  # noqa: S606 - no shell is meant
