"""Parameters that endpoints of more than one feature take."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import AwareDatetime

BinCode = Annotated[
    str, Path(max_length=64, pattern=r"^\P{Cc}+$", description="As printed on the label")
]
Since = Annotated[
    AwareDatetime | None, Query(alias="from", description="Default: 7 days before `to`")
]
Until = Annotated[AwareDatetime | None, Query(alias="to", description="Default: now")]
