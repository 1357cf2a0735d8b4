-- Alerts: what a person should know of now. One row from opening to closing; while one of a kind
-- is open for a bin there is no second one, whatever two workers do at once. Rules and thresholds:
-- angkut_backend.alerts.rules, docs/alerts.md.

CREATE TABLE alert (
    alert_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bin_id       integer NOT NULL REFERENCES bin,
    device_id    integer NOT NULL REFERENCES device,   -- mounted there when it opened
    kind         text NOT NULL CHECK (kind IN
                     ('fire', 'overflowing', 'tilted', 'moved', 'lid_open', 'nearly_full',
                      'device_silent', 'battery_low')),
    since        timestamptz NOT NULL,          -- when it first was so, by the device
    opened_at    timestamptz NOT NULL,          -- when it had been so for long enough
    last_at      timestamptz NOT NULL,          -- newest sign of it; older signs open nothing again
    value        double precision,              -- %, °C, degrees or mV by kind, at the opening
    acknowledged_at timestamptz,
    acknowledged_by text,                       -- name on the screen
    note         text CHECK (length(note) <= 500),
    closed_at    timestamptz,
    close_reason text CHECK (close_reason IN
                     ('cleared', 'superseded', 'handled', 'expired', 'unmounted')),
    CHECK ((closed_at IS NULL) = (close_reason IS NULL)),
    CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL)),
    CHECK (since <= last_at)
);
CREATE UNIQUE INDEX alert_open_key ON alert (bin_id, kind) WHERE closed_at IS NULL;
CREATE INDEX alert_opened_idx ON alert (opened_at);
CREATE INDEX alert_closed_idx ON alert (closed_at) WHERE closed_at IS NOT NULL;

-- While nobody watched, silence proves nothing: it is counted from here on.
CREATE TABLE alert_watch (
    only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    watching_since timestamptz NOT NULL,
    ran_at       timestamptz NOT NULL
);
