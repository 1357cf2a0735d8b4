-- Forecast: what was learned of how bins fill, and distributions of their levels hours ahead.

-- How unsteady bins are, and what days of a kind do: one row a district (forecast/model.py).
CREATE TABLE fill_model (
    district_id  smallint PRIMARY KEY REFERENCES district,
    learned_at   timestamptz NOT NULL,
    days         real NOT NULL CHECK (days >= 0),        -- of readings that were learned from
    phi          double precision NOT NULL CHECK (phi > 0),    -- variance of a gain G: phi G
    kappa        double precision NOT NULL CHECK (kappa > 0),  -- plus kappa^2 G^2
    noise_pct    double precision NOT NULL CHECK (noise_pct > 0),
    daykind      double precision[] NOT NULL,             -- factor by kind of day, ordinary first
    widen        double precision[] NOT NULL              -- of standard deviations, by hours ahead
);

-- Bins of a group fill alike: the kind of their site and their container.
CREATE TABLE fill_group (
    district_id  smallint NOT NULL REFERENCES fill_model ON DELETE CASCADE,
    name         text NOT NULL,
    shape        double precision[] NOT NULL CHECK (cardinality(shape) = 168),  -- Monday 00:00 local
    PRIMARY KEY (district_id, name)
);

CREATE TABLE fill_rate (
    bin_id       integer PRIMARY KEY REFERENCES bin ON DELETE CASCADE,
    log_rate     double precision NOT NULL,               -- of the rate in % an hour
    log_rate_sd  double precision NOT NULL CHECK (log_rate_sd > 0)
);

-- Levels 0, 6, 12, 24, 36, 48 and 72 hours after from_at if nobody empties the bin. Arrays run over
-- these hours; level_pct over hours, then over the quantiles 5, 10, 25, 50, 75, 90 and 95 %.
CREATE TABLE forecast (
    bin_id       integer NOT NULL REFERENCES bin ON DELETE CASCADE,
    issued_at    timestamptz NOT NULL,
    from_at      timestamptz NOT NULL,                    -- end of the hour in progress
    level_age_h  real,                                    -- of the newest trusted level; null: none
    level_pct    real[] NOT NULL,
    overflow_probability real[] NOT NULL,
    overflow_h   real[] NOT NULL,                         -- expected hours of overflow until then
    to_full_h    real,                                    -- as likely sooner as later; null: not in 72
    PRIMARY KEY (bin_id, issued_at)
);
CREATE INDEX forecast_issued_idx ON forecast (issued_at);
