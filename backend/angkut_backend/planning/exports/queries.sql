-- name: district_names
SELECT name, city_name FROM district WHERE code = %(code)s

-- name: bin_names
SELECT b.code, s.name AS site, a.common_name AS area
FROM bin AS b JOIN site AS s USING (site_id) JOIN area AS a USING (area_id)
WHERE b.code = ANY(%(codes)s)

-- name: place_names
SELECT code, name FROM depot WHERE code = ANY(%(codes)s)
UNION ALL
SELECT code, name FROM disposal_site WHERE code = ANY(%(codes)s)
UNION ALL
SELECT code, name FROM site WHERE code = ANY(%(codes)s)
