"""A process that runs a stack: `run_stack.py FOLDER BROKER SERVICE...`; says `ready` when it is."""

import sys
from pathlib import Path
from typing import cast

from angkut_backend.settings import load_settings
from angkut_broker.errors import AngkutError
from angkut_infra.stack.broker_kinds import KindName
from angkut_infra.stack.stack import EmbeddedStack


def main() -> None:
    """Run until a signal."""
    folder, kind, *services = sys.argv[1:]
    try:
        with EmbeddedStack(
            Path(folder),
            loaded=load_settings(),
            services=services,
            broker_kind=cast("KindName", kind),
        ) as stack:
            print("ready", flush=True)
            stack.run_until_stopped()
    except AngkutError as exc:
        sys.exit(str(exc))


main()
