-- Provisioning: how sensors hang and who hung them, photos of it, and which readings must follow
-- a mounting that was changed for a time that is past.

-- Who mounts sensors may do that and look, nothing else.
ALTER TABLE account DROP CONSTRAINT account_role_check;
ALTER TABLE account ADD CONSTRAINT account_role_check CHECK (
    role IN ('admin', 'dispatcher', 'driver', 'technician', 'evaluator', 'viewer'));

ALTER TABLE mounting
    ADD COLUMN kind text CHECK (kind IN ('lid', 'rim', 'wall', 'roof', 'pole', 'other')),
    -- Of the container: from the rim to the bottom.
    ADD COLUMN inner_depth_mm integer CHECK (inner_depth_mm BETWEEN 50 AND 20000),
    -- Of the sensor's face above the rim; negative below it.
    ADD COLUMN sensor_height_mm integer CHECK (sensor_height_mm BETWEEN -5000 AND 5000);

-- A mounting made at the bin with a phone.
CREATE TABLE claim (
    claim_id     uuid PRIMARY KEY,              -- made by the phone: a save sent twice is one claim
    mounting_id  integer UNIQUE REFERENCES mounting ON DELETE SET NULL,  -- null: taken back
    bin_id       integer NOT NULL REFERENCES bin,
    device_id    integer NOT NULL REFERENCES device,
    ended        integer[] NOT NULL,            -- mountings that ended by it
    actor        text NOT NULL,                 -- account:rudi
    made_at      timestamptz NOT NULL,
    lon          double precision CHECK (lon BETWEEN -180 AND 180),      -- null: no position was had
    lat          double precision CHECK (lat BETWEEN -90 AND 90),
    accuracy_m   real CHECK (accuracy_m >= 0),  -- null: typed by hand
    distance_m   real CHECK (distance_m >= 0),  -- from the registered place of the bin
    confirmed    text[] NOT NULL,               -- warnings that the person saved in spite of
    note         text NOT NULL,
    undone_at    timestamptz,
    undone_by    text
);
CREATE INDEX claim_made_at_idx ON claim (made_at);
CREATE INDEX claim_actor_idx ON claim (actor, made_at);

-- Encoded anew when it came: no position, camera or owner is in it.
CREATE TABLE mounting_photo (
    mounting_id  integer PRIMARY KEY REFERENCES mounting ON DELETE CASCADE,
    stored_at    timestamptz NOT NULL,
    width_px     smallint NOT NULL CHECK (width_px > 0),
    height_px    smallint NOT NULL CHECK (height_px > 0),
    jpeg         bytea NOT NULL CHECK (octet_length(jpeg) <= 2000000)
);

-- Devices whose readings since then are to be derived again, by the worker or by whoever is first.
CREATE TABLE derivation_due (
    derivation_due_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id    integer NOT NULL REFERENCES device,
    since        timestamptz NOT NULL
);
