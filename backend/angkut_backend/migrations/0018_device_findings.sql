-- What is wrong with devices, as against single readings: angkut_backend.device_health.rules,
-- docs/quality.md. A finding grows while it lasts; a person does nothing to it.

CREATE TABLE device_finding (
    device_finding_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id    integer NOT NULL REFERENCES device,
    kind         text NOT NULL CHECK (kind IN ('stuck', 'no_echo', 'dropout', 'clock', 'swapped')),
    from_at      timestamptz NOT NULL,          -- first and last sign of it
    to_at        timestamptz NOT NULL,
    found_at     timestamptz NOT NULL,
    detail       jsonb NOT NULL DEFAULT '{}',
    CHECK (from_at <= to_at)
);
CREATE INDEX device_finding_device_idx ON device_finding (device_id, kind, to_at);
CREATE INDEX device_finding_to_idx ON device_finding (to_at);

-- Up to when each device was looked at, and when pairs of neighbours were.
CREATE TABLE device_check (
    device_id    integer PRIMARY KEY REFERENCES device,
    checked_at   timestamptz NOT NULL,
    swaps_at     timestamptz
);
