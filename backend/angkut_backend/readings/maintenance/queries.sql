-- name: hourly_columns
-- What a roll-up of an hour says; r: readings, d: device. One text for the table and for the
-- continuous aggregate. A level is trusted if its score is above 0: angkut_backend.quality.rules.
-- A trusted reading stands for one interval of its device; together not for more than the hour.
count(*) AS n,
count(r.fill_pct) FILTER (WHERE r.score > 0) AS trusted_n,
sum(r.score::float8) AS score_sum,
sum(date_part('epoch', r.received_at - r.observed_at)) AS latency_sum_s,
max(date_part('epoch', r.received_at - r.observed_at)) AS latency_max_s,
coalesce(sum(r.fill_pct::float8) FILTER (WHERE r.score > 0), 0) AS fill_sum,
min(r.fill_pct) FILTER (WHERE r.score > 0) AS fill_min,
max(r.fill_pct) FILTER (WHERE r.score > 0) AS fill_max,
least(3600, {time_trusted}) AS known_s,
{share} * {time_over_75} AS over_75_s,
{share} * {time_over_90} AS over_90_s,
{share} * {time_over_100} AS over_100_s,
min(r.battery_mv) AS battery_min_mv,
max(r.temp_c) AS temp_max_c

-- name: time_at_least
-- Seconds that the trusted readings from a level on stand for, uncapped.
coalesce(sum(d.interval_s::float8)
    FILTER (WHERE r.fill_pct >= {level_pct} AND r.score > 0), 0)

-- name: daily_columns
-- What a roll-up of an operational day says; h: rollup_hourly.
sum(h.n)::bigint AS n,
sum(h.trusted_n)::bigint AS trusted_n,
sum(h.score_sum) AS score_sum,
sum(h.latency_sum_s) AS latency_sum_s,
max(h.latency_max_s) AS latency_max_s,
sum(h.fill_sum) AS fill_sum,
min(h.fill_min) AS fill_min,
max(h.fill_max) AS fill_max,
sum(h.known_s) AS known_s,
sum(h.over_75_s) AS over_75_s,
sum(h.over_90_s) AS over_90_s,
sum(h.over_100_s) AS over_100_s,
min(h.battery_min_mv) AS battery_min_mv,
max(h.temp_max_c) AS temp_max_c

-- name: create_views
-- What everybody reads, alike on all editions. An expectation that nobody asks for costs nothing.
CREATE OR REPLACE VIEW readings_hourly AS
SELECT h.*, expected_readings(h.bin_id, h.bucket, h.bucket + interval '1 hour') AS expected_n
FROM rollup_hourly AS h;
CREATE OR REPLACE VIEW readings_daily AS
SELECT h.*, expected_readings(h.bin_id, h.bucket, h.bucket + interval '1 day') AS expected_n,
       (h.bucket AT TIME ZONE 'Asia/Jakarta')::date AS day
FROM rollup_daily AS h

-- name: create_aggregates
-- Community edition: continuous aggregates in place of our tables, after marking what these held.
-- Not real-time: all editions answer alike. Both levels count from the operational day's start,
-- which TimescaleDB demands of a hierarchy; hours are the same hours.
INSERT INTO dirty_hour (bin_id, bucket)
SELECT min(bin_id), bucket FROM rollup_hourly GROUP BY bucket;
DROP TABLE rollup_hourly, rollup_daily CASCADE;
CREATE MATERIALIZED VIEW rollup_hourly
WITH (timescaledb.continuous, timescaledb.materialized_only = true) AS
SELECT r.bin_id, time_bucket('1 hour', r.observed_at, '{day_origin}'::timestamptz) AS bucket,
{hourly_columns}
FROM readings AS r
JOIN device AS d ON d.device_id = r.device_id
WHERE r.bin_id IS NOT NULL
GROUP BY 1, 2
WITH NO DATA;
CREATE MATERIALIZED VIEW rollup_daily
WITH (timescaledb.continuous, timescaledb.materialized_only = true) AS
SELECT h.bin_id, time_bucket('1 day', h.bucket, '{day_origin}'::timestamptz) AS bucket,
{daily_columns}
FROM rollup_hourly AS h
GROUP BY 1, 2
WITH NO DATA

-- name: rollup_kind
-- Our own table, or the view that a continuous aggregate is.
SELECT relkind = 'v' AS aggregated FROM pg_class WHERE oid = 'rollup_hourly'::regclass

-- name: dirty_hours
-- What is stale, whatever the bin: a continuous aggregate is refreshed by time.
SELECT date_bin('1 hour', bucket, '{day_origin}'::timestamptz) AS hour,
       array_agg(dirty_hour_id) AS ids
FROM (SELECT * FROM dirty_hour ORDER BY dirty_hour_id LIMIT %(limit)s) AS marks
GROUP BY hour
ORDER BY hour

-- name: take_dirty_hours
-- Remove marks and return what they say as runs of a bin's hours without a gap, within a week:
-- the readings of a run are found at once, however many marks it had.
WITH gone AS (
    DELETE FROM dirty_hour WHERE dirty_hour_id = ANY (ARRAY(
        SELECT dirty_hour_id FROM dirty_hour ORDER BY dirty_hour_id LIMIT %(limit)s))
    RETURNING bin_id, date_bin('1 hour', bucket, '{day_origin}'::timestamptz) AS hour
), hours AS (
    SELECT DISTINCT bin_id, hour, date_bin('7 days', hour, '{day_origin}'::timestamptz) AS week
    FROM gone
    WHERE hour >= coalesce(%(final_before)s::timestamptz, '-infinity')
), numbered AS (
    -- Equal for neighbours: both grow by an hour.
    SELECT *, hour - interval '1 hour'
                     * row_number() OVER (PARTITION BY bin_id, week ORDER BY hour) AS run
    FROM hours
), runs AS (
    SELECT week, bin_id, min(hour) AS since, max(hour) + interval '1 hour' AS until
    FROM numbered
    GROUP BY week, bin_id, run
)
SELECT taken.marks, array_agg(bin_id) AS bin_ids, array_agg(since) AS sinces,
       array_agg(until) AS untils, min(since) AS since, max(until) AS until
FROM (SELECT count(*) AS marks FROM gone) AS taken
LEFT JOIN runs ON true
GROUP BY taken.marks, week
ORDER BY week

-- name: count_dirty_hours
SELECT count(*) AS n FROM dirty_hour

-- name: forget_dirty_hours
DELETE FROM dirty_hour WHERE dirty_hour_id = ANY(%(ids)s::int8[])

-- name: raw_from
SELECT raw_from FROM readings_horizon

-- name: refresh_hours
-- Compute the hours of bins' runs again, all of them within [since, until), which lets the planner
-- leave out chunks. A bin's readings are found through its mountings, by the key. Stored by time,
-- so that those who read a day of all bins find them side by side.
WITH stale AS (
    SELECT * FROM unnest(%(bin_ids)b::int4[], %(sinces)b::timestamptz[], %(untils)b::timestamptz[])
        AS u (bin_id, since, until)
), fresh AS (
    SELECT stale.bin_id, hour.*
    FROM stale
    CROSS JOIN LATERAL (
        SELECT date_bin('1 hour', r.observed_at, '{day_origin}'::timestamptz) AS bucket,
               {hourly_columns}
        FROM (
            SELECT DISTINCT m.device_id FROM mounting AS m
            WHERE m.bin_id = stale.bin_id AND m.valid_from < stale.until
              AND (m.valid_to IS NULL OR m.valid_to > stale.since)
        ) AS mounted
        JOIN device AS d USING (device_id)
        JOIN readings AS r ON r.device_id = mounted.device_id
            AND r.observed_at >= stale.since AND r.observed_at < stale.until
            AND r.observed_at >= %(since)s AND r.observed_at < %(until)s
        WHERE r.bin_id = stale.bin_id
        GROUP BY bucket
    ) AS hour
), gone AS (
    DELETE FROM rollup_hourly AS h USING stale
    WHERE h.bin_id = stale.bin_id AND h.bucket >= stale.since AND h.bucket < stale.until
      AND h.bucket >= %(since)s AND h.bucket < %(until)s
      AND NOT EXISTS (SELECT FROM fresh WHERE fresh.bin_id = h.bin_id AND fresh.bucket = h.bucket)
)
INSERT INTO rollup_hourly AS old ({columns})
SELECT {columns} FROM fresh ORDER BY bucket, bin_id
ON CONFLICT (bin_id, bucket) DO UPDATE SET {assignments}

-- name: refresh_days
-- The same for the operational days that the runs touch, from the hours.
WITH stale AS (
    SELECT DISTINCT u.bin_id, day.bucket
    FROM unnest(%(bin_ids)b::int4[], %(sinces)b::timestamptz[], %(untils)b::timestamptz[])
        AS u (bin_id, since, until)
    CROSS JOIN generate_series(
        date_bin('1 day', u.since, '{day_origin}'::timestamptz), u.until - interval '1 hour',
        interval '1 day') AS day (bucket)
), fresh AS (
    SELECT stale.bin_id, stale.bucket, day.*
    FROM stale
    CROSS JOIN LATERAL (
        SELECT {daily_columns}
        FROM rollup_hourly AS h
        WHERE h.bin_id = stale.bin_id
          AND h.bucket >= stale.bucket AND h.bucket < stale.bucket + interval '1 day'
        HAVING count(*) > 0
    ) AS day
), gone AS (
    DELETE FROM rollup_daily AS h USING stale
    WHERE h.bin_id = stale.bin_id AND h.bucket = stale.bucket
      AND h.bucket >= %(since)s::timestamptz - interval '1 day' AND h.bucket < %(until)s
      AND NOT EXISTS (SELECT FROM fresh WHERE fresh.bin_id = h.bin_id AND fresh.bucket = h.bucket)
)
INSERT INTO rollup_daily AS old ({columns})
SELECT {columns} FROM fresh ORDER BY bucket, bin_id
ON CONFLICT (bin_id, bucket) DO UPDATE SET {assignments}

-- name: has_dirty_before
SELECT EXISTS (
    SELECT FROM dirty_hour
    WHERE bucket < %(before)s
      AND bucket >= coalesce((SELECT raw_from FROM readings_horizon), '-infinity')
) AS yes

-- name: has_readings_before
SELECT EXISTS (SELECT FROM readings WHERE observed_at < %(before)s) AS yes

-- name: raise_horizon
INSERT INTO readings_horizon AS h (raw_from) VALUES (%(raw_from)s)
ON CONFLICT (only_row) DO UPDATE SET raw_from = greatest(h.raw_from, excluded.raw_from)

-- name: delete_readings
DELETE FROM readings WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM readings WHERE observed_at < %(before)s LIMIT %(limit)s
))

-- name: drop_chunks
-- A chunk that lies before it as a whole; the newest week of what is too old stays a while.
SELECT count(*) AS dropped FROM drop_chunks('readings', older_than => %(before)s::timestamptz) AS c

-- name: compress_columns
-- One device's readings by time side by side: a fifth of the space, with noise in every field
-- (docs/storage.md).
ALTER TABLE readings SET (
    timescaledb.compress, timescaledb.compress_segmentby = 'device_id',
    timescaledb.compress_orderby = 'observed_at DESC')

-- name: columnstore
SELECT compression_enabled FROM timescaledb_information.hypertables
WHERE hypertable_name = 'readings'

-- name: policies
SELECT proc_name, coalesce(config ->> 'drop_after', config ->> 'compress_after')::interval AS age
FROM timescaledb_information.jobs
WHERE hypertable_name = 'readings' AND proc_name IN ('policy_retention', 'policy_compression')

-- name: remove_retention
SELECT remove_retention_policy('readings', if_exists => true)

-- name: add_retention
SELECT add_retention_policy('readings', %(age)s::interval)

-- name: remove_compression
SELECT remove_compression_policy('readings', if_exists => true)

-- name: add_compression
SELECT add_compression_policy('readings', %(age)s::interval)
