-- name: bins
SELECT b.code, b.lon, b.lat, b.access, b.container, b.volume_l, b.service_s, s.site_id,
       b.collection_windows,
       a.code AS area_code, a.name AS area_name,
       (SELECT max(c.after_at) FROM collection AS c
        WHERE c.bin_id = b.bin_id AND c.after_at <= %(now)s AND c.confidence >= 0.5) AS emptied_at,
       (SELECT max(m.at) FROM missed_stop AS m
        WHERE m.bin_id = b.bin_id AND m.at <= %(now)s
          AND m.at > %(now)s - interval '7 days') AS missed_at
FROM bin AS b JOIN site AS s USING (site_id) JOIN area AS a USING (area_id)
WHERE a.district_id = %(district_id)s ORDER BY b.bin_id

-- name: known_until
-- The newest trusted reading; clocks of devices may be fast.
SELECT max(l.trusted_at) AS at
FROM bin_latest AS l JOIN bin USING (bin_id) JOIN site USING (site_id) JOIN area USING (area_id)
WHERE district_id = %(district_id)s AND l.trusted_at <= %(now)s

-- name: plans_before
-- Plans in force of shifts before this one that may have stops to come.
SELECT p.plan_id, p.shift_start, coalesce(p.document -> 'routes', 'null')::text AS routes
FROM plan AS p
JOIN LATERAL (SELECT kind FROM plan_event AS e WHERE e.plan_id = p.plan_id
              ORDER BY plan_event_id DESC LIMIT 1) AS e ON e.kind = 'published'
WHERE p.district_id = %(district_id)s AND p.shift_start < %(shift)s
  AND p.shift_start > %(now)s - interval '1 day'
ORDER BY p.shift_start, p.plan_id

-- name: bin_places
SELECT b.code, b.lon, b.lat, b.access, b.container
FROM bin AS b JOIN site AS s USING (site_id) JOIN area AS a USING (area_id)
WHERE a.district_id = %(district_id)s ORDER BY b.bin_id LIMIT %(most)s

-- name: rounds
-- The newest round of each bin that has begun, its own before its site's; several vehicles may
-- share one.
SELECT code, weekdays FROM (
    SELECT b.code, r.weekdays, rank() OVER (
               PARTITION BY b.bin_id ORDER BY r.bin_id IS NULL, r.valid_from DESC) AS place
    FROM collection_round AS r
    JOIN bin AS b ON b.bin_id = r.bin_id OR (r.bin_id IS NULL AND b.site_id = r.site_id)
    WHERE r.district_id = %(district_id)s AND r.valid_from <= %(day)s
) AS ranked WHERE place = 1 ORDER BY code

-- name: traffic
SELECT traffic_by_hour FROM district WHERE district_id = %(district_id)s

-- name: depots
SELECT code, lon, lat FROM depot WHERE district_id = %(district_id)s ORDER BY code

-- name: disposal_sites
SELECT code, lon, lat, opens_at, closes_at, tipping_min, queue_min FROM disposal_site
WHERE district_id = %(district_id)s ORDER BY code

-- name: transfers
SELECT s.code, s.lon, s.lat FROM site AS s JOIN area AS a USING (area_id)
WHERE a.district_id = %(district_id)s AND s.kind = 'tps3r' ORDER BY s.code

-- name: vehicles
SELECT v.code, d.code AS depot, v.kind, v.volume_l, v.payload_kg, v.access
FROM vehicle AS v JOIN depot AS d USING (depot_id)
WHERE d.district_id = %(district_id)s ORDER BY v.code

-- name: add_plan
INSERT INTO plan (
    plan_id, district_id, shift_start, policy, parameters, problem, problem_sha256, travel_sha256,
    travel_source, approximate, readings_as_of, seed, budget, solver, stage, document, violations,
    data_trust, is_treated, author, parent_id, changes, created_at)
VALUES (
    %(plan_id)s, %(district_id)s, %(shift_start)s, %(policy)s, %(parameters)s, %(problem)s,
    %(problem_sha256)s, %(travel_sha256)s, %(travel_source)s, %(approximate)s,
    %(readings_as_of)s, %(seed)s, %(budget)s, %(solver)s, %(stage)s, %(document)s,
    %(violations)s, %(data_trust)s, %(is_treated)s, %(author)s, %(parent_id)s, %(changes)s,
    %(created_at)s)

-- name: add_event
INSERT INTO plan_event (plan_id, kind, at, actor, note)
VALUES (%(plan_id)s, %(kind)s, %(at)s, %(actor)s, %(note)s)

-- name: announce_plan
SELECT pg_notify(%(channel)s, %(plan_id)s::text)

-- name: lock_shift
-- Two people cannot publish for one shift at once.
SELECT pg_advisory_xact_lock(hashtextextended(
    'angkut plan ' || district_id || ' ' || extract(epoch FROM shift_start), 0))
FROM plan WHERE plan_id = %(plan_id)s

-- name: in_force
-- Published plans of the same shift that nobody withdrew.
SELECT p.plan_id FROM plan AS p JOIN plan AS mine USING (district_id, shift_start)
JOIN LATERAL (SELECT kind FROM plan_event AS e WHERE e.plan_id = p.plan_id
              ORDER BY plan_event_id DESC LIMIT 1) AS e ON true
WHERE mine.plan_id = %(plan_id)s AND p.plan_id <> mine.plan_id AND e.kind = 'published'

-- name: course
-- A plan and those that it came of by changes, the newest first, with when each takes over.
WITH RECURSIVE course AS (
    SELECT plan_id, parent_id, changes, 0 AS back FROM plan WHERE plan_id = %(plan_id)s
    UNION ALL
    SELECT p.plan_id, p.parent_id, p.changes, c.back + 1
    FROM course AS c JOIN plan AS p ON p.plan_id = c.parent_id)
SELECT plan_id, (changes -> 'standing' ->> 'taken_over_at')::timestamptz AS taken_over_at
FROM course ORDER BY back

-- name: plan
-- Its document is read as text: it is checked anew in any case.
SELECT p.plan_id, p.shift_start, p.policy, p.parameters, p.problem, p.readings_as_of, p.budget,
       p.document::text AS document, p.violations, p.data_trust, p.is_treated, p.author,
       p.parent_id, p.changes, p.created_at, d.code AS district, d.timezone,
       (SELECT kind FROM plan_event AS e WHERE e.plan_id = p.plan_id
        ORDER BY plan_event_id DESC LIMIT 1) AS state
FROM plan AS p JOIN district AS d USING (district_id) WHERE p.plan_id = %(plan_id)s

-- name: events
SELECT kind, at, actor, note FROM plan_event WHERE plan_id = %(plan_id)s ORDER BY plan_event_id

-- name: plans
-- Which plans first, from narrow columns; then what the list shows of them out of their documents.
WITH newest AS (
    SELECT p.plan_id, e.kind AS state FROM plan AS p JOIN district AS d USING (district_id)
    LEFT JOIN LATERAL (SELECT kind FROM plan_event AS e WHERE e.plan_id = p.plan_id
                       ORDER BY plan_event_id DESC LIMIT 1) AS e ON true
    WHERE (NOT %(published_only)s OR e.kind = 'published')
    AND (%(day)s::date IS NULL OR (p.shift_start AT TIME ZONE d.timezone)::date = %(day)s)
    -- A first plan that its search improved on, and that nobody chose, is not shown beside the
    -- better; nor is one that was left by an attempt whose worker died.
    AND NOT (p.stage = 'greedy' AND e.kind IS NULL AND EXISTS (
        SELECT FROM plan AS better
        WHERE better.district_id = p.district_id AND better.shift_start = p.shift_start
          AND better.stage = 'search' AND (better.problem_sha256 = p.problem_sha256
              OR (better.author = p.author AND better.policy = p.policy
                  AND better.created_at >= p.created_at))))
    ORDER BY p.created_at DESC, p.plan_id LIMIT %(limit)s)
SELECT p.plan_id, d.code AS district, p.shift_start, p.policy, p.author, p.created_at,
       p.approximate, p.is_treated, jsonb_array_length(p.violations) AS violations,
       p.document -> 'totals' AS totals, n.state
FROM newest AS n JOIN plan AS p USING (plan_id) JOIN district AS d USING (district_id)
ORDER BY p.created_at DESC, p.plan_id

-- name: forget_driven
-- All that was said of this plan; and of these bins by other plans of the shift: vehicles followed
-- one after the other, and the last word on a bin holds.
WITH of_shift AS (
    SELECT p.plan_id FROM plan AS p JOIN plan AS mine USING (district_id, shift_start)
    WHERE mine.plan_id = %(plan_id)s
), spoken AS (
    SELECT bin_id FROM bin WHERE code = ANY(%(codes)s)
), missed AS (
    DELETE FROM missed_stop WHERE plan_id = ANY(ARRAY(SELECT plan_id FROM of_shift))
    AND (plan_id = %(plan_id)s OR bin_id IN (SELECT bin_id FROM spoken))
)
DELETE FROM collection WHERE plan_id = ANY(ARRAY(SELECT plan_id FROM of_shift))
AND (plan_id = %(plan_id)s OR bin_id IN (SELECT bin_id FROM spoken))

-- name: add_crew_emptyings
INSERT INTO collection (bin_id, source, before_at, after_at, confidence, plan_id, author, told_at)
SELECT b.bin_id, 'crew', u.before_at, u.after_at, %(confidence)s, %(plan_id)s, %(actor)s, %(now)s
FROM unnest(%(code)s::text[], %(before_at)s::timestamptz[], %(after_at)s::timestamptz[])
    AS u (code, before_at, after_at)
JOIN bin AS b USING (code)

-- name: add_missed_stops
INSERT INTO missed_stop (plan_id, bin_id, at, reason, author, told_at)
SELECT %(plan_id)s, b.bin_id, u.at, u.reason, %(actor)s, %(now)s
FROM unnest(%(code)s::text[], %(at)s::timestamptz[], %(reason)s::text[]) AS u (code, at, reason)
JOIN bin AS b USING (code)

-- name: emptied_by_crews
-- One word is by one person and of one time.
SELECT count(*) AS emptied, max(author) AS author, max(told_at) AS told_at
FROM collection WHERE plan_id = %(plan_id)s

-- name: missed_stops
SELECT b.code AS bin, m.at, m.reason, m.author, m.told_at
FROM missed_stop AS m JOIN bin AS b USING (bin_id)
WHERE m.plan_id = %(plan_id)s ORDER BY m.at, b.code
