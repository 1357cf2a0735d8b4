-- name: districts
SELECT d.district_id, d.code, d.timezone FROM district AS d
WHERE EXISTS (SELECT FROM bin JOIN site USING (site_id) JOIN area AS a USING (area_id)
              WHERE a.district_id = d.district_id)
ORDER BY d.district_id

-- name: bins
SELECT b.bin_id, b.code, s.kind || ' ' || b.container AS fill_group
FROM bin AS b JOIN site AS s USING (site_id) JOIN area AS a USING (area_id)
WHERE a.district_id = %(district_id)s ORDER BY b.bin_id

-- name: levels
-- Hour by hour, as they lie on the disk, and packed for numpy to take whole. Bins of a district have
-- keys near each other, and what is of another is left out there: a long list of keys would have
-- PostgreSQL look into the index of each bin, which costs three times as much.
SELECT bucket,
       string_agg(int4send(bin_id) || float4send((fill_sum / trusted_n)::real), '') AS levels
FROM readings_hourly
WHERE bucket >= %(since)s AND bucket < %(until)s AND trusted_n > 0
  AND bin_id BETWEEN %(low)s AND %(high)s
GROUP BY bucket

-- name: emptyings
-- What a crew found is a level, too: where two tell of one hour, the first of them found it.
SELECT string_agg(
    int4send(bin_id) || int4send(floor(date_part('epoch', after_at - %(since)s) / 3600)::int4)
        || float4send(coalesce(CASE WHEN source = 'crew' THEN before_pct END, 'NaN')),
    '' ORDER BY after_at DESC) AS emptyings
FROM collection
WHERE after_at >= %(since)s AND after_at < %(until)s
  AND bin_id BETWEEN %(low)s AND %(high)s AND confidence >= %(confidence)s

-- name: days
SELECT day, kind FROM calendar_day
WHERE district_id = %(district_id)s AND day BETWEEN %(first)s AND %(last)s

-- name: model
SELECT * FROM fill_model WHERE district_id = %(district_id)s

-- name: groups
SELECT name, shape FROM fill_group WHERE district_id = %(district_id)s

-- name: rates
SELECT bin_id, log_rate, log_rate_sd, spread FROM fill_rate WHERE bin_id = ANY(%(bins)s)

-- name: put_model
INSERT INTO fill_model (district_id, learned_at, days, phi, kappa, noise_pct, daykind, widen,
                        unheard_shift, unheard_slope)
VALUES (%(district_id)s, %(learned_at)s, %(days)s, %(phi)s, %(kappa)s, %(noise_pct)s,
        %(daykind)s, %(widen)s, %(unheard_shift)s, %(unheard_slope)s)
ON CONFLICT (district_id) DO UPDATE SET
    learned_at = excluded.learned_at, days = excluded.days, phi = excluded.phi,
    kappa = excluded.kappa, noise_pct = excluded.noise_pct, daykind = excluded.daykind,
    widen = excluded.widen, unheard_shift = excluded.unheard_shift,
    unheard_slope = excluded.unheard_slope

-- name: put_group
INSERT INTO fill_group (district_id, name, shape) VALUES (%(district_id)s, %(name)s, %(shape)s)
ON CONFLICT (district_id, name) DO UPDATE SET shape = excluded.shape

-- name: drop_groups
DELETE FROM fill_group WHERE district_id = %(district_id)s AND name <> ALL (%(names)s)

-- name: put_rates
INSERT INTO fill_rate (bin_id, log_rate, log_rate_sd, spread)
SELECT * FROM unnest(%(bins)s::int4[], %(log_rate)s::float8[], %(log_rate_sd)s::float8[],
                     %(spread)s::float8[])
ON CONFLICT (bin_id) DO UPDATE SET
    log_rate = excluded.log_rate, log_rate_sd = excluded.log_rate_sd, spread = excluded.spread

-- name: model_due
SELECT d.district_id FROM unnest(%(districts)s::int2[]) AS d (district_id)
LEFT JOIN fill_model AS m USING (district_id)
WHERE m.learned_at IS NULL OR m.learned_at <= %(before)s
ORDER BY m.learned_at NULLS FIRST LIMIT 1

-- name: forecast_due
SELECT m.district_id FROM fill_model AS m
WHERE NOT EXISTS (
    SELECT FROM forecast AS f JOIN bin USING (bin_id) JOIN site USING (site_id)
    JOIN area AS a USING (area_id)
    WHERE a.district_id = m.district_id AND f.issued_at > %(after)s)
ORDER BY m.district_id LIMIT 1

-- name: put_forecasts
COPY forecast (bin_id, issued_at, from_at, level_age_h, level_pct, overflow_probability,
               overflow_h, to_full_h) FROM STDIN

-- name: prune
-- Of what is more than a day old, the first of every six hours stays.
DELETE FROM forecast AS f WHERE issued_at < %(before)s
OR (issued_at >= %(thin_since)s AND issued_at < %(thin_before)s AND EXISTS (
    SELECT FROM forecast AS g WHERE g.bin_id = f.bin_id AND g.issued_at < f.issued_at
    AND g.issued_at >= date_bin('6 hours', f.issued_at, 'epoch')))

-- name: latest
SELECT b.code, f.* FROM bin AS b
LEFT JOIN LATERAL (
    SELECT * FROM forecast AS f WHERE f.bin_id = b.bin_id ORDER BY issued_at DESC LIMIT 1
) AS f ON true
WHERE b.code = %(code)s
