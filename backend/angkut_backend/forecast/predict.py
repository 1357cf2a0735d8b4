"""Distributions of the level hours ahead, without anybody emptying the bin.

Level now plus gains is skew: gains are gamma-like. Mean, variance and skewness are added up and
read as a Pearson III distribution through the Wilson-Hilferty cube root (1931), which has closed
forms both ways.
"""

import math
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from angkut_backend.forecast.history import Floats, History, Mask
from angkut_backend.forecast.model import FillModel
from angkut_backend.forecast.nowcast import Now, nowcast

#: Hours ahead.
HORIZON_H = 72
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
FULL_PCT = 100.0
#: A skewness of next to nothing: there the cube root turns into the normal distribution.
_STRAIGHT = 1e-3
#: Chances below say no more than that something is rare.
_RARE = 1e-3


@dataclass(frozen=True, slots=True)
class Odds:
    """How to set chances right: their logits times a slope plus a shift."""

    shift: float
    slope: float

    @staticmethod
    def logit(chance: Floats) -> Floats:
        """Return the logit of a chance; of none or all it is that of one in a thousand."""
        inside = np.clip(chance, _RARE, 1 - _RARE)
        return np.asarray(np.log(inside / (1 - inside)))

    def set_right(self, chance: Floats) -> Floats:
        """Return what comes of chances that are said so."""
        return np.asarray(1 / (1 + np.exp(-(self.shift + self.slope * self.logit(chance)))))


AS_SAID = Odds(0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Of b bins; h runs from 0 (now) to 72 hours ahead, q over `QUANTILES`."""

    now: Now
    #: Level, %, [b, h]. It may pass 100: what does not fit stands beside the bin.
    mean_pct: Floats
    sd_pct: Floats
    skew: Floats
    #: Nothing is known of the bin at that hour, [b, h].
    unknown: Mask
    #: Sets right the chances where nothing is known.
    unheard: Odds

    def between(self, first_h: int, last_h: int) -> "Forecast":
        """Return the hours ahead from the first to the last one: whoever asks less waits less."""
        hours = slice(first_h, last_h + 1)
        return replace(
            self,
            mean_pct=self.mean_pct[:, hours],
            sd_pct=self.sd_pct[:, hours],
            skew=self.skew[:, hours],
            unknown=self.unknown[:, hours],
        )

    def quantile_pct(self, share: float) -> Floats:
        """Return the level that is not passed with this probability, % [b, h]."""
        k = _k_of_z(np.full_like(self.skew, NormalDist().inv_cdf(share)), self.skew)
        return np.maximum(self.mean_pct + self.sd_pct * k, 0)

    def overflow_probability(self, at_pct: float = FULL_PCT) -> Floats:
        """Return the probability that the level is at or above a limit, [b, h]."""
        chance = self._chance_of_level(at_pct)
        if self.unheard != AS_SAID and self.unknown.any():
            chance[self.unknown] = self.unheard.set_right(chance[self.unknown])
        return chance

    def _chance_of_level(self, at_pct: float) -> Floats:
        k = (at_pct - self.mean_pct) / np.maximum(self.sd_pct, 1e-6)
        return 1 - normal_cdf(_z_of_k(k, self.skew))

    def overflow_hours(self) -> Floats:
        """Return the expected hours of overflow from the first until each hour ahead, [b, h]."""
        chance = self.overflow_probability()
        within = (chance[:, 1:] + chance[:, :-1]) / 2
        return np.concatenate([np.zeros((len(chance), 1)), np.cumsum(within, axis=1)], axis=1)

    def hours_to_full(self, share: float = 0.5) -> Floats:
        """Return after how many hours a level of 100 % is passed with this probability, [b].

        NaN: not within 72.
        """
        chance = np.maximum.accumulate(self._chance_of_level(FULL_PCT), axis=1)
        reached = chance >= share
        first = np.argmax(reached, axis=1)
        rows = np.arange(len(first))
        before = chance[rows, np.maximum(first - 1, 0)]
        step = np.maximum(chance[rows, first] - before, 1e-9)
        exact = np.where(first == 0, 0, first - 1 + (share - before) / step)
        return np.where(reached.any(axis=1), exact, np.nan)


def predict(
    history: History,
    model: FillModel,
    hour: int,
    widen: Floats | None = None,
    unheard: Odds = AS_SAID,
) -> Forecast:
    """Forecast from the beginning of an hour, knowing what was known then.

    Parameters
    ----------
    history
        Reaches `HORIZON_H` hours beyond `hour`, for the calendar's sake.
    widen
        What to multiply standard deviations with, by hours ahead; see `calibrate`. [h]
    unheard
        Sets right the chances of bins of which nothing is known; see `learn_odds`.
    """
    return predict_from(nowcast(history, model, hour), history, model, hour, widen, unheard)


def predict_from(
    now: Now,
    history: History,
    model: FillModel,
    hour: int,
    widen: Floats | None = None,
    unheard: Odds = AS_SAID,
) -> Forecast:
    """Forecast from the beginning of an hour and what is believed then; see `predict`."""
    ahead = model.gain_pct(history, hour, hour + HORIZON_H)
    passing, beliefs = now.belief.set(np.ones(len(ahead), dtype=bool), 0, 0), []
    beliefs.append(replace(passing, both=now.belief.both))
    phi, kappa = model.own_phi, model.own_kappa
    for gain_pct in ahead.T:
        beliefs.append(beliefs[-1].grown(gain_pct, phi, kappa))
    gain = np.stack([one.level_pct for one in beliefs], axis=1)
    gain_var = np.stack([one.level_var for one in beliefs], axis=1)
    unsure = (np.exp(model.log_rate_sd**2) - 1)[:, None] * gain**2
    from_gains = np.maximum(gain_var + unsure, 0)
    var = now.sd_pct[:, None] ** 2 + from_gains
    sd = np.sqrt(var)
    # A level after an emptying at any time is like a gamma variable, which begins at nothing.
    skew_now = now.unseen * np.minimum(1.5 * now.sd_pct / np.maximum(now.mean_pct, 1), 2)
    # The skewness of gains is twice their standard deviation in means.
    third = 2 * from_gains**2 / np.maximum(gain, 1e-6) + (skew_now * now.sd_pct**3)[:, None]
    skew = np.minimum(third / np.maximum(var * sd, 1e-14), 2.0)
    if widen is not None:
        # It was measured on bins that are heard of.
        sd = sd * (1 + (widen - 1) * (1 - now.unseen[:, None] / 2))
    unknown = np.broadcast_to(np.isinf(now.age_h)[:, None], gain.shape)
    return Forecast(now, now.mean_pct[:, None] + gain, sd, skew, unknown, unheard)


def normal_cdf(z: Floats) -> Floats:
    """Return the standard normal distribution function (Abramowitz and Stegun 7.1.26, 1.5e-7)."""
    x = np.abs(z) / math.sqrt(2)
    t = 1 / (1 + 0.3275911 * x)
    poly = t * (
        0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    )
    erf = 1 - poly * np.exp(-(x**2))
    return np.asarray(0.5 * (1 + np.sign(z) * erf))


def _k_of_z(z: Floats, skew: Floats) -> Floats:
    g = np.maximum(skew, _STRAIGHT)
    k = 2 / g * ((1 + g * z / 6 - g**2 / 36) ** 3 - 1)
    # Below the distribution's end the cube root turns back.
    return np.where(skew < _STRAIGHT, z, np.maximum(k, -2 / g))


def _z_of_k(k: Floats, skew: Floats) -> Floats:
    g = np.maximum(skew, _STRAIGHT)
    root = np.cbrt(np.maximum(g * k / 2 + 1, 0))
    return np.where(skew < _STRAIGHT, k, 6 / g * (root - 1) + g / 6)
