"""How bins fill: a rate for each, shapes that like bins share, and how much it varies.

In hour t a bin gains on average `rate x shape(hour of week) x factor(kind of day)` per cent. Rates
are log-normal within a group, as they are between the bins of Edinburgh and Philadelphia; a bin of
which little is known is drawn towards its group (empirical Bayes: Efron and Morris 1973).
A gain G varies by phi G (waste comes in lumps) and by kappa^2 G^2 (days differ).
"""

from dataclasses import dataclass, replace

import numpy as np

from angkut_backend.forecast.history import GAP_H, WEEK_H, Floats, History, Ints, Mask, Rises, rises

#: Per cent of rise that a flat shape and an ordinary day count for, against what is seen.
_SHAPE_PRIOR_PCT = 60.0
_DAYKIND_PRIOR_PCT = 300.0
#: Slowest rate, % an hour: a bin that nobody uses still has one, so that logarithms exist.
_SLOWEST = 0.02
#: What is taken for a rate where no bin of any group says anything: Edinburgh's median, % an hour.
_USUAL_RATE = 1.46
_USUAL_SIGMA = 0.52
#: So many bins of a group that are told of say how fast its bins fill.
_A_FEW = 3
#: Rates of a group differ at least so much: variance of logarithms.
_BETWEEN = 0.05
#: Days on which less is expected say nothing of how much days differ, %.
_MUCH_PCT = 5.0
#: A bin's spread is drawn towards all by so many days (10 or 20 make no difference on seeds 1 to 3
#: of the bench), a day counts up to so many standard deviations, and it stays within so much.
_SPREAD_DAYS, _ODD = 10.0, 3.0
_SPREAD_RANGE = (0.1, 6.0)


@dataclass(frozen=True, slots=True)
class FillModel:
    """What was learned; b bins, g groups, k kinds of day."""

    #: Mean and standard deviation of the logarithm of the rate in % an hour, [b].
    log_rate: Floats
    log_rate_sd: Floats
    #: Mean 1 over the week, [g, 168].
    shape: Floats
    #: [k]
    daykind: Floats
    #: Variance of a gain G is phi G + kappa^2 G^2.
    phi: float
    kappa: float
    #: Standard deviation of an hour's mean level, %.
    noise_pct: float
    #: Variance of a bin's gains beside the usual one, [b].
    spread: Floats

    @property
    def own_phi(self) -> Floats:
        """Return phi of each bin, [b]."""
        return self.phi * self.spread

    @property
    def own_kappa(self) -> Floats:
        """Return kappa of each bin, [b]."""
        return self.kappa * np.sqrt(self.spread)

    def gain_pct(self, history: History, since: int, until: int) -> Floats:
        """Return the mean gain of some hours of a history, % [b, t]."""
        rate = np.exp(self.log_rate + self.log_rate_sd**2 / 2)
        hours = slice(since, until)
        pace = self.shape[:, history.weekhour[hours]] * self.daykind[history.daykind[hours]]
        gain: Floats = rate[:, None] * pace[history.group]
        return gain


def learn(history: History) -> FillModel:
    """Learn from a history; hours without levels say nothing."""
    seen = rises(history)
    groups = int(history.group.max(initial=0)) + 1
    kinds = int(history.daykind.max(initial=0)) + 1
    shape, daykind = np.ones((groups, WEEK_H)), np.ones(kinds)
    rate = np.full(len(history.bins), _USUAL_RATE)
    # Rates need shapes and shapes need rates: three rounds settle to a per mille.
    for _ in range(3):
        pace = (shape[:, history.weekhour] * daykind[history.daykind])[history.group]
        exposure = _between(pace, seen)
        rate = _rates(history, seen, exposure)
        shape = _shapes(history, seen, rate, daykind, groups)
        daykind = _daykinds(history, seen, rate, shape, kinds)
    pace = (shape[:, history.weekhour] * daykind[history.daykind])[history.group]
    exposure = _between(pace, seen)
    noise, phi = _noise(seen, rate[seen.row] * exposure)
    kappa = _kappa(seen, rate[seen.row] * exposure, phi, noise)
    mean, sd = _shrunk(history, seen, exposure, rate, kappa, phi)
    spread = _spread(history, seen, np.exp(mean)[seen.row] * exposure, (phi, kappa, noise))
    return FillModel(mean, sd, shape, daykind, phi, kappa, noise, spread)


def _between(pace: Floats, seen: Rises) -> Floats:
    """Return the sum of the pace in the hours of each rise, [n]."""
    total = np.cumsum(pace, axis=1)
    between: Floats = total[seen.row, seen.until] - total[seen.row, seen.since]
    return between


def _rates(history: History, seen: Rises, exposure: Floats) -> Floats:
    bins = len(history.bins)
    rise = np.bincount(seen.row, seen.rise_pct, bins)
    time = np.bincount(seen.row, exposure, bins)
    overall = max(rise.sum() / time.sum(), _SLOWEST) if time.sum() else _USUAL_RATE
    # A day at the mean of all, so that a bin with an hour of data has no wild rate.
    return np.maximum((rise + 24 * overall) / (time + 24), _SLOWEST)


def _shapes(history: History, seen: Rises, rate: Floats, daykind: Floats, groups: int) -> Floats:
    """Return the shape of the week of each group, from rises of up to three hours."""
    short = seen.until - seen.since <= 3
    row, until, since = seen.row[short], seen.until[short], seen.since[short]
    rise = seen.rise_pct[short] / (until - since)
    observed, expected = np.zeros((groups, WEEK_H)), np.zeros((groups, WEEK_H))
    for back in range(3):
        hour = until - back
        inside = hour > since
        cell = history.group[row[inside]], history.weekhour[hour[inside]]
        np.add.at(observed, cell, rise[inside])
        usual = rate[row[inside]] * daykind[history.daykind[hour[inside]]]
        np.add.at(expected, cell, usual)
    # Neighbouring hours, and the same hour of other days, are alike.
    observed, expected = _smooth(observed), _smooth(expected)
    shape = (np.maximum(observed, 0) + _SHAPE_PRIOR_PCT) / (expected + _SHAPE_PRIOR_PCT)
    normal: Floats = shape / shape.mean(axis=1, keepdims=True)
    return normal


def _smooth(cells: Floats) -> Floats:
    near = cells + 0.5 * (np.roll(cells, 1, axis=1) + np.roll(cells, -1, axis=1))
    by_day = near.reshape(len(cells), 7, 24)
    smooth: Floats = (by_day + 0.5 * by_day.mean(axis=1, keepdims=True)).reshape(cells.shape)
    return smooth


def _daykinds(history: History, seen: Rises, rate: Floats, shape: Floats, kinds: int) -> Floats:
    """Return the factor of each kind of day; ordinary days are 1."""
    usual = rate[:, None] * shape[:, history.weekhour][history.group]
    # A longer rise is of days of several kinds.
    short = seen.until - seen.since <= GAP_H
    kind = history.daykind[seen.until[short]]
    observed = np.bincount(kind, seen.rise_pct[short], kinds)
    expected = np.bincount(kind, _between(usual, seen)[short], kinds)
    factor = (np.maximum(observed, 0) + _DAYKIND_PRIOR_PCT) / (expected + _DAYKIND_PRIOR_PCT)
    relative: Floats = factor / factor[0]
    return relative


def _noise(seen: Rises, expected_pct: Floats) -> tuple[float, float]:
    """Return the noise of a level and phi, from rises over one hour."""
    hourly = seen.until - seen.since == 1
    if hourly.sum() < 50:
        return 2.0, 1.0
    expected = expected_pct[hourly]
    residual = seen.rise_pct[hourly] - expected
    # Noise from the middle of the residuals of slow hours, where little waste comes.
    slow = expected <= np.quantile(expected, 0.3)
    spread = 1.4826 * float(np.median(np.abs(residual[slow] - np.median(residual[slow]))))
    noise = float(np.clip(spread / np.sqrt(2), 0.3, 8.0))
    lumps = np.minimum(residual**2, np.quantile(residual**2, 0.995)).mean() - 2 * noise**2
    return noise, float(np.clip(lumps / max(expected.mean(), 1e-6), 0.2, 20.0))


def _kappa(seen: Rises, expected_pct: Floats, phi: float, noise: float) -> float:
    """Return how much days differ, from sums of rises over bin and day."""
    day = seen.until // 24
    key = seen.row * (day.max(initial=0) + 1) + day
    rise, expected = np.bincount(key, seen.rise_pct), np.bincount(key, expected_pct)
    much = expected > _MUCH_PCT
    if much.sum() < 20:
        return 0.4
    square = (rise[much] - expected[much]) ** 2
    square = np.minimum(square, np.quantile(square, 0.99))
    over = square - phi * expected[much] - 2 * noise**2
    return float(np.sqrt(np.clip(over.sum() / (expected[much] ** 2).sum(), 0.01, 1.5)))


def _shrunk(
    history: History, seen: Rises, exposure: Floats, rate: Floats, kappa: float, phi: float
) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each bin's logarithm of the rate."""
    bins = len(history.bins)
    days = np.bincount(seen.row, exposure, bins) / 24
    own = np.log(rate)
    gained = np.maximum(rate * days * 24, 1e-6)
    own_var = kappa**2 / np.maximum(days, 0.02) + phi / gained
    mean, var = np.empty(bins), np.empty(bins)
    for number in np.unique(history.group):
        mine = history.group == number
        told = mine & (days > 1)
        if told.sum() >= _A_FEW:
            centre = float(np.average(own[told], weights=1 / own_var[told]))
            between = float(np.var(own[told]) - own_var[told].mean())
        else:
            centre, between = float(np.log(_USUAL_RATE)), _USUAL_SIGMA**2
        between = max(between, _BETWEEN)
        weight = between / (between + own_var[mine])
        mean[mine] = centre + weight * (own[mine] - centre)
        var[mine] = weight * own_var[mine]
    return mean, np.sqrt(np.maximum(var, 1e-4))


def _spread(
    history: History, seen: Rises, expected_pct: Floats, usual: tuple[float, float, float]
) -> Floats:
    """Return how much more than usual each bin's days differ from what was expected, [b]."""
    phi, kappa, noise = usual
    bins, days = len(history.bins), history.hours // 24 + 1
    key = seen.row * days + seen.until // 24
    rise = np.bincount(key, seen.rise_pct, bins * days)
    expected = np.bincount(key, expected_pct, bins * days)
    much = expected > _MUCH_PCT
    due = phi * expected + (kappa * expected) ** 2 + 2 * noise**2
    # One odd day may be a fault.
    square = np.minimum((rise - expected) ** 2 / due, _ODD**2)
    total = np.where(much, square, 0).reshape(bins, days).sum(axis=1)
    count = much.reshape(bins, days).sum(axis=1)
    of_all = total.sum() / max(count.sum(), 1)
    if not of_all:
        return np.ones(bins)
    own = (total / of_all + _SPREAD_DAYS) / (count + _SPREAD_DAYS)
    return np.asarray(np.clip(own, *_SPREAD_RANGE))


def like_its_group(model: FillModel, history: History, which: Mask, told: Mask) -> FillModel:
    """Return a model that knows nothing of some bins but what those that are told of say of it."""
    rate, sd = model.log_rate.copy(), model.log_rate_sd.copy()
    for number in np.unique(history.group[which]):
        mine = history.group == number
        known = model.log_rate[mine & told]
        if len(known) >= _A_FEW:
            centre, between = float(known.mean()), max(float(known.var()), _BETWEEN)
        else:
            centre, between = float(np.log(_USUAL_RATE)), _USUAL_SIGMA**2
        rate[mine & which], sd[mine & which] = centre, np.sqrt(between)
    return replace(model, log_rate=rate, log_rate_sd=sd, spread=np.where(which, 1.0, model.spread))


def group_numbers(names: list[str]) -> Ints:
    """Number groups by name, in the order of the names."""
    order = {name: number for number, name in enumerate(sorted(set(names)))}
    return np.array([order[name] for name in names], dtype=np.int64)
