-- name: known_devices
-- Some devices and their mountings, newest first, with the version of the registry that says so;
-- one row without a device when none is known. Times as PostgreSQL counts: microseconds since 2000.
WITH registry AS (
    SELECT coalesce(sum(n), 0)::int8 AS version FROM registry_version
)
SELECT registry.version, d.external_id, d.device_id, d.confirm, m.bin_id, m.d_empty_mm,
       m.d_full_mm, m.offset_mm, cosd(m.angle_deg) AS angle_cos,
       CASE WHEN isfinite(m.valid_from)
            THEN ((extract(epoch FROM m.valid_from) - 946684800) * 1000000)::int8
            ELSE -9223372036854775808 END AS since_us,
       CASE WHEN isfinite(m.valid_to)
            THEN ((extract(epoch FROM m.valid_to) - 946684800) * 1000000)::int8
            ELSE 9223372036854775807 END AS until_us
FROM registry
LEFT JOIN device AS d ON d.external_id = ANY(%(devices)s) AND d.retired_at IS NULL
LEFT JOIN mounting AS m USING (device_id)
ORDER BY d.external_id, m.valid_from DESC

-- name: registry_version
-- Also reads `mounting`, for the lock alone: who corrects history waits for this transaction.
SELECT coalesce(sum(n), 0)::int8 AS version FROM registry_version
WHERE (SELECT count(*) FROM (SELECT FROM mounting LIMIT 1) AS m) >= 0

-- name: copy_readings
COPY readings ({columns}) FROM STDIN (FORMAT BINARY)

-- name: follow_readings
-- What follows from readings that are all new: marks for the worker, the map's state and its news.
WITH judge AS (
    INSERT INTO dirty_device (device_id, since)
    SELECT * FROM unnest(%(device_id)b::int4[], %(since)b::timestamptz[])
), roll_up AS (
    INSERT INTO dirty_hour (bin_id, bucket)
    SELECT * FROM unnest(%(hour_bin_id)b::int4[], %(hour)b::timestamptz[])
), newest AS (
    SELECT * FROM unnest(
        %(bin_id)b::int4[], %(seen_by)b::int4[], %(seen_at)b::timestamptz[], %(flags)b::int4[],
        %(battery_mv)b::int4[], %(trusted_at)b::timestamptz[], %(fill_pct)b::float4[]
    ) AS u (bin_id, device_id, seen_at, flags, battery_mv, trusted_at, fill_pct)
), {latest}
SELECT count(pg_notify(%(channel)s, bins)) FROM notes

-- name: insert_readings
-- The same in one statement, for readings of which some may be there already. Nothing is written
-- if the registry is no longer what the places are from.
WITH registry AS (
    {registry_version}
), ins AS (
    INSERT INTO readings (
        device_id, observed_at, received_at, seq, distances_mm, distance_mm, reported_fill_pct,
        reported_flags, battery_mv, temp_c, tilt_deg, rssi_dbm, snr_db, bin_id, fill_pct, flags,
        score)
    -- In the order of the key as they come: no two writers wait for each other in a circle.
    SELECT u.device_id, u.observed_at, u.received_at, u.seq,
           (%(echoes)b::int4[])[u.first_echo:u.last_echo], u.distance_mm, u.reported_fill_pct,
           u.reported_flags, u.battery_mv, u.temp_c, u.tilt_deg, u.rssi_dbm, u.snr_db, u.bin_id,
           u.fill_pct, u.flags, u.score
    FROM unnest(
        %(device_id)b::int4[], %(observed_at)b::timestamptz[], %(received_at)b::timestamptz[],
        %(seq)b::int8[], %(first_echo)b::int4[], %(last_echo)b::int4[], %(distance_mm)b::float4[],
        %(reported_fill_pct)b::float4[], %(reported_flags)b::int4[], %(battery_mv)b::int4[],
        %(temp_c)b::float4[], %(tilt_deg)b::float4[], %(rssi_dbm)b::int2[], %(snr_db)b::float4[],
        %(bin_id)b::int4[], %(fill_pct)b::float4[], %(flags)b::int4[], %(score)b::float4[]
    ) AS u (device_id, observed_at, received_at, seq, first_echo, last_echo, distance_mm,
            reported_fill_pct, reported_flags, battery_mv, temp_c, tilt_deg, rssi_dbm, snr_db,
            bin_id, fill_pct, flags, score)
    WHERE (SELECT version FROM registry) = %(version)s::int8
    ON CONFLICT DO NOTHING
    RETURNING device_id, observed_at, bin_id, fill_pct, flags, battery_mv
), judge AS (
    INSERT INTO dirty_device (device_id, since)
    SELECT device_id, min(observed_at) FROM ins GROUP BY device_id
), roll_up AS (
    INSERT INTO dirty_hour (bin_id, bucket)
    SELECT DISTINCT bin_id, date_trunc('hour', observed_at, 'UTC') FROM ins
    WHERE bin_id IS NOT NULL
), newest AS (
    SELECT bin_id,
           (array_agg(device_id ORDER BY observed_at DESC))[1] AS device_id,
           max(observed_at) AS seen_at,
           (array_agg(flags ORDER BY observed_at DESC))[1] AS flags,
           (array_agg(battery_mv ORDER BY observed_at DESC)
               FILTER (WHERE battery_mv IS NOT NULL))[1] AS battery_mv,
           max(observed_at) FILTER (WHERE fill_pct IS NOT NULL) AS trusted_at,
           (array_agg(fill_pct ORDER BY observed_at DESC)
               FILTER (WHERE fill_pct IS NOT NULL))[1] AS fill_pct
    FROM ins
    WHERE bin_id IS NOT NULL
    GROUP BY bin_id
), {latest}
SELECT (SELECT version FROM registry) AS version,
       (SELECT count(*) FROM ins) AS stored,
       (SELECT count(pg_notify(%(channel)s, bins)) FROM notes) AS notes

-- name: latest
-- Part of the two statements above.
latest AS (
    INSERT INTO bin_latest AS l
        (bin_id, device_id, seen_at, flags, battery_mv, trusted_at, fill_pct)
    SELECT bin_id, device_id, seen_at, flags, battery_mv, trusted_at, fill_pct
    FROM newest
    ORDER BY bin_id
    ON CONFLICT (bin_id) DO UPDATE SET
        device_id = CASE WHEN excluded.seen_at > l.seen_at
                         THEN excluded.device_id ELSE l.device_id END,
        flags = CASE WHEN excluded.seen_at > l.seen_at THEN excluded.flags ELSE l.flags END,
        battery_mv = CASE WHEN excluded.seen_at > l.seen_at
                          THEN coalesce(excluded.battery_mv, l.battery_mv) ELSE l.battery_mv END,
        seen_at = greatest(excluded.seen_at, l.seen_at),
        fill_pct = CASE WHEN excluded.trusted_at > coalesce(l.trusted_at, '-infinity')
                        THEN excluded.fill_pct ELSE l.fill_pct END,
        trusted_at = greatest(excluded.trusted_at, l.trusted_at)
    WHERE excluded.seen_at > l.seen_at
       OR excluded.trusted_at > coalesce(l.trusted_at, '-infinity')
    RETURNING bin_id
), notes AS (
    -- NOTIFY takes 8,000 bytes; 600 ids of up to 10 digits stay below.
    SELECT string_agg(bin_id::text, ',') AS bins
    FROM (SELECT bin_id, (row_number() OVER () - 1) / 600 AS part FROM latest) AS parts
    GROUP BY part
)

-- name: store_events
INSERT INTO event (device_id, observed_at, kind, seq, received_at, value)
SELECT d.device_id, u.observed_at, u.kind, u.seq, u.received_at, u.value
FROM unnest(
    %(device)b::text[], %(observed_at)b::timestamptz[], %(kind)b::text[], %(seq)b::int8[],
    %(received_at)b::timestamptz[], %(value)b::float8[]
) AS u (device, observed_at, kind, seq, received_at, value)
JOIN device AS d ON d.external_id = u.device AND d.retired_at IS NULL
ORDER BY d.device_id, u.observed_at
ON CONFLICT DO NOTHING

-- name: update_status
-- The newest word counts, also when an older one comes later: out of the dead letters.
UPDATE device AS d SET online = u.online, status_at = u.received_at
FROM unnest(%(device)b::text[], %(online)b::bool[], %(received_at)b::timestamptz[])
    AS u (device, online, received_at)
WHERE d.external_id = u.device
  AND (d.status_at IS NULL OR d.status_at <= u.received_at)

-- name: update_meta
UPDATE device AS d SET model = coalesce(u.model, d.model),
                  firmware = coalesce(u.firmware, d.firmware),
                  sensor_kind = coalesce(u.sensor_kind, d.sensor_kind),
                  interval_s = coalesce(u.interval_s, d.interval_s),
                  confirm = coalesce(u.confirm, d.confirm),
                  meta_at = u.received_at
FROM unnest(%(device)b::text[], %(model)b::text[], %(firmware)b::text[],
            %(sensor_kind)b::text[], %(interval_s)b::int4[], %(confirm)b::bool[],
            %(received_at)b::timestamptz[])
    AS u (device, model, firmware, sensor_kind, interval_s, confirm, received_at)
WHERE d.external_id = u.device
  AND (d.meta_at IS NULL OR d.meta_at <= u.received_at)

-- name: device_states
SELECT external_id, retired_at IS NOT NULL AS retired, confirm
FROM device WHERE external_id = ANY(%(devices)s)

-- name: store_dead_letters
-- A message that the broker brings again may have been kept before ingest died, and a gateway sends
-- what it refused again until it hears that it is kept: then its bytes are there already.
INSERT INTO dead_letter (received_at, topic, payload, reason, detail)
SELECT u.received_at, u.topic, u.payload, u.reason, u.detail
FROM unnest(%(received_at)b::timestamptz[], %(topic)b::text[], %(payload)b::bytea[],
            %(reason)b::text[], %(detail)b::text[], %(again)b::bool[])
    AS u (received_at, topic, payload, reason, detail, again)
WHERE NOT (u.again OR u.topic LIKE 'angkut/v1/%%/refused') OR NOT EXISTS (
    SELECT FROM dead_letter AS d
    WHERE md5(d.payload) = md5(u.payload) AND d.topic = u.topic)
RETURNING reason
