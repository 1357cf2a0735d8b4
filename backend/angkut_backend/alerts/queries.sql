-- name: watch
SELECT watching_since, ran_at FROM alert_watch

-- name: note_watch
INSERT INTO alert_watch (watching_since, ran_at) VALUES (%(watching_since)s, %(ran_at)s)
ON CONFLICT (only_row) DO UPDATE
SET watching_since = excluded.watching_since, ran_at = excluded.ran_at

-- name: facts
-- What the rules need of every bin with a device. What an earlier device of the bin said is left
-- out. The last hour is that before the newest reading: all that a device sent together. The
-- bound by `readings_from` is for the planner: it leaves out chunks by it.
SELECT m.bin_id, d.device_id, d.interval_s, m.valid_from AS mounted_at, l.seen_at,
       CASE WHEN l.trusted_at >= m.valid_from THEN l.trusted_at END AS trusted_at,
       CASE WHEN l.trusted_at >= m.valid_from THEN l.fill_pct END AS fill_pct,
       hour.temp_c, hour.battery_mv, hour.battery_max_mv,
       EXISTS (SELECT FROM event AS e WHERE e.device_id = d.device_id AND e.kind = 'lid'
               AND e.value = 0 AND e.observed_at > %(now)s - interval '90 days') AS lid_tells
FROM mounting AS m
JOIN device AS d ON d.device_id = m.device_id AND d.retired_at IS NULL
LEFT JOIN bin_latest AS l ON l.bin_id = m.bin_id AND l.device_id = m.device_id
    AND l.seen_at >= m.valid_from
LEFT JOIN LATERAL (
    SELECT (array_agg(r.temp_c ORDER BY r.observed_at DESC)
               FILTER (WHERE r.temp_c IS NOT NULL))[1] AS temp_c,
           -- 0 mV is "not known".
           (array_agg(r.battery_mv ORDER BY r.observed_at DESC)
               FILTER (WHERE r.battery_mv > 0))[1] AS battery_mv,
           max(r.battery_mv) FILTER (WHERE r.battery_mv > 0) AS battery_max_mv
    FROM readings AS r
    WHERE r.device_id = m.device_id AND r.observed_at >= m.valid_from
      AND r.observed_at > l.seen_at - interval '1 hour' AND r.observed_at <= l.seen_at
      AND r.observed_at > %(readings_from)s
) AS hour ON true
WHERE m.valid_from <= %(now)s AND (m.valid_to IS NULL OR m.valid_to > %(now)s)
ORDER BY m.bin_id

-- name: observations
-- What the mounted devices saw, each at most so many times; readings of the last hour only.
SELECT m.bin_id, seen.seen, seen.at, seen.value
FROM mounting AS m
JOIN device AS d ON d.device_id = m.device_id AND d.retired_at IS NULL
LEFT JOIN bin_latest AS l ON l.bin_id = m.bin_id AND l.device_id = m.device_id
CROSS JOIN LATERAL (
    (SELECT e.kind AS seen, e.observed_at AS at, e.value
     FROM event AS e
     WHERE e.device_id = m.device_id AND e.kind IN ('fire', 'tilt', 'lid', 'moved')
       AND e.observed_at >= m.valid_from AND e.observed_at > %(since)s
     ORDER BY e.observed_at DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT 'heat', r.observed_at, r.temp_c
     FROM readings AS r
     WHERE r.device_id = m.device_id AND r.observed_at >= m.valid_from
       AND r.observed_at > greatest(l.seen_at - interval '1 hour', %(since)s)
       AND r.observed_at > %(since)s
       AND r.temp_c >= %(heat_c)s AND r.temp_c < %(broken_c)s
     ORDER BY r.observed_at DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT 'tilt', r.observed_at, r.tilt_deg
     FROM readings AS r
     WHERE r.device_id = m.device_id AND r.observed_at >= m.valid_from
       AND r.observed_at > greatest(l.seen_at - interval '1 hour', %(since)s)
       AND r.observed_at > %(since)s AND r.tilt_deg IS NOT NULL
     ORDER BY r.observed_at DESC LIMIT %(limit)s)
) AS seen
WHERE m.valid_from <= %(now)s AND (m.valid_to IS NULL OR m.valid_to > %(now)s)
ORDER BY m.bin_id, seen.at

-- name: level_runs
-- The newest trusted readings of each device that are all at or above (or all below) a level.
SELECT u.ord, run.since, run.until, run.n
FROM unnest(%(device_id)s::int4[], %(since)s::timestamptz[], %(level_pct)s::float8[],
            %(above)s::bool[]) WITH ORDINALITY AS u (device_id, since, level_pct, above, ord)
LEFT JOIN LATERAL (
    SELECT r.observed_at AS at
    FROM readings AS r
    WHERE r.device_id = u.device_id AND r.observed_at >= u.since
      AND r.observed_at >= %(oldest)s
      AND r.fill_pct IS NOT NULL AND r.flags & %(distrust)s = 0
      AND (r.fill_pct >= u.level_pct) <> u.above
    ORDER BY r.observed_at DESC LIMIT 1
) AS last_other ON true
CROSS JOIN LATERAL (
    SELECT min(r.observed_at) AS since, max(r.observed_at) AS until, count(*) AS n
    FROM readings AS r
    WHERE r.device_id = u.device_id AND r.observed_at >= u.since
      AND r.observed_at >= %(oldest)s
      AND r.fill_pct IS NOT NULL AND r.flags & %(distrust)s = 0
      AND r.observed_at > coalesce(last_other.at, '-infinity')
) AS run
WHERE run.n > 0

-- name: open_for_rules
SELECT alert_id, bin_id, device_id, kind, last_at, acknowledged_at
FROM alert WHERE closed_at IS NULL

-- name: last_closed
-- Up to when signs are dealt with: none opens an alert twice.
SELECT bin_id, device_id, kind, max(last_at) AS last_at
FROM alert WHERE closed_at > %(since)s
GROUP BY bin_id, device_id, kind

-- name: open_alerts
INSERT INTO alert (bin_id, device_id, kind, since, opened_at, last_at, value)
SELECT bin_id, device_id, kind, since, %(now)s, last_at, value
FROM unnest(%(bin_id)s::int4[], %(device_id)s::int4[], %(kind)s::text[],
            %(since)s::timestamptz[], %(last_at)s::timestamptz[], %(value)s::float8[])
    AS u (bin_id, device_id, kind, since, last_at, value)
ON CONFLICT DO NOTHING
RETURNING alert_id

-- name: note_signs
UPDATE alert AS a SET last_at = u.last_at
FROM unnest(%(alert_id)s::int8[], %(last_at)s::timestamptz[]) AS u (alert_id, last_at)
WHERE a.alert_id = u.alert_id AND a.closed_at IS NULL AND a.last_at < u.last_at

-- name: close_alerts
UPDATE alert AS a SET closed_at = %(now)s, close_reason = u.reason
FROM unnest(%(alert_id)s::int8[], %(reason)s::text[]) AS u (alert_id, reason)
WHERE a.alert_id = u.alert_id AND a.closed_at IS NULL
RETURNING a.alert_id

-- name: notify
SELECT pg_notify(%(channel)s, '')

-- name: list_alerts
SELECT a.alert_id, a.kind, b.code AS bin_code, s.name AS site_name, r.common_name AS area_name,
       d.external_id AS device_id, a.since, a.opened_at, a.value, a.acknowledged_at,
       a.acknowledged_by, a.note, a.closed_at, a.close_reason
FROM alert AS a
JOIN bin AS b USING (bin_id)
JOIN site AS s USING (site_id)
JOIN area AS r USING (area_id)
JOIN device AS d USING (device_id)
WHERE (%(ids)s::int8[] IS NULL OR a.alert_id = ANY (%(ids)s::int8[]))
  AND (NOT %(only_open)s OR a.closed_at IS NULL)
  AND (%(bin)s::text IS NULL OR b.code = %(bin)s)
ORDER BY array_position(%(urgency)s::text[], a.kind), a.opened_at DESC, a.alert_id DESC
LIMIT %(limit)s

-- name: count_open
SELECT count(*) AS n FROM alert AS a
WHERE a.closed_at IS NULL
  AND (%(bin)s::text IS NULL OR a.bin_id = (SELECT bin_id FROM bin WHERE code = %(bin)s))

-- name: acknowledge
UPDATE alert SET acknowledged_at = %(now)s, acknowledged_by = %(name)s, note = %(note)s
WHERE alert_id = %(alert_id)s AND acknowledged_at IS NULL AND closed_at IS NULL
RETURNING alert_id

-- name: webhooks
SELECT webhook_id, url, kinds, failures,
       (SELECT count(*) FROM webhook_delivery AS d
        WHERE d.webhook_id = w.webhook_id AND d.state = 'waiting') AS waiting,
       last.tried_at, last.result
FROM webhook AS w
LEFT JOIN LATERAL (
    SELECT tried_at, result FROM webhook_delivery AS d
    WHERE d.webhook_id = w.webhook_id AND d.tried_at IS NOT NULL
    ORDER BY d.tried_at DESC LIMIT 1
) AS last ON true
WHERE removed_at IS NULL
ORDER BY webhook_id

-- name: webhook
SELECT webhook_id, url, secret FROM webhook
WHERE webhook_id = %(webhook_id)s AND removed_at IS NULL

-- name: add_webhook
INSERT INTO webhook (url, secret, kinds, added_at)
VALUES (%(url)s, %(secret)s, %(kinds)s, %(now)s)
RETURNING webhook_id

-- name: remove_webhook
WITH gone AS (
    UPDATE webhook SET removed_at = %(now)s
    WHERE webhook_id = %(webhook_id)s AND removed_at IS NULL
    RETURNING webhook_id, url
), given_up AS (
    UPDATE webhook_delivery AS d SET state = 'given_up', result = 'the webhook was removed'
    FROM gone WHERE d.webhook_id = gone.webhook_id AND d.state = 'waiting'
)
SELECT url FROM gone

-- name: line_up_deliveries
INSERT INTO webhook_delivery (webhook_id, alert_id, change, body, created_at, next_at)
SELECT w.webhook_id, u.alert_id, u.change, u.body, %(now)s, %(now)s
FROM unnest(%(alert_id)s::int8[], %(kind)s::text[], %(change)s::text[], %(body)s::text[])
    WITH ORDINALITY AS u (alert_id, kind, change, body, ord)
JOIN webhook AS w ON w.removed_at IS NULL AND (w.kinds IS NULL OR u.kind = ANY (w.kinds))
ORDER BY u.ord, w.webhook_id

-- name: due_deliveries
-- One for each receiver that is not left alone: the one that was tried least.
SELECT DISTINCT ON (w.webhook_id) d.webhook_delivery_id, d.webhook_id, w.url, w.secret, d.body,
       d.tries, w.failures
FROM webhook AS w
JOIN webhook_delivery AS d ON d.webhook_id = w.webhook_id AND d.state = 'waiting'
WHERE w.removed_at IS NULL AND w.retry_at <= %(now)s AND d.next_at <= %(now)s
ORDER BY w.webhook_id, d.tries, d.webhook_delivery_id

-- name: give_up_old
UPDATE webhook_delivery SET state = 'given_up'
WHERE state = 'waiting' AND created_at < %(before)s
RETURNING webhook_delivery_id

-- name: note_delivery
WITH d AS (
    UPDATE webhook_delivery
    SET tries = tries + 1, tried_at = %(now)s, result = %(result)s, next_at = %(next_at)s,
        state = CASE WHEN %(delivered)s THEN 'delivered' ELSE state END
    WHERE webhook_delivery_id = %(webhook_delivery_id)s AND state = 'waiting'
)
UPDATE webhook
SET failures = CASE WHEN %(delivered)s THEN 0 ELSE failures + 1 END,
    retry_at = CASE WHEN %(delivered)s THEN '-infinity' ELSE %(retry_at)s END
WHERE webhook_id = %(webhook_id)s

-- name: purge_deliveries
DELETE FROM webhook_delivery WHERE state <> 'waiting' AND created_at < %(before)s
