-- The way back to devices: gateways, and commands with what became of them.

-- The gateway that last described the device: commands go through it. Null: straight to the device.
ALTER TABLE device ADD COLUMN gateway_id integer REFERENCES device;

-- How each gateway is, as it last said.
CREATE TABLE gateway_health (
    device_id    integer PRIMARY KEY REFERENCES device,
    observed_at  timestamptz NOT NULL,          -- the gateway's clock
    received_at  timestamptz NOT NULL,
    queued       bigint NOT NULL,               -- readings, events and refusals in its spool
    oldest_at    timestamptz,
    spool_bytes  bigint NOT NULL,
    spool_max_bytes bigint NOT NULL,
    dropped      jsonb NOT NULL,                -- reason to number, since the spool was made
    troubles     jsonb NOT NULL                 -- what is in its way, since when
);

CREATE TABLE command (
    command_id   uuid PRIMARY KEY,              -- cmd_id on the wire
    device_id    integer NOT NULL REFERENCES device,
    cmd          text NOT NULL CHECK (cmd IN ('interval', 'calibrate', 'reboot', 'update')),
    args         jsonb NOT NULL,
    -- sent: the broker has it; delivered: its gateway's network server, or the device, has it.
    state        text NOT NULL DEFAULT 'queued'
                 CHECK (state IN ('queued', 'sent', 'delivered', 'done', 'failed', 'expired')),
    attempts     integer NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL,
    created_by   text NOT NULL,                 -- as audit_log.actor
    expires_at   timestamptz NOT NULL,
    next_at      timestamptz,                   -- to be published then; null: not (again)
    sent_at      timestamptz,                   -- last time
    delivered_at timestamptz,
    ended_at     timestamptz,
    detail       text,                          -- what the device or its gateway said
    CHECK ((state IN ('done', 'failed', 'expired')) = (ended_at IS NOT NULL)),
    CHECK (ended_at IS NULL OR next_at IS NULL)
);
CREATE INDEX command_device_idx ON command (device_id, created_at DESC);
CREATE INDEX command_open_idx ON command (expires_at) WHERE ended_at IS NULL;
