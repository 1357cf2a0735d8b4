-- Dead letters to work with: whose they are, what became of them, and how many were removed.

ALTER TABLE dead_letter
    -- The device or gateway that the topic names, for counting; none in a foreign topic.
    ADD COLUMN device text GENERATED ALWAYS AS (
        CASE WHEN topic LIKE 'angkut/v1/%' THEN nullif(split_part(topic, '/', 6), '') END) STORED,
    -- stored: all of it is in the database; refused: tried again, and refused again.
    ADD COLUMN outcome text CHECK (outcome IN ('stored', 'refused', 'discarded')),
    ADD COLUMN outcome_detail text,
    ADD COLUMN outcome_at timestamptz,
    ADD COLUMN outcome_by text,                 -- as audit_log.actor
    ADD COLUMN is_open boolean NOT NULL GENERATED ALWAYS AS (
        outcome IS NULL OR outcome = 'refused') STORED,
    ADD CHECK (outcome IS NULL OR (outcome_at IS NOT NULL AND outcome_by IS NOT NULL));
CREATE INDEX dead_letter_open_idx ON dead_letter (reason, dead_letter_id) WHERE is_open;
CREATE INDEX dead_letter_device_idx ON dead_letter (device, dead_letter_id);

-- How many letters were removed by age or number: what was counted once stays counted.
CREATE TABLE dead_letter_removed (
    reason       text NOT NULL,
    outcome      text NOT NULL,                 -- as dead_letter.outcome; `none`: never tried
    n            bigint NOT NULL,
    last_at      timestamptz NOT NULL,          -- newest arrival among them
    PRIMARY KEY (reason, outcome)
);

-- When the newest description of a device arrived: a replayed older one must not replace it.
ALTER TABLE device ADD COLUMN meta_at timestamptz;
