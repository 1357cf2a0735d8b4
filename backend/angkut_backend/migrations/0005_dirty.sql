-- Work that new or changed readings make for the worker. Append-only, without a unique key: a
-- worker that deletes a row while it works must never hold up ingest, which would wait for the
-- same key. The worker merges copies and deletes the very rows that it has seen.

CREATE TABLE dirty_device (
    dirty_device_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id    integer NOT NULL,
    since        timestamptz NOT NULL           -- oldest new reading: judge again from here on
);

CREATE TABLE dirty_hour (
    dirty_hour_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bin_id       integer NOT NULL,
    bucket       timestamptz NOT NULL           -- UTC hour whose roll-up is stale
);

-- Whether the device wants to hear on `stored` what is committed. Gateways always hear it.
ALTER TABLE device ADD COLUMN confirm boolean NOT NULL DEFAULT false;
