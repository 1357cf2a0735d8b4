"""Reading a frame byte by byte."""

from datetime import UTC, datetime
from typing import Literal

from angkut_edge.uplink import FrameError


class TruncatedError(FrameError):
    """The frame ends in the middle of a field."""


class Cursor:
    """A position in some bytes, and the order of bytes in a number."""

    __slots__ = ("_data", "_order", "at")

    def __init__(self, data: bytes, order: Literal["big", "little"]) -> None:
        self._data = data
        self._order = order
        self.at = 0

    @property
    def left(self) -> int:
        """How many bytes are still to be read."""
        return len(self._data) - self.at

    def take(self, size: int) -> bytes:
        """Return the next bytes.

        Raises
        ------
        TruncatedError
            When there are fewer.

        """
        if self.left < size:
            raise TruncatedError(
                f"the frame of {len(self._data)} bytes ends where {size} were due at {self.at}"
            )
        self.at += size
        return self._data[self.at - size : self.at]

    def unsigned(self, size: int) -> int:
        """Return a number of `size` bytes without a sign."""
        return int.from_bytes(self.take(size), self._order)

    def signed(self, size: int) -> int:
        """Return a number of `size` bytes in two's complement."""
        return int.from_bytes(self.take(size), self._order, signed=True)

    def time(self) -> datetime:
        """Return a time that is written as 4 bytes of seconds since 1970."""
        return datetime.fromtimestamp(self.unsigned(4), UTC)
