"""How full each bin is now: readings weighed against how it should have filled since.

A Kalman filter for each bin, all bins at once: the level grows by the model's gain at the pace that
the bin has these days (`pace.py`); a reading draws both by how much it is believed. A reading that
nothing explains is believed less (Huber 1964), so that one spike moves little; the next one that
says the same is believed at once. But when a bin leaps to full between two readings, that is as
often a film on the sensor, a lid or a heap below it as waste: both are held possible until the
level falls.

While nothing is heard of a bin somebody may empty it unseen. The longer that lasts, measured by how
often bins are emptied, the more its level is that of a bin emptied at some time since. Where crews
tell of emptyings, silence means that there was none, until one is long overdue.
"""

from dataclasses import dataclass, replace

import numpy as np

from angkut_backend.forecast.history import (
    LEFT_PCT,
    SEEN_FULL_PCT,
    Floats,
    History,
    Mask,
    crews_only,
)
from angkut_backend.forecast.model import FillModel
from angkut_backend.forecast.pace import Belief

#: So many hours are looked back: older readings say less than the model.
BACK_H = 168
#: An unknown level is half full, give or take, %.
_UNKNOWN_PCT, _UNKNOWN_SD = 45.0, 30.0
#: Of the level after an emptying, %.
_LEFT_SD = 8.0
#: A reading this many standard deviations off is weighed as if it were at this distance.
_HUBER = 3.0
#: Two readings in a row that are off say the same when they differ by no more, %.
_SAME_PCT = 6.0
#: Hours by which a bin's own emptyings are drawn towards those of its group, and these to all.
_OWN_H, _GROUP_H = 96.0, 960.0
_USUAL_EVERY_H = 48.0
#: A rise to full by more than this within so many hours is doubted, %.
_LEAP_PCT, _LEAP_H = 40.0, 3
#: Of what such a leap shows, how much is waste: on seeds 1 to 3 of the bench 4 of 9 that lasted.
_LEAP_IS_TRUE = 0.5
#: Usual times between two emptyings after which one may have been missed: where sensors would have
#: seen it, and where crews tell.
_UNSEEN_AFTER, _UNTOLD_AFTER = 0.5, 2.5
#: A chance that the bin was emptied unseen that is not worth a thought.
_SELDOM = 0.05


@dataclass(frozen=True, slots=True)
class Now:
    """Level and pace at the end of the last hour, [b]."""

    belief: Belief
    #: Chance that it was emptied and nobody heard of it.
    unseen: Floats
    #: Since the last hour with a level, h; infinite without one.
    age_h: Floats

    @property
    def mean_pct(self) -> Floats:
        """Return the mean level, % [b]."""
        return self.belief.level_pct

    @property
    def sd_pct(self) -> Floats:
        """Return its standard deviation, % [b]."""
        return np.sqrt(self.belief.level_var)


def nowcast(history: History, model: FillModel, hour: int) -> Now:
    """Estimate levels at the beginning of an hour from what was known before it."""
    first = max(0, hour - BACK_H)
    bins, phi, kappa = len(history.bins), model.own_phi, model.own_kappa
    gain = model.gain_pct(history, first, hour)
    unseen = _Unseen.of(history, model, gain, first)
    now = Belief.of(np.full(bins, _UNKNOWN_PCT), np.full(bins, _UNKNOWN_SD**2), kappa)
    age = np.full(bins, np.inf)
    # Since anything was heard of the bin, and since it was emptied as far as is known, h.
    silent, since = np.full(bins, np.inf), np.full(bins, np.nan)
    held = np.full(bins, np.nan)
    # Level without the leap to full that is doubted, if one is.
    instead = np.full(bins, np.nan)
    # Hour by hour: what lies side by side is read several times as fast.
    levels, emptyings, gains = (
        np.ascontiguousarray(one.T)
        for one in (history.level_pct[:, first:hour], history.emptied[:, first:hour], gain)
    )
    for step, (level, emptied, gain_pct) in enumerate(zip(levels, emptyings, gains, strict=True)):
        now = now.grown(gain_pct, phi, kappa)
        now = now.set(emptied, LEFT_PCT, _LEFT_SD**2)
        known = ~np.isnan(level) & ~emptied
        heard_again = known & (silent > 0)
        if heard_again.any():
            now, _ = unseen.mixed(now, silent, since, step, heard_again)
        off = np.where(known, level - now.level_pct, 0)
        surprise = np.abs(off) / np.sqrt(now.level_var + model.noise_pct**2)
        surprising = known & (surprise > _HUBER)
        same = surprising & (np.abs(level - held) <= _SAME_PCT + gain_pct)
        recent = levels[max(step - _LEAP_H, 0) : step]
        lowest = np.fmin.reduce(recent, axis=0, initial=np.inf)
        leaps = same & (level >= SEEN_FULL_PCT) & (level - lowest > _LEAP_PCT)
        fell = emptied | (known & (level < SEEN_FULL_PCT))
        instead = np.where(leaps, now.level_pct, np.where(fell, np.nan, instead + gain_pct))
        noise = model.noise_pct**2 * np.maximum(surprise / _HUBER, 1) ** 2
        now = now.drawn(off, noise, known & ~same).set(same, level, 2 * model.noise_pct**2)
        held = np.where(known, np.where(surprising & ~same, level, np.nan), held)
        age = np.where(known, 0, age) + 1
        silent = np.where(known | emptied, 0, silent + 1)
        since = np.where(emptied, 0, since + 1)
    doubted = instead < SEEN_FULL_PCT
    now = _mixed(now, np.where(doubted, _LEAP_IS_TRUE, 1), instead, now.level_var, doubted)
    now, chance = unseen.mixed(now, silent, since, hour - first - 1, np.ones(bins, dtype=bool))
    return Now(now, chance, age)


def _mixed(now: Belief, weight: Floats, other_pct: Floats, other_var: Floats, use: Mask) -> Belief:
    """Hold another level possible, too; what is believed keeps a weight, [b]."""
    mean = weight * now.level_pct + (1 - weight) * other_pct
    apart = weight * (1 - weight) * (now.level_pct - other_pct) ** 2
    var = weight * now.level_var + (1 - weight) * other_var + apart
    mixed = now.set(use, mean, var)
    return replace(mixed, both=np.where(use, weight * now.both, now.both))


@dataclass(frozen=True, slots=True)
class _Unseen:
    """What emptyings that nobody saw do to a level; b bins, t hours."""

    model: FillModel
    #: Gains summed up since the first hour, [b, t + 1].
    gained: Floats
    #: Mean hours between two emptyings, [b].
    every_h: Floats
    #: Crews tell of emptyings, and nothing else is heard.
    is_told: Mask

    @classmethod
    def of(cls, history: History, model: FillModel, gain: Floats, first: int) -> "_Unseen":
        hours = slice(first, first + gain.shape[1])
        emptied = history.emptied[:, hours]
        heard = (~np.isnan(history.level_pct[:, hours]) | emptied).sum(axis=1)
        # Crews report emptyings of bins that nothing else is heard of: between them all is known.
        when = np.arange(gain.shape[1])
        spans = np.where(emptied, when, -1).max(axis=1, initial=-1) - np.where(
            emptied, when, len(when)
        ).min(axis=1, initial=len(when))
        heard, count = np.maximum(heard, spans), emptied.sum(axis=1)
        told = crews_only(history.level_pct[:, hours], emptied)
        # Where nothing is known, once in two days.
        of_all = (count.sum() + 1) / (heard.sum() + _USUAL_EVERY_H)
        groups = int(history.group.max(initial=0)) + 1
        in_group = (
            np.bincount(history.group, count, groups),
            np.bincount(history.group, heard, groups),
        )
        of_group = (in_group[0] + _GROUP_H * of_all) / (in_group[1] + _GROUP_H)
        own = (count + _OWN_H * of_group[history.group]) / (heard + _OWN_H)
        start = np.zeros((len(gain), 1))
        return cls(model, np.concatenate([start, np.cumsum(gain, axis=1)], axis=1), 1 / own, told)

    def mixed(
        self, now: Belief, silent: Floats, since: Floats, step: int, use: Mask
    ) -> tuple[Belief, Floats]:
        """Return what is to be believed at the end of an hour, and the chance of such an emptying.

        A bin is not emptied in the first half of its usual time, and then at random, so that on
        average its usual time comes out. An emptying unseen was at any time of the silence, but not
        longer ago than the usual time.
        """
        begins_h = self.every_h * np.where(self.is_told, _UNTOLD_AFTER, _UNSEEN_AFTER)
        since = np.where(np.isnan(since), begins_h + silent, since)
        risky_h = np.minimum(silent, np.maximum(since - begins_h, 0))
        left_alone = np.exp(-2 * risky_h / self.every_h)
        within_h = np.minimum(np.minimum(silent, self.every_h), BACK_H)
        back_h = np.minimum(np.ceil(within_h), step + 1).astype(np.int64)
        rows = np.arange(len(since))
        gain = self.gained[:, step + 1] - self.gained[rows, step + 1 - back_h]
        # Rounds suit the rates: a bin that fills faster than its like is emptied more often, so a
        # bin of unknown rate holds what the middle one does, not what the mean one would.
        gain = gain * within_h / np.maximum(back_h, 1) * np.exp(-(self.model.log_rate_sd**2) / 2)
        unsure = np.exp(self.model.log_rate_sd**2) - 1 + self.model.own_kappa**2
        other_var = (
            _LEFT_SD**2 + gain**2 / 12 + self.model.own_phi * gain / 2 + unsure * gain**2 / 4
        )
        weight = np.where(left_alone > 1 - _SELDOM, 1.0, left_alone)
        return _mixed(now, weight, LEFT_PCT + gain / 2, other_var, use), 1 - weight
