-- Readings. The key is (device_id, observed_at): a mounting that is corrected later may move a
-- reading to another bin, so the bin cannot be part of what makes a reading unique
-- (docs/decisions/0003-reading-key.md). A bin's readings are found through its mountings.

CREATE TABLE readings (
    device_id    integer NOT NULL,
    observed_at  timestamptz NOT NULL,          -- device clock
    received_at  timestamptz NOT NULL,          -- arrival at ingest
    stored_at    timestamptz NOT NULL DEFAULT now(),
    seq          bigint NOT NULL,               -- device counter: counts gaps, never the key
    -- As the device said it; never rewritten.
    distances_mm integer[],                     -- every echo
    reported_fill_pct real,
    battery_mv   integer,
    temp_c       real,
    tilt_deg     real,
    rssi_dbm     smallint,
    snr_db       real,
    -- The echo that is taken for the waste's surface: angkut_backend.quality.echoes.
    distance_mm  real,
    -- Derived from the mounting in force at observed_at; derived again when that is corrected.
    bin_id       integer,
    fill_pct     real,
    flags        integer NOT NULL,              -- bits: angkut_backend.quality.rules.Flag
    score        real NOT NULL,                 -- 0 (worthless) to 1 (trusted)
    PRIMARY KEY (device_id, observed_at)
);

-- One row a bin: what the map shows. The trusted columns come from the newest reading with a
-- fill level and no flag that takes the trust away; seen_at from any reading.
CREATE TABLE bin_latest (
    bin_id       integer PRIMARY KEY REFERENCES bin,
    device_id    integer NOT NULL,
    seen_at      timestamptz NOT NULL,
    flags        integer NOT NULL,
    battery_mv   integer,
    trusted_at   timestamptz,
    fill_pct     real
) WITH (fillfactor = 50);

CREATE TABLE event (
    device_id    integer NOT NULL REFERENCES device,
    observed_at  timestamptz NOT NULL,
    kind         text NOT NULL,
    seq          bigint NOT NULL,
    received_at  timestamptz NOT NULL,
    value        double precision,
    PRIMARY KEY (device_id, observed_at, kind)
);

CREATE TABLE dead_letter (
    dead_letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at  timestamptz NOT NULL,
    topic        text NOT NULL,
    payload      bytea NOT NULL,
    reason       text NOT NULL,
    detail       text NOT NULL
);
CREATE INDEX dead_letter_received_idx ON dead_letter (received_at);
