-- name: district_of_city
-- The one district of a pilot, or the one named.
SELECT district_id, code, city_slug, name FROM district
WHERE %(code)s::text IS NULL OR code = %(code)s
ORDER BY district_id

-- name: add_device
INSERT INTO device (external_id, district_id, kind, model, interval_s,
                    secret_pbkdf2_sha512, secret_bcrypt)
VALUES (%(external_id)s, %(district_id)s, 'bin', %(model)s, %(interval_s)s,
        %(pbkdf2_sha512)s, %(bcrypt)s)
RETURNING device_id

-- name: bin_by_code
SELECT b.bin_id, b.code, a.district_id, d.city_slug, d.code AS district_code
FROM bin AS b JOIN site AS s USING (site_id) JOIN area AS a USING (area_id)
JOIN district AS d USING (district_id)
WHERE b.code = %(code)s

-- name: open_mounting_of_bin
SELECT m.mounting_id, m.valid_from, d.external_id
FROM mounting AS m JOIN device AS d USING (device_id)
WHERE m.bin_id = %(bin_id)s AND m.valid_to IS NULL

-- name: end_mounting
UPDATE mounting SET valid_to = %(at)s WHERE mounting_id = %(mounting_id)s

-- name: add_mounting
INSERT INTO mounting (bin_id, device_id, valid_from, d_empty_mm, d_full_mm)
VALUES (%(bin_id)s, %(device_id)s, %(valid_from)s, %(d_empty_mm)s, %(d_full_mm)s)

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
SELECT m.mounting_id, d.external_id AS device_id, m.valid_from, m.valid_to, m.d_empty_mm,
       m.d_full_mm, m.offset_mm, m.angle_deg
FROM mounting AS m JOIN bin AS b USING (bin_id) JOIN device AS d USING (device_id)
WHERE b.code = %(code)s AND m.valid_from <= %(at)s AND (m.valid_to IS NULL OR m.valid_to > %(at)s)

-- name: correct_mounting
UPDATE mounting SET d_empty_mm = %(d_empty_mm)s, d_full_mm = %(d_full_mm)s,
                    offset_mm = %(offset_mm)s, angle_deg = %(angle_deg)s
WHERE mounting_id = %(mounting_id)s
RETURNING d_empty_mm, d_full_mm, offset_mm, angle_deg
