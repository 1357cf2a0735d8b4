"""SIGINT and SIGTERM as a request: at once while starting, in good order afterwards."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_Handler = Callable[[int, FrameType | None], object] | int | None
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def held_back() -> Iterator[None]:
    """Have a signal that comes during the block handled behind it."""
    came: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    is_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in _SIGNALS if is_main}
    try:
        for number in before:
            signal.signal(number, note)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


class StopRequests:
    """Whether someone asked this process to stop."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._raising = False
        self._before: dict[signal.Signals, _Handler] = {}

    @property
    def asked(self) -> bool:
        """Whether a stop was asked for."""
        return self._asked.is_set()

    def install(self) -> None:
        """Take over the signals; a stop during the start raises KeyboardInterrupt."""
        self._raising = True
        # Python allows it in the main thread only; elsewhere the caller has a loop of its own.
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._receive) for number in _SIGNALS}

    def defer(self) -> None:
        """From now on only remember a request: what runs is stopped in order."""
        self._raising = False

    def restore(self) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _receive(self, _number: int, _frame: FrameType | None) -> None:
        again = self.asked
        self._asked.set()
        if self._raising and not again:
            raise KeyboardInterrupt
