-- Jobs that people ask for and wait for. Which worker takes which is procrastinate's affair, whose
-- tables `angkut migrate` keeps; here is what a job was asked, how far it is and what came of it.

CREATE TABLE job (
    job_id       uuid PRIMARY KEY,
    kind         text NOT NULL CHECK (kind ~ '^[a-z]{1,20}$'),
    queue        text NOT NULL CHECK (queue ~ '^[a-z]{1,20}$'),
    body         jsonb NOT NULL,                -- what was asked for
    state        text NOT NULL DEFAULT 'waiting' CHECK (state IN
                     ('waiting', 'running', 'done', 'failed', 'cancelled')),
    phase        text NOT NULL DEFAULT 'queued',
    progress     real NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    message      text CHECK (length(message) <= 2000),      -- why it failed, and what to do
    cancel_asked boolean NOT NULL DEFAULT false,
    first_plan_id uuid REFERENCES plan,
    plan_id      uuid REFERENCES plan,
    result       jsonb,                         -- of kinds that make no plan
    author       text NOT NULL,                 -- as audit_log.actor
    retry_of     uuid REFERENCES job ON DELETE SET NULL,
    queue_id     bigint,                        -- procrastinate_jobs.id
    attempt      smallint NOT NULL DEFAULT 0,   -- only the newest may write
    beat_at      timestamptz,                   -- by the database's clock: its worker lives
    created_at   timestamptz NOT NULL,
    started_at   timestamptz,
    ended_at     timestamptz,
    CHECK ((state IN ('done', 'failed', 'cancelled')) = (ended_at IS NOT NULL))
);
CREATE INDEX job_created_idx ON job (created_at DESC);
CREATE INDEX job_open_idx ON job (author) WHERE state IN ('waiting', 'running');
CREATE INDEX job_queue_idx ON job (queue_id);

CREATE FUNCTION announce_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('angkut_jobs', NEW.job_id::text);
    RETURN NULL;
END
$$;
CREATE TRIGGER job_is_announced
    AFTER INSERT OR UPDATE OF state, phase, progress, message, cancel_asked, first_plan_id ON job
    FOR EACH ROW EXECUTE FUNCTION announce_job();

-- What procrastinate's own migrations did to this database, by its file names.
CREATE TABLE queue_migration (
    name         text PRIMARY KEY,
    applied_at   timestamptz NOT NULL DEFAULT now()
);
