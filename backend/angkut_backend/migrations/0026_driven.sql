-- What crews say of the stops of a plan that was driven: emptied (rows of collection of source
-- `crew`), or missed. Said again, it takes the place of what was said before.

ALTER TABLE collection
    ADD plan_id  uuid REFERENCES plan,          -- whose stop it was
    ADD author   text,                          -- who said so, as audit_log.actor
    ADD told_at  timestamptz,
    ADD CHECK (plan_id IS NULL
               OR (source = 'crew' AND author IS NOT NULL AND told_at IS NOT NULL));
CREATE UNIQUE INDEX collection_plan_key ON collection (plan_id, bin_id) WHERE plan_id IS NOT NULL;

CREATE TABLE missed_stop (
    plan_id      uuid NOT NULL REFERENCES plan,
    bin_id       integer NOT NULL REFERENCES bin,
    at           timestamptz NOT NULL,          -- when the plan had it served
    reason       text NOT NULL DEFAULT '' CHECK (length(reason) <= 200),
    author       text NOT NULL,
    told_at      timestamptz NOT NULL,
    PRIMARY KEY (plan_id, bin_id)
);
CREATE INDEX missed_stop_bin_idx ON missed_stop (bin_id, at);
