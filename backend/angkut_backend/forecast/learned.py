"""What was learned, kept in the database and put together again for the bins that are there."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from angkut_backend.db import Connection
from angkut_backend.forecast.history import WEEK_H, Floats
from angkut_backend.forecast.loading import DAY_KINDS, SQL, Loaded
from angkut_backend.forecast.model import FillModel, like_its_group
from angkut_backend.forecast.predict import Odds


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
    rates = {one["bin_id"]: one for one in conn.execute(SQL["rates"], {"bins": loaded.bin_ids})}
    known = np.array([bin_id in rates for bin_id in loaded.bin_ids])

    def of_bins(name: str) -> Floats:
        return np.array([rates[one][name] if one in rates else np.nan for one in loaded.bin_ids])

    model = FillModel(
        of_bins("log_rate"),
        of_bins("log_rate_sd"),
        np.stack([shapes.get(name, np.ones(WEEK_H)) for name in names]),
        np.array(row["daykind"]),
        row["phi"],
        row["kappa"],
        row["noise_pct"],
        of_bins("spread"),
    )
    return Learned(
        like_its_group(model, loaded.history, ~known, known),
        np.array(row["widen"]),
        Odds(row["unheard_shift"], row["unheard_slope"]),
    )
