"""What can be wrong with roads."""

from angkut_backend.errors import BackendError


class RoadsUnavailableError(BackendError):
    """The road engine is not there."""

    status = 503
    code = "roads_unavailable"


class RoadBuildError(BackendError):
    """The road network could not be built."""

    code = "road_build"
