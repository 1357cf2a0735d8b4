"""What was learned, kept in the database and put together again for the bins that are there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from angkut_backend.db import Connection
from angkut_backend.forecast.history import WEEK_H, Floats
from angkut_backend.forecast.loading import DAY_KINDS, SQL, Loaded
from angkut_backend.forecast.model import FillModel
from angkut_backend.forecast.predict import Odds

#: Of the rates of bins of a group, in logarithms: as in `model.py`.
_SIGMA = 0.52
#: % an hour, where no bin says anything.
_USUAL_RATE = 1.46


@dataclass(frozen=True, slots=True)
class Learned:
    """A model with what its forecasts are widened by."""

    model: FillModel
    #: By hours ahead, [h].
    widen: Floats
    #: Sets right the chances of bins of which nothing is known.
    unheard: Odds


def put(
    conn: Connection, district_id: int, loaded: Loaded, learned: Learned, now: datetime
) -> None:
    """Keep what was learned instead of what was learned before; part of the transaction."""
    model = learned.model
    known = ~np.isnan(loaded.history.level_pct)
    daykind = np.ones(len(DAY_KINDS))
    daykind[: len(model.daykind)] = model.daykind
    conn.execute(
        SQL["put_model"],
        {
            "district_id": district_id,
            "learned_at": now,
            "days": float(known.any(axis=0).sum() / 24),
            "phi": model.phi,
            "kappa": model.kappa,
            "noise_pct": model.noise_pct,
            "daykind": daykind.tolist(),
            "widen": learned.widen.tolist(),
            "unheard_shift": learned.unheard.shift,
            "unheard_slope": learned.unheard.slope,
        },
    )
    names = sorted(set(loaded.groups))
    conn.execute(SQL["drop_groups"], {"district_id": district_id, "names": names})
    shapes = [
        {"district_id": district_id, "name": name, "shape": shape.tolist()}
        for name, shape in zip(names, model.shape, strict=True)
    ]
    with conn.cursor() as cursor:
        cursor.executemany(SQL["put_group"], shapes)
    conn.execute(
        SQL["put_rates"],
        {
            "bins": loaded.bin_ids,
            "log_rate": model.log_rate.tolist(),
            "log_rate_sd": model.log_rate_sd.tolist(),
            "spread": model.spread.tolist(),
        },
    )


def get(conn: Connection, district_id: int, loaded: Loaded) -> Learned | None:
    """Return what was learned of the bins that are there now; `None`: nothing yet.

    A bin that came since is taken for one of its group; a group that came since is flat.
    """
    row = conn.execute(SQL["model"], {"district_id": district_id}).fetchone()
    if row is None:
        return None
    shapes = {
        found["name"]: np.array(found["shape"])
        for found in conn.execute(SQL["groups"], {"district_id": district_id})
    }
    names = sorted(set(loaded.groups))
    log_rate, log_rate_sd, spread = _rates(conn, loaded.bin_ids, loaded.groups)
    model = FillModel(
        log_rate,
        log_rate_sd,
        np.stack([shapes.get(name, np.ones(WEEK_H)) for name in names]),
        np.array(row["daykind"]),
        row["phi"],
        row["kappa"],
        row["noise_pct"],
        spread,
    )
    unheard = Odds(row["unheard_shift"], row["unheard_slope"])
    return Learned(model, np.array(row["widen"]), unheard)


def _rates(
    conn: Connection, bin_ids: list[int], groups: Sequence[str]
) -> tuple[Floats, Floats, Floats]:
    rows = {row["bin_id"]: row for row in conn.execute(SQL["rates"], {"bins": bin_ids})}
    known: dict[str, list[float]] = {}
    for bin_id, group in zip(bin_ids, groups, strict=True):
        if bin_id in rows:
            known.setdefault(group, []).append(rows[bin_id]["log_rate"])
    log_rate, log_rate_sd = np.empty(len(bin_ids)), np.empty(len(bin_ids))
    spread = np.ones(len(bin_ids))
    for index, (bin_id, group) in enumerate(zip(bin_ids, groups, strict=True)):
        if bin_id in rows:
            log_rate[index] = rows[bin_id]["log_rate"]
            log_rate_sd[index] = rows[bin_id]["log_rate_sd"]
            spread[index] = rows[bin_id]["spread"]
        else:
            log_rate[index] = float(np.mean(known.get(group, [np.log(_USUAL_RATE)])))
            log_rate_sd[index] = _SIGMA
    return log_rate, log_rate_sd, spread
