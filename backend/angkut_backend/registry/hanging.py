"""How a sensor hangs: the measures that turn its distances into levels."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from angkut_backend.errors import BackendError

MountingKind = Literal["lid", "rim", "wall", "roof", "pole", "other"]

#: Depth and height measured apart may differ so much from the distance measured as a whole: a soft
#: bottom, a bowed rim, a tape held askew.
_DEPTH_SLACK_MM = 100
_DEPTH_SLACK = 0.1


class GeometryError(BackendError):
    """This geometry is not possible."""

    status = 422
    code = "malformed_input"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hanging:
    """How a sensor hangs in a bin.

    Raises
    ------
    GeometryError
        The measures contradict each other.

    """

    #: Sensor to the bottom of the empty bin, mm.
    d_empty_mm: int
    #: Sensor to the full line, mm.
    d_full_mm: int
    #: Added to each measured distance, mm.
    offset_mm: int = 0
    #: Off the vertical, degrees.
    angle_deg: float = 0.0
    kind: MountingKind | None = None
    #: Of the container, from the rim to the bottom, mm.
    inner_depth_mm: int | None = None
    #: Of the sensor's face above the rim, mm; negative below it.
    sensor_height_mm: int | None = None

    def __post_init__(self) -> None:
        if self.d_empty_mm <= self.d_full_mm:
            raise GeometryError(
                f"the empty bin's distance, {self.d_empty_mm} mm, must be larger than the "
                f"full line's, {self.d_full_mm} mm"
            )
        if self.inner_depth_mm is None or self.sensor_height_mm is None:
            return
        whole_mm = self.inner_depth_mm + self.sensor_height_mm
        if abs(whole_mm - self.d_empty_mm) > max(_DEPTH_SLACK_MM, _DEPTH_SLACK * self.d_empty_mm):
            raise GeometryError(
                f"a container {self.inner_depth_mm} mm deep with the sensor "
                f"{self.sensor_height_mm} mm above its rim makes {whole_mm} mm to the bottom, but "
                f"the empty bin's distance is said to be {self.d_empty_mm} mm: measure again"
            )

    def is_recorded_as(self, row: Mapping[str, Any]) -> bool:
        """Say whether a row with a mounting's columns says all that this says."""
        said = {name: value for name, value in asdict(self).items() if value is not None}
        # The database keeps the angle with 7 digits.
        angles = round(said.pop("angle_deg"), 3), round(row["angle_deg"], 3)
        return angles[0] == angles[1] and said == {name: row[name] for name in said}
