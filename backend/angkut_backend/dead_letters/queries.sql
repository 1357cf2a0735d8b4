-- name: list
SELECT dead_letter_id, received_at, topic, device, substring(payload FROM 1 FOR 200) AS payload,
       octet_length(payload) AS payload_bytes, reason, detail,
       is_open, outcome, outcome_detail, outcome_at, outcome_by
FROM dead_letter
WHERE (%(reason)s::text IS NULL OR reason = %(reason)s)
  AND (%(device)s::text IS NULL OR device = %(device)s)
  AND (%(settled)s OR is_open)
  AND (%(before)s::bigint IS NULL OR dead_letter_id < %(before)s)
ORDER BY dead_letter_id DESC
LIMIT %(limit)s

-- name: get
SELECT dead_letter_id, received_at, topic, device, payload,
       octet_length(payload) AS payload_bytes, reason, detail,
       is_open, outcome, outcome_detail, outcome_at, outcome_by
FROM dead_letter WHERE dead_letter_id = %(dead_letter_id)s

-- name: lock
SELECT dead_letter_id, received_at, topic, device, payload,
       octet_length(payload) AS payload_bytes, reason, detail,
       is_open, outcome, outcome_detail, outcome_at, outcome_by
FROM dead_letter WHERE dead_letter_id = %(dead_letter_id)s
FOR UPDATE

-- name: settle
UPDATE dead_letter
SET outcome = %(outcome)s, outcome_detail = %(detail)s, outcome_at = %(at)s, outcome_by = %(by)s
WHERE dead_letter_id = %(dead_letter_id)s
RETURNING dead_letter_id, received_at, topic, device, payload,
          octet_length(payload) AS payload_bytes, reason, detail,
          is_open, outcome, outcome_detail, outcome_at, outcome_by

-- name: open_ids
SELECT dead_letter_id FROM dead_letter
WHERE is_open AND received_at <= %(until)s AND dead_letter_id > %(after)s
  AND (%(reason)s::text IS NULL OR reason = %(reason)s)
  AND (%(device)s::text IS NULL OR device = %(device)s)
ORDER BY dead_letter_id
LIMIT %(limit)s

-- name: count_open
SELECT count(*) AS n FROM dead_letter
WHERE is_open AND received_at <= %(until)s
  AND (%(reason)s::text IS NULL OR reason = %(reason)s)
  AND (%(device)s::text IS NULL OR device = %(device)s)

-- name: discard_open
UPDATE dead_letter
SET outcome = 'discarded', outcome_detail = NULL, outcome_at = %(at)s, outcome_by = %(by)s
WHERE is_open AND received_at <= %(at)s
  AND (%(reason)s::text IS NULL OR reason = %(reason)s)
  AND (%(device)s::text IS NULL OR device = %(device)s)

-- name: count_by_reason
SELECT reason, NULL AS device, count(*) AS n, count(*) FILTER (WHERE is_open) AS open,
       max(received_at) AS last_at
FROM dead_letter GROUP BY reason ORDER BY n DESC, reason

-- name: count_by_device
SELECT reason, device, count(*) AS n, count(*) FILTER (WHERE is_open) AS open,
       max(received_at) AS last_at
FROM dead_letter GROUP BY reason, device ORDER BY n DESC, device, reason
LIMIT %(limit)s

-- name: count_removed
SELECT reason, outcome, n, last_at FROM dead_letter_removed ORDER BY n DESC, reason, outcome

-- name: noisiest
SELECT device, count(*) AS n, (sum(count(*)) OVER ())::bigint AS total
FROM dead_letter GROUP BY device ORDER BY n DESC, device LIMIT 1

-- name: too_old
SELECT dead_letter_id FROM dead_letter WHERE received_at < %(before)s
ORDER BY received_at LIMIT %(limit)s
FOR UPDATE SKIP LOCKED                          -- one that is being replayed waits

-- name: too_many
SELECT dead_letter_id FROM dead_letter WHERE device IS NOT DISTINCT FROM %(device)s
ORDER BY is_open, dead_letter_id LIMIT %(limit)s
FOR UPDATE SKIP LOCKED

-- name: remove
WITH gone AS (
    DELETE FROM dead_letter WHERE dead_letter_id = ANY(%(dead_letter_ids)s)
    RETURNING reason, coalesce(outcome, 'none') AS outcome, received_at, is_open
), counted AS (
    INSERT INTO dead_letter_removed AS r (reason, outcome, n, last_at)
    SELECT reason, outcome, count(*), max(received_at) FROM gone GROUP BY reason, outcome
    ON CONFLICT (reason, outcome) DO UPDATE
        SET n = r.n + excluded.n, last_at = greatest(r.last_at, excluded.last_at)
)
SELECT count(*) AS n, count(*) FILTER (WHERE is_open) AS open FROM gone
