-- name: record_health
-- The newest word counts, also when an older one comes later.
INSERT INTO gateway_health AS h (device_id, observed_at, received_at, queued, oldest_at,
                                 spool_bytes, spool_max_bytes, dropped, troubles)
SELECT d.device_id, %(observed_at)s, %(received_at)s, %(queued)s, %(oldest_at)s,
       %(spool_bytes)s, %(spool_max_bytes)s, %(dropped)s, %(troubles)s
FROM device AS d
WHERE d.external_id = %(gateway)s AND d.retired_at IS NULL
ON CONFLICT (device_id) DO UPDATE SET
    observed_at = excluded.observed_at, received_at = excluded.received_at,
    queued = excluded.queued, oldest_at = excluded.oldest_at,
    spool_bytes = excluded.spool_bytes, spool_max_bytes = excluded.spool_max_bytes,
    dropped = excluded.dropped, troubles = excluded.troubles
WHERE h.received_at <= excluded.received_at

-- name: learn_routes
UPDATE device AS d SET gateway_id = g.device_id
FROM unnest(%(device)b::text[], %(gateway)b::text[]) AS u (device, gateway)
LEFT JOIN device AS g ON g.external_id = u.gateway AND g.kind = 'gateway'
WHERE d.external_id = u.device AND d.retired_at IS NULL
  AND d.gateway_id IS DISTINCT FROM g.device_id

-- name: list_gateways
SELECT g.external_id AS id, g.model, g.firmware, g.online, g.status_at, g.retired_at,
       h.received_at AS seen_at, h.observed_at, h.queued, h.oldest_at, h.spool_bytes,
       h.spool_max_bytes, h.dropped, h.troubles,
       (SELECT count(*) FROM device AS d
        WHERE d.gateway_id = g.device_id AND d.retired_at IS NULL) AS devices
FROM device AS g
LEFT JOIN gateway_health AS h USING (device_id)
WHERE g.kind = 'gateway'
ORDER BY g.external_id

-- name: district
SELECT district_id, city_slug, replace(code, '.', '') AS area FROM district
ORDER BY district_id LIMIT 1

-- name: add_gateway
-- A gateway reports no readings; how often it tells of itself is the same for all.
INSERT INTO device (external_id, district_id, kind, model, secret_pbkdf2_sha512, secret_bcrypt,
                    interval_s)
VALUES (%(gateway)s, %(district_id)s, 'gateway', 'angkut edge', %(pbkdf2_sha512)s, %(bcrypt)s, 60)
ON CONFLICT (external_id) DO NOTHING
RETURNING device_id

-- name: notify_credentials
SELECT pg_notify(%(channel)s, '')
