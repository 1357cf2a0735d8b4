-- name: jobs
-- The newest first; or the one of an id.
SELECT j.job_id, j.kind, j.queue, j.body, j.state, j.progress, j.message, j.cancel_asked,
       j.first_plan_id, j.plan_id, j.author, j.retry_of, j.attempt, j.created_at,
       j.started_at, j.ended_at,
       CASE WHEN j.message IS NULL AND j.ended_at IS NOT NULL
           THEN nullif(j.result - ARRAY['deaths', 'delays'], '{}') END AS result,
       CASE WHEN j.message IS NOT NULL THEN j.result ->> 'code' END AS code,
       CASE
           WHEN j.state = 'running' AND j.beat_at < now() - make_interval(secs => %(lost_s)s)
               THEN 'worker_lost'
           WHEN j.state = 'waiting' AND NOT EXISTS (
               SELECT FROM pg_stat_activity AS a WHERE a.datname = current_database()
                   AND ARRAY['angkut-queue', j.queue] <@ string_to_array(a.application_name, ' '))
               THEN 'no_worker'
           ELSE j.phase
       END AS phase
FROM job AS j
WHERE (%(job_id)s::uuid IS NULL OR j.job_id = %(job_id)s)
  AND (%(kind)s::text IS NULL OR j.kind = %(kind)s)
ORDER BY j.created_at DESC, j.job_id LIMIT %(limit)s

-- name: queues
-- `serving` names the connections of workers.
SELECT q.queue, count(j.job_id) AS waiting, min(j.created_at) AS oldest_at, EXISTS (
           SELECT FROM pg_stat_activity AS a WHERE a.datname = current_database()
               AND ARRAY['angkut-queue', q.queue] <@ string_to_array(a.application_name, ' ')
       ) AS is_served
FROM unnest(%(queues)s::text[]) AS q(queue)
LEFT JOIN job AS j ON j.queue = q.queue AND j.state = 'waiting'
GROUP BY q.queue ORDER BY q.queue

-- name: lock_bounds
-- Two requests at once cannot pass the bounds together.
SELECT pg_advisory_xact_lock(hashtextextended('angkut jobs', 0))

-- name: count_open
SELECT count(*) FILTER (WHERE author = %(author)s) AS mine, count(*) AS total
FROM job WHERE state IN ('waiting', 'running')

-- name: same
-- One that runs has read its data: who asks again later may have changed them. One that is to be
-- cancelled is no answer at all.
SELECT job_id FROM job
WHERE (state = 'waiting' OR (state = 'running' AND created_at > %(since)s))
  AND NOT cancel_asked AND author = %(author)s
  AND kind = %(kind)s AND body = %(body)s AND retry_of IS NOT DISTINCT FROM %(retry_of)s::uuid
ORDER BY created_at LIMIT 1

-- name: open_of_kind
SELECT FROM job WHERE kind = %(kind)s AND state IN ('waiting', 'running') LIMIT 1

-- name: add
INSERT INTO job (job_id, kind, queue, body, author, retry_of, created_at)
VALUES (%(job_id)s, %(kind)s, %(queue)s, %(body)s, %(author)s, %(retry_of)s, %(now)s)

-- name: set_queue_id
UPDATE job SET queue_id = %(queue_id)s WHERE job_id = %(job_id)s

-- name: lock_job
SELECT state, kind, queue, body, beat_at < now() - make_interval(secs => %(lost_s)s) AS is_lost
FROM job WHERE job_id = %(job_id)s FOR UPDATE

-- name: ask_to_cancel
UPDATE job SET cancel_asked = true WHERE job_id = %(job_id)s

-- name: cancel_now
-- Clocks of machines differ, and no job ends before it began.
UPDATE job SET cancel_asked = true, state = 'cancelled', plan_id = first_plan_id,
               ended_at = greatest(%(now)s, created_at, started_at)
WHERE job_id = %(job_id)s

-- name: claim
-- Nothing where it ended before it began, cancelled while it waited, or was put in the queue anew.
UPDATE job SET state = 'running', attempt = attempt + 1, phase = 'starting', progress = 0,
               started_at = coalesce(started_at, greatest(%(now)s, created_at)),
               beat_at = clock_timestamp()
WHERE job_id = %(job_id)s AND state IN ('waiting', 'running') AND queue_id = %(queue_id)s
RETURNING attempt, kind, coalesce((result ->> 'delays')::int, 0) AS delays

-- name: ours
SELECT kind, body, author, first_plan_id FROM job
WHERE job_id = %(job_id)s AND attempt = %(attempt)s AND state = 'running'

-- name: beat
UPDATE job SET beat_at = clock_timestamp()
WHERE job_id = %(job_id)s AND attempt = %(attempt)s AND state = 'running'
RETURNING cancel_asked, first_plan_id IS NOT NULL AS has_first

-- name: tell
UPDATE job SET phase = %(phase)s, progress = %(progress)s
WHERE job_id = %(job_id)s AND attempt = %(attempt)s AND state = 'running' RETURNING cancel_asked

-- name: first_plan
UPDATE job SET first_plan_id = %(plan_id)s
WHERE job_id = %(job_id)s AND attempt = %(attempt)s AND state = 'running' RETURNING job_id

-- name: finish
-- Part of the transaction that keeps what the job made. One that was told to stop early is cancelled.
UPDATE job SET state = CASE WHEN %(stopped)s THEN 'cancelled' ELSE 'done' END,
               progress = CASE WHEN %(stopped)s THEN progress ELSE 1 END,
               plan_id = %(plan_id)s, result = %(result)s,
               ended_at = greatest(%(now)s, started_at)
WHERE job_id = %(job_id)s AND attempt = %(attempt)s AND state = 'running' RETURNING job_id

-- name: fail
-- What failed has no other result than why; what was to be cancelled anyway has the best so far.
UPDATE job SET state = CASE WHEN cancel_asked THEN 'cancelled' ELSE 'failed' END,
               message = CASE WHEN NOT cancel_asked THEN %(message)s END,
               result = CASE WHEN NOT cancel_asked
                   THEN jsonb_build_object('code', %(code)s::text) END,
               plan_id = CASE WHEN cancel_asked THEN first_plan_id END,
               ended_at = greatest(%(now)s, started_at)
WHERE job_id = %(job_id)s AND attempt = %(attempt)s AND state = 'running' RETURNING state

-- name: drop
-- The best so far is the first plan, if there is one.
UPDATE job SET state = 'cancelled', ended_at = greatest(%(now)s, started_at),
               plan_id = first_plan_id
WHERE job_id = %(job_id)s AND attempt = %(attempt)s AND state = 'running' RETURNING state

-- name: state
SELECT state FROM job WHERE job_id = %(job_id)s AND attempt = %(attempt)s

-- name: put_back
-- Its worker stops, or died, or had no database: another one begins anew, unless it was to be
-- cancelled anyway. Until there is a result, that column counts what is not to go on for ever:
-- `deaths` and `delays`. A restart is neither.
UPDATE job SET state = CASE WHEN cancel_asked THEN 'cancelled' ELSE 'waiting' END,
               ended_at = CASE WHEN cancel_asked THEN greatest(%(now)s, started_at) END,
               plan_id = CASE WHEN cancel_asked THEN first_plan_id END,
               phase = 'queued', progress = 0,
               result = CASE WHEN %(because)s::text IS NULL THEN result
                   ELSE coalesce(result, '{}') || jsonb_build_object(%(because)s::text,
                       coalesce((result ->> %(because)s::text)::int, 0) + 1) END
WHERE job_id = %(job_id)s AND attempt = %(attempt)s AND state = 'running'
RETURNING state, queue_id, clock_timestamp() AS at

-- name: silent
-- Running jobs whose worker says nothing, whatever the queue thinks of them.
SELECT job_id, queue_id, attempt, coalesce((result ->> 'deaths')::int, 0) + 1 AS deaths FROM job
WHERE state = 'running' AND beat_at < now() - make_interval(secs => %(lost_s)s)

-- name: stranded
-- Jobs that wait and that the queue has done with, such as for a worker that was only slow and
-- reported the end of an attempt that was not its own any more. No other worker takes them up now.
SELECT j.job_id, j.queue FROM job AS j
WHERE j.state = 'waiting' AND NOT EXISTS (
    SELECT FROM procrastinate_jobs AS q WHERE q.id = j.queue_id AND q.status IN ('todo', 'doing'))
FOR UPDATE SKIP LOCKED

-- name: of_queue
SELECT job_id, state, attempt FROM job WHERE queue_id = %(queue_id)s

-- name: prune
DELETE FROM job WHERE state IN ('done', 'failed', 'cancelled') AND ended_at < %(before)s

-- name: prune_queue
-- What the queue knows of jobs that are gone; its events go along.
DELETE FROM procrastinate_jobs AS q
WHERE q.status <> 'doing' AND NOT EXISTS (SELECT FROM job WHERE queue_id = q.id)

-- name: figures
SELECT kind, count(*) FILTER (WHERE state = 'waiting') AS waiting,
       count(*) FILTER (WHERE state = 'running') AS running,
       greatest(0, extract(epoch FROM
           %(now)s - min(created_at) FILTER (WHERE state = 'waiting'))) AS oldest_waiting_s
FROM job WHERE state IN ('waiting', 'running') GROUP BY kind
