-- Loading a site pack. `rows` is a JSON array of records as in the pack; references are codes.
--
-- Each `load_...` updates the rows that differ and inserts the new ones in one statement, and
-- returns what it wrote with the row before and after. It is not INSERT ... ON CONFLICT: that
-- takes a number from the identity sequence for every row of every load, and a smallint ends.
-- `old` is the row as it was: RETURNING sees only the new one before PostgreSQL 18.

-- name: lock_loading
SELECT pg_advisory_xact_lock(hashtextextended('angkut.site.load', 0))

-- name: district_id
SELECT district_id FROM district WHERE code = %(code)s

-- name: load_district
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS r(
        code text, bps_code text, city_slug text, city_name text, name text, population integer,
        boundary jsonb, timezone text,
        traffic_by_hour double precision[], source text, invented text[])
), changed AS (
    UPDATE district t
    SET bps_code = i.bps_code, city_slug = i.city_slug, city_name = i.city_name, name = i.name,
        population = i.population, boundary = i.boundary, timezone = i.timezone,
        traffic_by_hour = i.traffic_by_hour, source = i.source, invented = i.invented
    FROM incoming i, district old
    WHERE t.code = i.code AND old.district_id = t.district_id
      AND (t.bps_code, t.city_slug, t.city_name, t.name, t.population, t.boundary, t.timezone,
           t.traffic_by_hour, t.source, t.invented)
          IS DISTINCT FROM
          (i.bps_code, i.city_slug, i.city_name, i.name, i.population, i.boundary, i.timezone,
           i.traffic_by_hour, i.source, i.invented)
    RETURNING t.code, to_jsonb(old) AS before, to_jsonb(t) AS after
), added AS (
    INSERT INTO district (code, bps_code, city_slug, city_name, name, population, boundary,
                          timezone, traffic_by_hour, source, invented)
    SELECT i.code, i.bps_code, i.city_slug, i.city_name, i.name, i.population, i.boundary,
           i.timezone, i.traffic_by_hour, i.source, i.invented
    FROM incoming i
    WHERE NOT EXISTS (SELECT FROM district t WHERE t.code = i.code)
    RETURNING code
)
SELECT code, before, after FROM changed
UNION ALL
SELECT code, NULL, NULL FROM added

-- name: load_area
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS r(
        code text, bps_code text, name text, common_name text, postcode text, population integer,
        boundary jsonb, source text, invented text[])
), changed AS (
    UPDATE area t
    SET bps_code = i.bps_code, name = i.name, common_name = i.common_name,
        postcode = i.postcode, population = i.population, boundary = i.boundary,
        source = i.source, invented = i.invented
    FROM incoming i, area old
    WHERE t.code = i.code AND old.area_id = t.area_id
      AND (t.bps_code, t.name, t.common_name, t.postcode, t.population, t.boundary, t.source,
           t.invented)
          IS DISTINCT FROM
          (i.bps_code, i.name, i.common_name, i.postcode, i.population, i.boundary, i.source,
           i.invented)
    RETURNING t.code, to_jsonb(old) AS before, to_jsonb(t) AS after
), added AS (
    INSERT INTO area (district_id, code, bps_code, name, common_name, postcode, population,
                      boundary, source, invented)
    SELECT %(district_id)s, i.code, i.bps_code, i.name, i.common_name, i.postcode, i.population,
           i.boundary, i.source, i.invented
    FROM incoming i
    WHERE NOT EXISTS (SELECT FROM area t WHERE t.code = i.code)
    ORDER BY i.code
    RETURNING code
)
SELECT code, before, after FROM changed
UNION ALL
SELECT code, NULL, NULL FROM added

-- name: load_depot
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS r(
        code text, name text, lon double precision, lat double precision, source text,
        invented text[])
), changed AS (
    UPDATE depot t
    SET name = i.name, lon = i.lon, lat = i.lat, source = i.source, invented = i.invented
    FROM incoming i, depot old
    WHERE t.code = i.code AND old.depot_id = t.depot_id
      AND (t.name, t.lon, t.lat, t.source, t.invented)
          IS DISTINCT FROM (i.name, i.lon, i.lat, i.source, i.invented)
    RETURNING t.code, to_jsonb(old) AS before, to_jsonb(t) AS after
), added AS (
    INSERT INTO depot (district_id, code, name, lon, lat, source, invented)
    SELECT %(district_id)s, i.code, i.name, i.lon, i.lat, i.source, i.invented
    FROM incoming i
    WHERE NOT EXISTS (SELECT FROM depot t WHERE t.code = i.code)
    ORDER BY i.code
    RETURNING code
)
SELECT code, before, after FROM changed
UNION ALL
SELECT code, NULL, NULL FROM added

-- name: load_disposal_site
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS r(
        code text, name text, lon double precision, lat double precision, opens_at time,
        closes_at time, tipping_min real, queue_min real[], source text, invented text[])
), changed AS (
    UPDATE disposal_site t
    SET name = i.name, lon = i.lon, lat = i.lat, opens_at = i.opens_at,
        closes_at = i.closes_at, tipping_min = i.tipping_min, queue_min = i.queue_min,
        source = i.source, invented = i.invented
    FROM incoming i, disposal_site old
    WHERE t.code = i.code AND old.disposal_site_id = t.disposal_site_id
      AND (t.name, t.lon, t.lat, t.opens_at, t.closes_at, t.tipping_min, t.queue_min, t.source,
           t.invented)
          IS DISTINCT FROM
          (i.name, i.lon, i.lat, i.opens_at, i.closes_at, i.tipping_min, i.queue_min, i.source,
           i.invented)
    RETURNING t.code, to_jsonb(old) AS before, to_jsonb(t) AS after
), added AS (
    INSERT INTO disposal_site (district_id, code, name, lon, lat, opens_at, closes_at,
                               tipping_min, queue_min, source, invented)
    SELECT %(district_id)s, i.code, i.name, i.lon, i.lat, i.opens_at, i.closes_at,
           i.tipping_min, i.queue_min, i.source, i.invented
    FROM incoming i
    WHERE NOT EXISTS (SELECT FROM disposal_site t WHERE t.code = i.code)
    ORDER BY i.code
    RETURNING code
)
SELECT code, before, after FROM changed
UNION ALL
SELECT code, NULL, NULL FROM added

-- name: load_vehicle
-- A reference that is not there gives a null, which the column refuses: nothing is lost silently.
WITH incoming AS (
    SELECT r.*, d.depot_id
    FROM jsonb_to_recordset(%(rows)s) AS r(
        code text, depot text, kind text, volume_l integer, payload_kg integer, access text,
        source text, invented text[])
    LEFT JOIN depot d ON d.code = r.depot
), changed AS (
    UPDATE vehicle t
    SET depot_id = i.depot_id, kind = i.kind, volume_l = i.volume_l, payload_kg = i.payload_kg,
        access = i.access, source = i.source, invented = i.invented
    FROM incoming i, vehicle old
    WHERE t.code = i.code AND old.vehicle_id = t.vehicle_id
      AND (t.depot_id, t.kind, t.volume_l, t.payload_kg, t.access, t.source, t.invented)
          IS DISTINCT FROM
          (i.depot_id, i.kind, i.volume_l, i.payload_kg, i.access, i.source, i.invented)
    RETURNING t.code, to_jsonb(old) AS before, to_jsonb(t) AS after
), added AS (
    INSERT INTO vehicle (code, depot_id, kind, volume_l, payload_kg, access, source, invented)
    SELECT i.code, i.depot_id, i.kind, i.volume_l, i.payload_kg, i.access, i.source, i.invented
    FROM incoming i
    WHERE NOT EXISTS (SELECT FROM vehicle t WHERE t.code = i.code)
    ORDER BY i.code
    RETURNING code
)
SELECT code, before, after FROM changed
UNION ALL
SELECT code, NULL, NULL FROM added

-- name: load_site
WITH incoming AS (
    SELECT r.*, a.area_id
    FROM jsonb_to_recordset(%(rows)s) AS r(
        code text, area text, name text, kind text, lon double precision, lat double precision,
        source text, invented text[])
    LEFT JOIN area a ON a.code = r.area
), changed AS (
    UPDATE site t
    SET area_id = i.area_id, name = i.name, kind = i.kind, lon = i.lon, lat = i.lat,
        source = i.source, invented = i.invented
    FROM incoming i, site old
    WHERE t.code = i.code AND old.site_id = t.site_id
      AND (t.area_id, t.name, t.kind, t.lon, t.lat, t.source, t.invented)
          IS DISTINCT FROM (i.area_id, i.name, i.kind, i.lon, i.lat, i.source, i.invented)
    RETURNING t.code, to_jsonb(old) AS before, to_jsonb(t) AS after
), added AS (
    INSERT INTO site (area_id, code, name, kind, lon, lat, source, invented)
    SELECT i.area_id, i.code, i.name, i.kind, i.lon, i.lat, i.source, i.invented
    FROM incoming i
    WHERE NOT EXISTS (SELECT FROM site t WHERE t.code = i.code)
    ORDER BY i.code
    RETURNING code
)
SELECT code, before, after FROM changed
UNION ALL
SELECT code, NULL, NULL FROM added

-- name: load_bin
WITH incoming AS (
    SELECT r.*, s.site_id
    FROM jsonb_to_recordset(%(rows)s) AS r(
        code text, site text, container text, volume_l integer, access text, service_s integer,
        lon double precision, lat double precision, collection_windows text, source text,
        invented text[])
    LEFT JOIN site s ON s.code = r.site
), changed AS (
    UPDATE bin t
    SET site_id = i.site_id, container = i.container, volume_l = i.volume_l,
        access = i.access, service_s = i.service_s, lon = i.lon, lat = i.lat,
        collection_windows = i.collection_windows, source = i.source, invented = i.invented
    FROM incoming i, bin old
    WHERE t.code = i.code AND old.bin_id = t.bin_id
      AND (t.site_id, t.container, t.volume_l, t.access, t.service_s, t.lon, t.lat,
           t.collection_windows, t.source, t.invented)
          IS DISTINCT FROM
          (i.site_id, i.container, i.volume_l, i.access, i.service_s, i.lon, i.lat,
           i.collection_windows, i.source, i.invented)
    RETURNING t.code, to_jsonb(old) AS before, to_jsonb(t) AS after
), added AS (
    INSERT INTO bin (code, site_id, container, volume_l, access, service_s, lon, lat,
                     collection_windows, source, invented)
    SELECT i.code, i.site_id, i.container, i.volume_l, i.access, i.service_s, i.lon, i.lat,
           i.collection_windows, i.source, i.invented
    FROM incoming i
    WHERE NOT EXISTS (SELECT FROM bin t WHERE t.code = i.code)
    ORDER BY i.code
    RETURNING code
)
SELECT code, before, after FROM changed
UNION ALL
SELECT code, NULL, NULL FROM added

-- name: load_calendar_day
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS r(
        day date, kind text, name text, source text, invented text[])
), changed AS (
    UPDATE calendar_day t
    SET name = i.name, source = i.source, invented = i.invented
    FROM incoming i, calendar_day old
    WHERE t.district_id = %(district_id)s AND t.day = i.day AND t.kind = i.kind
      AND old.district_id = t.district_id AND old.day = t.day AND old.kind = t.kind
      AND (t.name, t.source, t.invented) IS DISTINCT FROM (i.name, i.source, i.invented)
    RETURNING t.day || ' ' || t.kind AS code, to_jsonb(old) AS before, to_jsonb(t) AS after
), added AS (
    INSERT INTO calendar_day (district_id, day, kind, name, source, invented)
    SELECT %(district_id)s, i.day, i.kind, i.name, i.source, i.invented
    FROM incoming i
    WHERE NOT EXISTS (
        SELECT FROM calendar_day t
        WHERE t.district_id = %(district_id)s AND t.day = i.day AND t.kind = i.kind)
    RETURNING day || ' ' || kind AS code
)
SELECT code, before, after FROM changed
UNION ALL
SELECT code, NULL, NULL FROM added

-- name: load_round
-- A place that is not there gives two nulls, which the table refuses. What the pack says of a place
-- from a day on is all that is in force there: a row with another vehicle would add its days to it.
WITH incoming AS (
    SELECT r.code, s.site_id, b.bin_id, r.weekdays, v.vehicle_id, r.valid_from, r.source, r.invented
    FROM jsonb_to_recordset(%(rows)s) AS r(
        code text, site text, bin text, weekdays smallint[], vehicle text, valid_from date,
        source text, invented text[])
    LEFT JOIN site s ON s.code = r.site
    LEFT JOIN bin b ON b.code = r.bin
    LEFT JOIN vehicle v ON v.code = r.vehicle
), changed AS (
    UPDATE collection_round t
    SET site_id = i.site_id, bin_id = i.bin_id, weekdays = i.weekdays, vehicle_id = i.vehicle_id,
        valid_from = i.valid_from, source = i.source, invented = i.invented
    FROM incoming i, collection_round old
    WHERE t.district_id = %(district_id)s AND t.code = i.code
      AND old.collection_round_id = t.collection_round_id
      AND (t.site_id, t.bin_id, t.weekdays, t.vehicle_id, t.valid_from, t.source, t.invented)
          IS DISTINCT FROM
          (i.site_id, i.bin_id, i.weekdays, i.vehicle_id, i.valid_from, i.source, i.invented)
    RETURNING t.code, to_jsonb(old) AS before, to_jsonb(t) AS after
), added AS (
    INSERT INTO collection_round (district_id, code, site_id, bin_id, weekdays, vehicle_id,
                                  valid_from, source, invented)
    SELECT %(district_id)s, i.code, i.site_id, i.bin_id, i.weekdays, i.vehicle_id, i.valid_from,
           i.source, i.invented
    FROM incoming i
    WHERE NOT EXISTS (
        SELECT FROM collection_round t
        WHERE t.district_id = %(district_id)s AND t.code = i.code)
    ORDER BY i.code
    RETURNING code
), removed AS (
    DELETE FROM collection_round t
    WHERE t.district_id = %(district_id)s
      AND NOT EXISTS (SELECT FROM incoming i WHERE i.code = t.code)
      AND EXISTS (
          SELECT FROM incoming i
          WHERE i.valid_from = t.valid_from
            AND (i.site_id, i.bin_id) IS NOT DISTINCT FROM (t.site_id, t.bin_id))
    RETURNING t.code, to_jsonb(t) AS before
)
SELECT code, before, after FROM changed
UNION ALL
SELECT code, NULL, NULL FROM added
UNION ALL
SELECT code, before, NULL FROM removed

-- name: owners
-- Whose each code is, for every code of the pack or of the district.
WITH owned AS (
    SELECT 'area' AS relation, code, district_id FROM area
    UNION ALL SELECT 'depot', code, district_id FROM depot
    UNION ALL SELECT 'disposal_site', code, district_id FROM disposal_site
    UNION ALL SELECT 'vehicle', v.code, d.district_id FROM vehicle v JOIN depot d USING (depot_id)
    UNION ALL SELECT 'site', s.code, a.district_id FROM site s JOIN area a USING (area_id)
    UNION ALL SELECT 'bin', b.code, a.district_id
              FROM bin b JOIN site s USING (site_id) JOIN area a USING (area_id)
    UNION ALL SELECT 'calendar_day', day || ' ' || kind, district_id FROM calendar_day
              WHERE district_id = %(district_id)s
    UNION ALL SELECT 'round', code, district_id FROM collection_round
              WHERE district_id = %(district_id)s
)
SELECT o.relation, o.code, d.code AS district_code
FROM owned o JOIN district d USING (district_id)
WHERE o.district_id = %(district_id)s OR %(codes)s::jsonb -> o.relation ? o.code
ORDER BY o.relation, o.code

-- name: bins_shown_otherwise
SELECT b.bin_id
FROM bin b JOIN site s USING (site_id) JOIN area a USING (area_id)
WHERE b.code = ANY (%(bins)s) OR s.code = ANY (%(sites)s) OR a.code = ANY (%(areas)s)
ORDER BY b.bin_id

-- name: notify
SELECT pg_notify(%(channel)s, %(payload)s)

-- name: insert_load
INSERT INTO site_pack_load (district_id, sha256, changes)
VALUES (%(district_id)s, %(sha256)s, %(changes)s)
