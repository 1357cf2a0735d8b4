-- Webhooks: addresses that are told when an alert opens, is acknowledged or closes. Deliveries are
-- written in the transaction that changes the alert, so none is lost and none is made up.

CREATE TABLE webhook (
    webhook_id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    url          text NOT NULL,
    -- Needed to sign, so kept as it is; shown once, when the webhook is added.
    secret       text NOT NULL,
    kinds        text[],                        -- of alert; null: all
    added_at     timestamptz NOT NULL,
    removed_at   timestamptz,
    -- A receiver that fails is left alone until then, whatever waits for it.
    retry_at     timestamptz NOT NULL DEFAULT '-infinity',
    failures     integer NOT NULL DEFAULT 0     -- in a row
);
CREATE UNIQUE INDEX webhook_url_key ON webhook (url) WHERE removed_at IS NULL;

CREATE TABLE webhook_delivery (
    webhook_delivery_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook_id   integer NOT NULL REFERENCES webhook,
    alert_id     bigint NOT NULL REFERENCES alert,
    change       text NOT NULL CHECK (change IN ('opened', 'acknowledged', 'closed')),
    body         text NOT NULL,                 -- what is signed and sent, the same at each try
    created_at   timestamptz NOT NULL,
    next_at      timestamptz NOT NULL,
    tries        integer NOT NULL DEFAULT 0,
    tried_at     timestamptz,
    result       text,                          -- of the last try: `200`, or what went wrong
    state        text NOT NULL DEFAULT 'waiting'
                 CHECK (state IN ('waiting', 'delivered', 'given_up'))
);
CREATE INDEX webhook_delivery_waiting_idx ON webhook_delivery (webhook_id, webhook_delivery_id)
    WHERE state = 'waiting';
CREATE INDEX webhook_delivery_created_idx ON webhook_delivery (created_at);
