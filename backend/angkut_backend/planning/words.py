"""Adding what a person says now to what people have said of the shift before."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from angkut_backend.planning.changes import Changes
from angkut_backend.planning.notes import Note, NoteCode
from angkut_backend.planning.problem import Lock
from angkut_backend.planning.revision import ServedBy, Standing


@dataclass(slots=True)
class Words:
    """The later word holds; what it pushes aside is noted."""

    before: Standing
    changes: Changes
    #: Served since the last plan took over, by vehicle.
    served: Mapping[str, tuple[str, ...]]
    #: Vehicles that drive.
    there: Collection[str]
    notes: list[Note] = field(default_factory=list)

    def standing(self) -> Standing:
        """Return what holds now."""
        before, changes = self.before, self.changes
        done = {code for codes in self.served.values() for code in codes}
        wanted = {*(one.bin for one in changes.locks), *changes.force, *changes.complaints}
        taken_back = {*done, *changes.unlock}
        released = {*taken_back, *changes.forbid}
        homeless = [
            one.bin
            for one in before.locks
            if one.vehicle not in self.there and one.bin not in released | wanted
        ]
        complaints = _joined(before.complaints, released, changes.complaints)
        timed = taken_back | {one.bin for one in changes.hours}
        queued = {one.disposal_site for one in changes.queues}
        return Standing(
            locks=(*self._locks(released), *changes.locks),
            forbid=_joined(before.forbid, taken_back | wanted, changes.forbid),
            force=_joined(before.force, released | {*complaints}, (*changes.force, *homeless)),
            complaints=complaints,
            hours=(*(one for one in before.hours if one.bin not in timed), *changes.hours),
            without=_joined(before.without, {*changes.again}, changes.without),
            queues=(
                *(one for one in before.queues if one.disposal_site not in queued),
                *(one for one in changes.queues if one.extra_min),
            ),
            served=tuple(self._served()),
            taken_over_at=changes.underway.at if changes.underway else before.taken_over_at,
        )

    def off_fixed(self, standing: Standing, fixed: Mapping[str, tuple[str, ...]]) -> Standing:
        """Return it without places of before that fixed first stops have taken."""
        locks = []
        for lock in standing.locks:
            first = fixed.get(lock.vehicle, ())
            place = first.index(lock.bin) + 1 if lock.bin in first else None
            taken = lock.position and (
                place != lock.position if place else lock.position <= len(first)
            )
            if taken:
                self._note_place(lock)
            locks.append(lock.model_copy(update={"position": None}) if taken else lock)
        return standing.model_copy(update={"locks": tuple(locks)})

    def _note_place(self, lock: Lock) -> None:
        text = f"{lock.bin} is locked to {lock.vehicle}, no longer to its place {lock.position}"
        self.notes.append(
            Note(
                code=NoteCode.PLACE_LOST,
                text=text,
                bin=lock.bin,
                vehicle=lock.vehicle,
                position=lock.position,
            )
        )

    def _note_lock(self, lock: Lock) -> None:
        text = f"{lock.bin} is no longer locked to {lock.vehicle}, which does not drive"
        self.notes.append(
            Note(code=NoteCode.LOCK_LOST, text=text, bin=lock.bin, vehicle=lock.vehicle)
        )

    def _locks(self, released: set[str]) -> Iterator[Lock]:
        """Yield the locks of before that still hold."""
        now = {one.bin for one in self.changes.locks}
        places = {(one.vehicle, one.position) for one in self.changes.locks if one.position}
        for lock in self.before.locks:
            if lock.bin in released or lock.bin in now:
                continue
            if lock.vehicle not in self.there:
                self._note_lock(lock)
                continue
            position = lock.position
            if position is not None:
                position -= len(self.served.get(lock.vehicle, ()))
                if position < 1 or (lock.vehicle, position) in places:
                    self._note_place(lock)
                    position = None
            yield lock.model_copy(update={"position": position})

    def _served(self) -> Iterator[ServedBy]:
        sums = {one.vehicle: one.bins for one in self.before.served}
        for vehicle, codes in self.served.items():
            sums[vehicle] = (*sums.get(vehicle, ()), *codes)
        for vehicle, codes in sorted(sums.items()):
            if codes:
                yield ServedBy(vehicle=vehicle, bins=codes)


def _joined(
    before: Collection[str], without: Collection[str], now: Collection[str]
) -> tuple[str, ...]:
    """Return what was there before and is not taken out, and what comes to it, each once."""
    kept = [code for code in before if code not in without]
    return tuple(dict.fromkeys([*kept, *now]))
