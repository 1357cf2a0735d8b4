-- Roll-ups: sums and counts per bin and hour, per bin and operational day, so that levels compose
-- and a mean is one division away (docs/decisions/0010-rollups.md). Read them through the views
-- readings_hourly and readings_daily. These tables are kept by our own job; on the Community
-- edition of TimescaleDB continuous aggregates of the same columns take their place
-- (angkut_backend.readings.maintenance).

-- How many readings the devices mounted in a bin owe within [since, until), by the interval that
-- each device has now. Composes: the sum over parts is the value of the whole.
CREATE FUNCTION expected_readings(bin_id integer, since timestamptz, until timestamptz)
RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
    SELECT coalesce(sum(
        extract(epoch FROM least(m.valid_to, until) - greatest(m.valid_from, since))
        / d.interval_s), 0)::double precision
    FROM mounting AS m
    JOIN device AS d USING (device_id)
    WHERE m.bin_id = expected_readings.bin_id
      AND m.valid_from < until AND (m.valid_to IS NULL OR m.valid_to > since)
);

CREATE TABLE rollup_hourly (
    bin_id        integer NOT NULL,
    bucket        timestamptz NOT NULL,         -- start of the UTC hour
    n             bigint NOT NULL,              -- readings
    trusted_n     bigint NOT NULL,              -- of them with a level and a score above 0
    score_sum     double precision NOT NULL,
    latency_sum_s double precision NOT NULL,    -- observed to received
    latency_max_s double precision NOT NULL,
    fill_sum      double precision NOT NULL,    -- of the trusted levels, per cent
    fill_min      real,
    fill_max      real,
    known_s       double precision NOT NULL,    -- time that trusted readings stand for
    over_75_s     double precision NOT NULL,    -- of it at or above 75 %
    over_90_s     double precision NOT NULL,
    over_100_s    double precision NOT NULL,
    battery_min_mv integer,
    temp_max_c    real,
    PRIMARY KEY (bin_id, bucket)
) WITH (fillfactor = 90);
-- Equal keys are kept once: a few bytes a row.
CREATE INDEX rollup_hourly_bucket_idx ON rollup_hourly (bucket);

CREATE TABLE rollup_daily (LIKE rollup_hourly INCLUDING STORAGE);
COMMENT ON COLUMN rollup_daily.bucket IS 'start of the operational day: 21:00 UTC, 04:00 WIB';
ALTER TABLE rollup_daily SET (fillfactor = 90);
ALTER TABLE rollup_daily ADD PRIMARY KEY (bin_id, bucket);
CREATE INDEX rollup_daily_bucket_idx ON rollup_daily (bucket);

-- Readings from before raw_from may be gone by retention, so roll-ups before it are final: one
-- computed again from what is left would be wrong.
CREATE TABLE readings_horizon (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    raw_from timestamptz NOT NULL
);

-- What arrived before the roll-ups existed.
INSERT INTO dirty_hour (bin_id, bucket)
SELECT DISTINCT bin_id, date_trunc('hour', observed_at, 'UTC') FROM readings
WHERE bin_id IS NOT NULL;
