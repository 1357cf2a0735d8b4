-- People and programs that may sign in, and what they did.

CREATE TABLE account (
    account_id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    username     text NOT NULL UNIQUE CHECK (username ~ '^[a-z0-9][a-z0-9._-]{1,31}$'),
    display_name text NOT NULL,
    role         text NOT NULL CHECK (role IN ('admin', 'dispatcher', 'driver', 'evaluator', 'viewer')),
    password_argon2 text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    disabled_at  timestamptz
);

-- Only the SHA-256 of a session or API token is kept: a stolen table opens no door.
CREATE TABLE session (
    token_sha256 bytea PRIMARY KEY,
    account_id   integer NOT NULL REFERENCES account,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL
);
CREATE INDEX session_account_idx ON session (account_id);

CREATE TABLE api_token (
    api_token_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_sha256 bytea NOT NULL UNIQUE,
    account_id   integer NOT NULL REFERENCES account,
    name         text NOT NULL,
    scope        text NOT NULL CHECK (scope IN ('read', 'write')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz
);

CREATE TABLE signin_failure (
    failed_at    timestamptz NOT NULL DEFAULT now(),
    username     text NOT NULL,
    address      text NOT NULL
);
CREATE INDEX signin_failure_idx ON signin_failure (failed_at);

CREATE TABLE audit_log (
    audit_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           timestamptz NOT NULL DEFAULT now(),
    actor        text NOT NULL,                 -- account:admin, token:3, cli:root
    action       text NOT NULL,                 -- device.add, account.add, session.start
    subject      text NOT NULL,
    before       jsonb,
    after        jsonb
);
CREATE INDEX audit_log_at_idx ON audit_log (at);
