-- name: list_bins
-- What the map shows of all bins, or of some. Each has its own text and so its own plan; the
-- plan for "all or some" goes through 2,000 bins one by one, which takes four times as long. A bin
-- between two devices keeps the interval of the one that spoke last.
SELECT b.bin_id, b.code, s.name AS site_name, a.code AS area_code, a.common_name AS area_name,
       b.container, b.volume_l, b.lon, b.lat, cardinality(b.invented) > 0 AS invented,
       b.collection_windows,
       l.fill_pct, l.trusted_at, l.seen_at, l.battery_mv,
       CASE WHEN m.device_id IS NOT NULL THEN d.external_id END AS device_id, d.interval_s
FROM bin AS b
JOIN site AS s USING (site_id)
JOIN area AS a USING (area_id)
LEFT JOIN bin_latest AS l USING (bin_id)
LEFT JOIN mounting AS m ON m.bin_id = b.bin_id
    AND m.valid_from <= %(now)s AND (m.valid_to IS NULL OR m.valid_to > %(now)s)
LEFT JOIN device AS d ON d.device_id = coalesce(m.device_id, l.device_id)
WHERE {which}

-- name: all_bins
true

-- name: bins_of_ids
b.bin_id = ANY (%(bin_ids)s::int4[])

-- name: bin_of_code
b.code = %(code)s

-- name: bin_id_of_code
SELECT bin_id FROM bin WHERE code = %(code)s

-- name: trusted_levels
-- Trusted readings of a bin, by bucket. The key of readings is the device's, so the bin's are
-- found through its mountings, each within its own time. The bounds without the mounting are for
-- the planner: it leaves out chunks by them. So is the cast: the index of mountings knows int4 only.
SELECT date_bin(%(bucket)s, r.observed_at, '2000-01-01+00'::timestamptz) AS bucket_start,
       avg(r.fill_pct) AS mean_pct, min(r.fill_pct) AS min_pct, max(r.fill_pct) AS max_pct,
       count(*) AS n
FROM mounting AS m
JOIN readings AS r ON r.device_id = m.device_id
    AND r.observed_at >= greatest(m.valid_from, %(since)s)
    AND r.observed_at < least(m.valid_to, %(until)s)
    AND r.observed_at >= %(since)s AND r.observed_at < %(until)s
WHERE m.bin_id = %(bin_id)s::int4 AND r.fill_pct IS NOT NULL AND r.flags & %(distrust)s = 0
GROUP BY bucket_start
ORDER BY bucket_start

-- name: rolled_up_levels
-- The same from the roll-ups, for buckets of whole hours.
SELECT date_bin(%(bucket)s, bucket, '2000-01-01+00'::timestamptz) AS bucket_start,
       sum(fill_sum) / sum(trusted_n) AS mean_pct,
       min(fill_min) AS min_pct, max(fill_max) AS max_pct, sum(trusted_n)::bigint AS n
FROM readings_hourly
WHERE bin_id = %(bin_id)s::int4 AND trusted_n > 0
  AND bucket >= date_trunc('hour', %(since)s, 'UTC') AND bucket < %(until)s
GROUP BY bucket_start
ORDER BY bucket_start

-- name: hourly_levels
-- A row an hour with the bins side by side: a row a bin and hour takes four times as long to read.
SELECT bucket, array_agg(bin_id) AS bin_ids,
       array_agg((fill_sum / trusted_n)::float4) AS mean_pct
FROM readings_hourly
WHERE bucket >= %(since)s AND bucket < %(until)s AND trusted_n > 0
GROUP BY bucket
ORDER BY bucket

-- name: daily_figures
-- Grouped by the bucket: its date is worked out once a day and not once a row.
SELECT (bucket AT TIME ZONE 'Asia/Jakarta')::date AS day, count(*) AS bins, sum(n)::bigint AS n,
       sum(trusted_n)::bigint AS trusted_n,
       sum(fill_sum) / nullif(sum(trusted_n), 0) AS mean_pct,
       sum(known_s) AS known_s, sum(over_90_s) AS over_90_s, sum(over_100_s) AS over_100_s
FROM readings_daily
WHERE bucket >= %(since)s AND bucket < %(until)s
GROUP BY bucket
ORDER BY bucket
