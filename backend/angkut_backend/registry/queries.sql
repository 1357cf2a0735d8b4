-- name: first_district
-- The one district of a pilot.
SELECT district_id, code AS district_code, city_slug FROM district ORDER BY district_id LIMIT 1

-- name: district_of_device
SELECT t.district_id, t.code AS district_code, t.city_slug
FROM device AS d JOIN district AS t USING (district_id) WHERE d.external_id = %(device)s

-- name: add_device
INSERT INTO device (external_id, district_id, kind, model, interval_s,
                    secret_pbkdf2_sha512, secret_bcrypt)
VALUES (%(external_id)s, %(district_id)s, 'bin', %(model)s, %(interval_s)s,
        %(pbkdf2_sha512)s, %(bcrypt)s)
RETURNING device_id

-- name: revive_device
UPDATE device SET retired_at = NULL, district_id = %(district_id)s, interval_s = %(interval_s)s,
                  model = coalesce(%(model)s, model),
                  secret_pbkdf2_sha512 = %(pbkdf2_sha512)s, secret_bcrypt = %(bcrypt)s
WHERE device_id = %(device_id)s

-- name: retire_device
UPDATE device SET retired_at = %(at)s WHERE device_id = %(device_id)s

-- name: set_secret
UPDATE device SET secret_pbkdf2_sha512 = %(pbkdf2_sha512)s, secret_bcrypt = %(bcrypt)s
WHERE device_id = %(device_id)s

-- name: bin_by_code
SELECT b.bin_id, b.code, a.district_id, d.city_slug, d.code AS district_code
FROM bin AS b JOIN site AS s USING (site_id) JOIN area AS a USING (area_id)
JOIN district AS d USING (district_id)
WHERE b.code = %(code)s

-- name: open_mountings
-- What hangs now in these bins, and where these devices hang.
SELECT m.*, b.code, d.external_id
FROM mounting AS m JOIN device AS d USING (device_id) JOIN bin AS b USING (bin_id)
WHERE m.valid_to IS NULL AND (b.code = ANY(%(codes)s) OR d.external_id = ANY(%(devices)s))
ORDER BY m.mounting_id

-- name: mountings_by_id
SELECT m.*, b.code, d.external_id
FROM mounting AS m JOIN device AS d USING (device_id) JOIN bin AS b USING (bin_id)
WHERE m.mounting_id = ANY(%(ids)s)

-- name: overlapping
-- A mounting of these bins or devices, other than those named, that was in force after a time.
SELECT m.valid_from, m.valid_to, b.code, d.external_id
FROM mounting AS m JOIN device AS d USING (device_id) JOIN bin AS b USING (bin_id)
WHERE (b.code = ANY(%(codes)s) OR d.external_id = ANY(%(devices)s))
  AND m.mounting_id <> ALL (%(besides)s) AND (m.valid_to IS NULL OR m.valid_to > %(at)s)
ORDER BY m.valid_from LIMIT 1

-- name: delete_mountings
DELETE FROM mounting WHERE mounting_id = ANY(%(ids)s)

-- name: reopen_mountings
UPDATE mounting SET valid_to = NULL WHERE mounting_id = ANY(%(ids)s)

-- name: device_by_id
-- Held, so that it is not retired meanwhile.
SELECT device_id, external_id, kind, retired_at
FROM device WHERE external_id = %(device)s FOR UPDATE

-- name: add_derivation_due
INSERT INTO derivation_due (device_id, since)
SELECT device_id, %(since)s FROM unnest(%(devices)s::int4[]) AS u (device_id)

-- name: notify_bins
SELECT pg_notify(%(channel)s, string_agg(bin_id::text, ',')) FROM bin WHERE code = ANY(%(codes)s)

-- name: end_mounting
UPDATE mounting SET valid_to = %(at)s WHERE mounting_id = %(mounting_id)s

-- name: add_mounting
INSERT INTO mounting (bin_id, device_id, valid_from, d_empty_mm, d_full_mm, offset_mm, angle_deg,
                      kind, inner_depth_mm, sensor_height_mm)
VALUES (%(bin_id)s, %(device_id)s, %(valid_from)s, %(d_empty_mm)s, %(d_full_mm)s, %(offset_mm)s,
        %(angle_deg)s, %(kind)s, %(inner_depth_mm)s, %(sensor_height_mm)s)
RETURNING mounting_id

-- name: list_devices
SELECT d.external_id, d.model, d.interval_s, d.online, d.added_at, d.retired_at,
       b.code AS bin_code, l.seen_at
FROM device AS d
LEFT JOIN mounting AS m ON m.device_id = d.device_id AND m.valid_to IS NULL
LEFT JOIN bin AS b USING (bin_id)
LEFT JOIN bin_latest AS l ON l.bin_id = m.bin_id AND l.device_id = d.device_id
ORDER BY b.code, d.external_id

-- name: broker_users
SELECT external_id, secret_pbkdf2_sha512, secret_bcrypt
FROM device WHERE retired_at IS NULL ORDER BY external_id

-- name: notify_credentials
SELECT pg_notify(%(channel)s, '')

-- name: bins_without_device
SELECT b.code, b.container, b.volume_l
FROM bin AS b
WHERE NOT EXISTS (SELECT FROM mounting AS m WHERE m.bin_id = b.bin_id AND m.valid_to IS NULL)
ORDER BY b.code

-- name: site_district
-- The district that the map shows.
SELECT district_id, code, city_name, name, boundary, timezone FROM district
ORDER BY district_id LIMIT 1

-- name: site_areas
SELECT code, name, common_name, population, boundary FROM area
WHERE district_id = %(district_id)s ORDER BY code

-- name: site_places
SELECT 'depot' AS kind, code, name, lon, lat, cardinality(invented) > 0 AS invented
FROM depot WHERE district_id = %(district_id)s
UNION ALL
SELECT 'disposal_site', code, name, lon, lat, cardinality(invented) > 0
FROM disposal_site WHERE district_id = %(district_id)s
ORDER BY kind, code

-- name: mounting_at
SELECT m.mounting_id, m.device_id AS device_key, d.external_id AS device_id, m.valid_from,
       m.valid_to, m.d_empty_mm, m.d_full_mm, m.offset_mm, m.angle_deg
FROM mounting AS m JOIN bin AS b USING (bin_id) JOIN device AS d USING (device_id)
WHERE b.code = %(code)s AND m.valid_from <= %(at)s AND (m.valid_to IS NULL OR m.valid_to > %(at)s)

-- name: correct_mounting
UPDATE mounting SET d_empty_mm = %(d_empty_mm)s, d_full_mm = %(d_full_mm)s,
                    offset_mm = %(offset_mm)s, angle_deg = %(angle_deg)s
WHERE mounting_id = %(mounting_id)s
RETURNING d_empty_mm, d_full_mm, offset_mm, angle_deg

-- name: known_bins
SELECT code FROM bin WHERE code = ANY(%(codes)s)

-- name: registered
-- Devices, with the mounting that is in force now.
SELECT d.external_id, d.model, d.interval_s, d.retired_at, b.code AS bin_code, m.d_empty_mm,
       m.d_full_mm, m.offset_mm, m.angle_deg, m.kind, m.inner_depth_mm, m.sensor_height_mm
FROM device AS d
LEFT JOIN mounting AS m ON m.device_id = d.device_id AND m.valid_to IS NULL
LEFT JOIN bin AS b USING (bin_id)
WHERE d.external_id = ANY(%(devices)s)

-- name: label_bins
SELECT b.code, s.name AS site_name, a.common_name AS area_name
FROM bin AS b JOIN site AS s USING (site_id) JOIN area AS a USING (area_id)
WHERE (%(area)s::text IS NULL OR a.code = %(area)s
       OR lower(%(area)s) IN (lower(a.name), lower(a.common_name)))
  AND (%(codes)s::text[] IS NULL OR b.code = ANY(%(codes)s))
ORDER BY b.code

-- name: bins_like
SELECT code FROM bin WHERE code = %(code)s OR code LIKE %(ends)s ORDER BY code LIMIT 100

-- name: list_rounds
SELECT coalesce(b.code, s.code) AS place, r.site_id IS NOT NULL AS is_site, r.weekdays,
       v.code AS vehicle, r.valid_from, 'weekdays' = ANY(r.invented) AS is_invented
FROM collection_round AS r
LEFT JOIN site AS s ON s.site_id = r.site_id
LEFT JOIN bin AS b ON b.bin_id = r.bin_id
LEFT JOIN vehicle AS v USING (vehicle_id)
ORDER BY place, r.valid_from, vehicle
