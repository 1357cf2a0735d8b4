-- name: due
-- Devices that hang somewhere and were not looked at for a while, the longest first.
SELECT d.device_id, d.external_id, d.interval_s, c.checked_at
FROM mounting AS m
JOIN device AS d ON d.device_id = m.device_id AND d.retired_at IS NULL
LEFT JOIN device_check AS c ON c.device_id = d.device_id
WHERE m.valid_from <= %(now)s AND (m.valid_to IS NULL OR m.valid_to > %(now)s)
  AND (c.checked_at IS NULL OR c.checked_at <= %(before)s)
ORDER BY c.checked_at NULLS FIRST, d.device_id
LIMIT %(limit)s

-- name: samples
-- Readings of each device from a time of its own on. The bounds let chunks be left out.
SELECT r.device_id, r.observed_at, r.received_at, r.distance_mm, r.flags
FROM unnest(%(device_id)b::int4[], %(since)b::timestamptz[]) AS d (device_id, since)
JOIN readings AS r ON r.device_id = d.device_id AND r.observed_at >= d.since
WHERE r.observed_at >= %(oldest)s AND r.observed_at <= %(newest)s
ORDER BY r.device_id, r.observed_at

-- name: refused
-- When messages of these devices were refused for their time.
SELECT split_part(topic, '/', 6) AS device, received_at
FROM dead_letter
WHERE received_at >= %(oldest)s AND received_at <= %(now)s
  AND reason IN ('time_too_old', 'time_in_future')
  AND split_part(topic, '/', 6) = ANY (%(devices)s)
ORDER BY received_at

-- name: found
-- What is known already and may go on within the windows.
SELECT f.device_finding_id, f.device_id, f.kind, f.from_at, f.to_at
FROM unnest(%(device_id)b::int4[], %(since)b::timestamptz[]) AS d (device_id, since)
JOIN device_finding AS f ON f.device_id = d.device_id AND f.to_at >= d.since
WHERE f.kind <> 'swapped'

-- name: forget
DELETE FROM device_finding WHERE device_finding_id = ANY (%(ids)b)

-- name: extend
UPDATE device_finding AS f SET from_at = u.from_at, to_at = u.to_at, detail = u.detail
FROM unnest(%(id)b::int8[], %(from_at)b::timestamptz[], %(to_at)b::timestamptz[],
            %(detail)b::jsonb[]) AS u (id, from_at, to_at, detail)
WHERE f.device_finding_id = u.id
  AND (f.from_at, f.to_at, f.detail) IS DISTINCT FROM (u.from_at, u.to_at, u.detail)

-- name: add
INSERT INTO device_finding (device_id, kind, from_at, to_at, found_at, detail)
SELECT device_id, kind, from_at, to_at, %(now)s, detail
FROM unnest(%(device_id)b::int4[], %(kind)b::text[], %(from_at)b::timestamptz[],
            %(to_at)b::timestamptz[], %(detail)b::jsonb[])
    AS u (device_id, kind, from_at, to_at, detail)

-- name: note_checks
INSERT INTO device_check (device_id, checked_at)
SELECT unnest(%(devices)b::int4[]), %(now)s
ON CONFLICT (device_id) DO UPDATE SET checked_at = excluded.checked_at

-- name: due_for_swaps
SELECT m.device_id
FROM mounting AS m
JOIN device AS d ON d.device_id = m.device_id AND d.retired_at IS NULL
JOIN device_check AS c ON c.device_id = d.device_id
WHERE m.valid_from <= %(now)s AND (m.valid_to IS NULL OR m.valid_to > %(now)s)
  AND (c.swaps_at IS NULL OR c.swaps_at <= %(before)s)
ORDER BY c.swaps_at NULLS FIRST, m.device_id
LIMIT %(limit)s

-- name: neighbours
-- Each device in question with its neighbours, and since when both hang where they hang.
SELECT m.device_id AS one, o.device_id AS other, greatest(m.valid_from, o.valid_from) AS since
FROM mounting AS m
JOIN bin AS b ON b.bin_id = m.bin_id
JOIN bin AS n ON n.bin_id <> b.bin_id
    AND (n.site_id = b.site_id
         OR (abs(n.lat - b.lat) * 111320 <= %(metres)s
             AND abs(n.lon - b.lon) * 111320 * cosd(b.lat) <= %(metres)s))
JOIN mounting AS o ON o.bin_id = n.bin_id
    AND o.valid_from <= %(now)s AND (o.valid_to IS NULL OR o.valid_to > %(now)s)
WHERE m.device_id = ANY (%(devices)s)
  AND m.valid_from <= %(now)s AND (m.valid_to IS NULL OR m.valid_to > %(now)s)
  AND NOT (o.device_id = ANY (%(devices)s) AND o.device_id < m.device_id)

-- name: buckets
-- Means of signal and warmth; codes of absent probes are no warmth. Under a wrong clock the time of
-- arrival counts.
SELECT device_id, date_bin(%(bucket)s, seen_at, 'epoch') AS at, avg(rssi_dbm)::float8 AS rssi_dbm,
       avg(temp_c) FILTER (WHERE temp_c BETWEEN -20 AND 90)::float8 AS temp_c, count(*) AS n
FROM (
    SELECT r.*, CASE WHEN r.flags & %(untimed)s = 0 THEN r.observed_at ELSE r.received_at END
                AS seen_at
    FROM readings AS r
    WHERE r.device_id = ANY (%(devices)s) AND r.observed_at >= %(since)s
      AND r.observed_at <= %(now)s
) AS r
GROUP BY 1, 2
ORDER BY 1, 2

-- name: distances
-- One in a quarter of an hour is enough, and bounds what a device that reports every few seconds
-- costs here.
SELECT DISTINCT ON (device_id, date_bin('15 minutes', seen_at, 'epoch'))
       device_id, seen_at AS at, distance_mm::float8 AS distance_mm
FROM (
    SELECT r.*, CASE WHEN r.flags & %(untimed)s = 0 THEN r.observed_at ELSE r.received_at END
                AS seen_at
    FROM readings AS r
    WHERE r.device_id = ANY (%(devices)s) AND r.observed_at >= %(since)s
      AND r.observed_at <= %(now)s AND r.distance_mm IS NOT NULL AND r.flags & %(distrust)s = 0
) AS r
ORDER BY device_id, date_bin('15 minutes', seen_at, 'epoch'), seen_at

-- name: known_swaps
SELECT f.device_finding_id, f.device_id, f.from_at, f.to_at, f.detail
FROM device_finding AS f
WHERE f.kind = 'swapped' AND f.device_id = ANY (%(devices)s) AND f.to_at >= %(since)s

-- name: names
SELECT device_id, external_id FROM device WHERE device_id = ANY (%(devices)s)

-- name: note_swaps
UPDATE device_check SET swaps_at = %(now)s WHERE device_id = ANY (%(devices)s)

-- name: list
SELECT d.external_id AS device, b.code AS bin_code, f.kind, f.from_at, f.to_at, f.found_at, f.detail
FROM device_finding AS f
JOIN device AS d USING (device_id)
LEFT JOIN mounting AS m ON m.device_id = f.device_id AND m.valid_from <= f.to_at
    AND (m.valid_to IS NULL OR m.valid_to > f.to_at)
LEFT JOIN bin AS b ON b.bin_id = m.bin_id
WHERE f.to_at >= %(since)s
  AND (%(device)s::text IS NULL OR d.external_id = %(device)s)
  AND (%(kind)s::text IS NULL OR f.kind = %(kind)s)
ORDER BY f.to_at DESC, d.external_id, f.kind
LIMIT %(limit)s
