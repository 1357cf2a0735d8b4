-- name: target
-- A bin with what hangs in it now.
SELECT b.bin_id, b.code, s.name AS site_name, a.common_name AS area_name, b.container, b.volume_l,
       b.lon, b.lat, cardinality(b.invented) > 0 AS invented,
       d.external_id AS device_id, m.valid_from, m.d_empty_mm, m.d_full_mm, m.offset_mm,
       m.angle_deg, m.kind, m.inner_depth_mm, m.sensor_height_mm, c.claim_id, c.actor,
       EXISTS (SELECT FROM mounting_photo AS p WHERE p.mounting_id = m.mounting_id) AS has_photo
FROM bin AS b JOIN site AS s USING (site_id) JOIN area AS a USING (area_id)
LEFT JOIN mounting AS m ON m.bin_id = b.bin_id AND m.valid_to IS NULL
LEFT JOIN device AS d USING (device_id)
LEFT JOIN claim AS c USING (mounting_id)
WHERE b.code = %(code)s

-- name: candidates
-- Devices whose id holds these characters: the exact one first, then those that hang nowhere.
SELECT d.external_id AS device_id, d.model, d.interval_s, b.code AS bin_code,
       r.received_at AS seen_at
FROM device AS d
LEFT JOIN mounting AS m ON m.device_id = d.device_id AND m.valid_to IS NULL
LEFT JOIN bin AS b USING (bin_id)
LEFT JOIN LATERAL (
    SELECT received_at FROM readings WHERE device_id = d.device_id
    ORDER BY observed_at DESC LIMIT 1
) AS r ON true
WHERE d.retired_at IS NULL AND d.kind = 'bin' AND position(%(part)s in d.external_id) > 0
ORDER BY d.external_id <> %(part)s, m.mounting_id IS NOT NULL, d.external_id
LIMIT %(limit)s

-- name: newest_reading
SELECT r.observed_at, r.received_at, r.distances_mm, r.distance_mm, r.reported_fill_pct,
       r.battery_mv, r.temp_c, r.tilt_deg, r.rssi_dbm, d.interval_s
FROM device AS d
LEFT JOIN LATERAL (
    SELECT * FROM readings WHERE device_id = d.device_id ORDER BY observed_at DESC LIMIT 1
) AS r ON true
WHERE d.external_id = %(device)s

-- name: claim_by_id
SELECT c.claim_id, b.code AS bin_code, d.external_id AS device_id, c.mounting_id, c.ended, c.actor,
       c.made_at, c.lon, c.lat, c.accuracy_m, c.distance_m, c.confirmed, c.note, c.undone_at,
       c.undone_by,
       EXISTS (SELECT FROM mounting_photo AS p WHERE p.mounting_id = c.mounting_id) AS has_photo
FROM claim AS c JOIN bin AS b USING (bin_id) JOIN device AS d USING (device_id)
WHERE c.claim_id = %(claim_id)s

-- name: list_claims
SELECT c.claim_id, b.code AS bin_code, d.external_id AS device_id, c.mounting_id, c.ended, c.actor,
       c.made_at, c.lon, c.lat, c.accuracy_m, c.distance_m, c.confirmed, c.note, c.undone_at,
       c.undone_by,
       EXISTS (SELECT FROM mounting_photo AS p WHERE p.mounting_id = c.mounting_id) AS has_photo
FROM claim AS c JOIN bin AS b USING (bin_id) JOIN device AS d USING (device_id)
WHERE %(actor)s::text IS NULL OR c.actor = %(actor)s
ORDER BY c.made_at DESC LIMIT %(limit)s

-- name: add_claim
INSERT INTO claim (claim_id, mounting_id, bin_id, device_id, ended, actor, made_at, lon, lat,
                   accuracy_m, distance_m, confirmed, note)
SELECT %(claim_id)s, mounting_id, bin_id, device_id, %(ended)s, %(actor)s, %(now)s, %(lon)s,
       %(lat)s, %(accuracy_m)s, %(distance_m)s, %(confirmed)s, %(note)s
FROM mounting WHERE mounting_id = %(mounting_id)s

-- name: hanging_of
SELECT d_empty_mm, d_full_mm, offset_mm, angle_deg, kind, inner_depth_mm, sensor_height_mm
FROM mounting WHERE mounting_id = %(mounting_id)s

-- name: hold_claim
SELECT FROM claim WHERE claim_id = %(claim_id)s FOR UPDATE

-- name: undo_claim
UPDATE claim SET undone_at = %(now)s, undone_by = %(actor)s WHERE claim_id = %(claim_id)s

-- name: set_photo
INSERT INTO mounting_photo (mounting_id, stored_at, width_px, height_px, jpeg)
VALUES (%(mounting_id)s, %(now)s, %(width_px)s, %(height_px)s, %(jpeg)s)
ON CONFLICT (mounting_id) DO UPDATE SET
    stored_at = excluded.stored_at, width_px = excluded.width_px, height_px = excluded.height_px,
    jpeg = excluded.jpeg

-- name: get_photo
SELECT p.jpeg FROM mounting_photo AS p JOIN claim AS c USING (mounting_id)
WHERE c.claim_id = %(claim_id)s

-- name: measured_places
-- Where phones were when sensors were mounted: the newest of each bin that was not taken back.
SELECT DISTINCT ON (b.code) b.code, c.lon, c.lat, c.accuracy_m, c.distance_m, c.made_at, c.actor
FROM claim AS c JOIN bin AS b USING (bin_id)
WHERE c.lon IS NOT NULL AND c.undone_at IS NULL
ORDER BY b.code, c.made_at DESC
