"""How full each bin is now: readings weighed against how it should have filled since.

A scalar Kalman filter for each bin, all bins at once: the level grows by the model's gain, its
uncertainty by the gain's variance; a reading draws it back by how much it is believed. A reading
that nothing explains is believed less (Huber 1964), so that one spike moves little; the next one
that says the same is believed at once.

While nothing is heard of a bin somebody may empty it unseen. The longer that lasts, measured by how
often bins are emptied, the more its level is that of a bin emptied at some time since.
"""

from dataclasses import dataclass

import numpy as np

from angkut_backend.forecast.history import LEFT_PCT, Floats, History
from angkut_backend.forecast.model import FillModel

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
#: A chance that the bin was emptied unseen that is not worth a thought.
_SELDOM = 0.05


@dataclass(frozen=True, slots=True)
class Now:
    """Level at the end of the last hour, [b]."""

    mean_pct: Floats
    sd_pct: Floats
    #: Chance that it was emptied and nobody heard of it.
    unseen: Floats
    #: Since the last hour with a level, h; infinite without one.
    age_h: Floats


def nowcast(history: History, model: FillModel, hour: int) -> Now:
    """Estimate levels at the beginning of an hour from what was known before it."""
    first = max(0, hour - BACK_H)
    bins = len(history.bins)
    gain = model.gain_pct(history)[:, first:hour]
    unseen = _Unseen.of(history, model, gain, first)
    mean, var = np.full(bins, _UNKNOWN_PCT), np.full(bins, _UNKNOWN_SD**2)
    age = np.full(bins, np.inf)
    # Since anything was heard of the bin, and since it was emptied as far as is known, h.
    silent, since = np.full(bins, np.inf), np.full(bins, np.nan)
    held = np.full(bins, np.nan)
    for step in range(hour - first):
        level = history.level_pct[:, first + step]
        emptied = history.emptied[:, first + step]
        mean = mean + gain[:, step]
        # Days differ as a whole: spread over their hours so that a day's sum is right.
        var = var + model.phi * gain[:, step] + 24 * (model.kappa * gain[:, step]) ** 2
        mean = np.where(emptied, LEFT_PCT, mean)
        var = np.where(emptied, _LEFT_SD**2, var)
        known = ~np.isnan(level) & ~emptied
        heard_again = known & (silent > 0)
        if heard_again.any():
            other_mean, other_var, _ = unseen.mixed(mean, var, silent, since, step)
            mean = np.where(heard_again, other_mean, mean)
            var = np.where(heard_again, other_var, var)
        off = np.where(known, level - mean, 0)
        surprise = np.abs(off) / np.sqrt(var + model.noise_pct**2)
        surprising = known & (surprise > _HUBER)
        same = surprising & (np.abs(level - held) <= _SAME_PCT + gain[:, step])
        noise = model.noise_pct**2 * np.maximum(surprise / _HUBER, 1) ** 2
        weight = np.where(known, var / (var + noise), 0)
        mean = np.where(same, level, np.clip(mean + weight * off, 0, 200))
        var = np.where(same, 2 * model.noise_pct**2, var * (1 - weight))
        held = np.where(known, np.where(surprising & ~same, level, np.nan), held)
        age = np.where(known, 0, age) + 1
        silent = np.where(known | emptied, 0, silent + 1)
        since = np.where(emptied, 0, since + 1)
    mean, var, chance = unseen.mixed(mean, var, silent, since, hour - first - 1)
    return Now(mean, np.sqrt(var), chance, age)


@dataclass(frozen=True, slots=True)
class _Unseen:
    """What emptyings that nobody saw do to a level; b bins, t hours."""

    model: FillModel
    #: Gains summed up since the first hour, [b, t + 1].
    gained: Floats
    #: Mean hours between two emptyings, [b].
    every_h: Floats

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
        return cls(model, np.concatenate([start, np.cumsum(gain, axis=1)], axis=1), 1 / own)

    def mixed(
        self, mean: Floats, var: Floats, silent: Floats, since: Floats, step: int
    ) -> tuple[Floats, Floats, Floats]:
        """Return mean, variance and the chance of an emptying unseen at the end of an hour.

        A bin is not emptied in the first half of its usual time, and then at random, so that on
        average its usual time comes out. An emptying unseen was at any time of the silence, but not
        longer ago than the usual time.
        """
        half = self.every_h / 2
        since = np.where(np.isnan(since), half + silent, since)
        risky_h = np.minimum(silent, np.maximum(since - half, 0))
        left_alone = np.exp(-risky_h / half)
        within_h = np.minimum(np.minimum(silent, self.every_h), BACK_H)
        back_h = np.minimum(np.ceil(within_h), step + 1).astype(np.int64)
        rows = np.arange(len(mean))
        gain = self.gained[:, step + 1] - self.gained[rows, step + 1 - back_h]
        gain = gain * within_h / np.maximum(back_h, 1)
        other = LEFT_PCT + gain / 2
        unsure = np.exp(self.model.log_rate_sd**2) - 1 + self.model.kappa**2
        other_var = _LEFT_SD**2 + gain**2 / 12 + self.model.phi * gain / 2
        other_var = other_var + unsure * gain**2 / 4
        weight = np.where(left_alone > 1 - _SELDOM, 1.0, left_alone)
        both = weight * mean + (1 - weight) * other
        apart = weight * (1 - weight) * (mean - other) ** 2
        return both, weight * var + (1 - weight) * other_var + apart, 1 - weight
