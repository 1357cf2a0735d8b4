-- name: device
SELECT device_id, interval_s, retired_at,
       (SELECT count(*) FROM command AS c
        WHERE c.device_id = d.device_id AND c.ended_at IS NULL) AS open
FROM device AS d WHERE external_id = %(device)s
FOR UPDATE OF d

-- name: add
INSERT INTO command (command_id, device_id, cmd, args, created_at, created_by, expires_at, next_at)
VALUES (%(command_id)s, %(device_id)s, %(cmd)s, %(args)s, %(now)s, %(actor)s, %(expires_at)s,
        %(now)s)

-- name: list
SELECT c.command_id, d.external_id AS device, c.cmd, c.args, c.state, c.attempts, c.created_at,
       c.created_by, c.expires_at, c.sent_at, c.delivered_at, c.ended_at, c.detail
FROM command AS c JOIN device AS d USING (device_id)
WHERE d.external_id = %(device)s
  AND (%(command_id)s::uuid IS NULL OR c.command_id = %(command_id)s)
ORDER BY c.created_at DESC, c.command_id
LIMIT %(limit)s

-- name: expire
UPDATE command
SET state = 'expired', ended_at = %(now)s, next_at = NULL,
    detail = CASE state WHEN 'queued' THEN 'could not be handed to the broker in time'
                        WHEN 'sent' THEN 'nobody answered in time'
                        ELSE 'handed on, but not answered in time' END
WHERE ended_at IS NULL AND expires_at <= %(now)s
RETURNING command_id

-- name: due
-- Due by time, or because the device (or its gateway) has come back since it was last sent.
SELECT c.command_id, c.cmd, c.args, c.attempts, c.expires_at, d.external_id AS device,
       t.external_id AS target, t.kind, s.city_slug, replace(s.code, '.', '') AS area
FROM command AS c
JOIN device AS d USING (device_id)
JOIN device AS t ON t.device_id = coalesce(d.gateway_id, d.device_id)
JOIN district AS s ON s.district_id = t.district_id
WHERE c.ended_at IS NULL AND c.next_at IS NOT NULL
  AND (c.next_at <= %(now)s OR (t.online AND t.status_at > c.sent_at + interval '2 seconds'))
ORDER BY c.created_at
LIMIT %(limit)s

-- name: note_sent
UPDATE command AS c
SET state = CASE c.state WHEN 'queued' THEN 'sent' ELSE c.state END,
    attempts = c.attempts + 1, sent_at = %(now)s,
    -- It may have been answered between the publish and this.
    next_at = CASE WHEN c.next_at IS NULL THEN NULL ELSE u.next_at END
FROM unnest(%(command_id)b::uuid[], %(next_at)b::timestamptz[]) AS u (command_id, next_at)
WHERE c.command_id = u.command_id AND c.ended_at IS NULL

-- name: find_answered
SELECT c.command_id, d.external_id AS device
FROM command AS c JOIN device AS d USING (device_id)
WHERE c.command_id = ANY(%(command_ids)s)

-- name: note_delivered
UPDATE command
SET state = 'delivered', delivered_at = coalesce(delivered_at, %(at)s), detail = %(detail)s,
    -- Asked again now and then: the answer proper may get lost.
    next_at = %(at)s + interval '1 hour'
WHERE command_id = %(command_id)s AND ended_at IS NULL

-- name: note_ended
-- A late answer counts too: the device has done it.
UPDATE command
SET state = %(state)s, ended_at = %(at)s, next_at = NULL, detail = %(detail)s
WHERE command_id = %(command_id)s AND state NOT IN ('done', 'failed')
RETURNING device_id, cmd, args

-- name: set_interval
UPDATE device SET interval_s = %(interval_s)s WHERE device_id = %(device_id)s
