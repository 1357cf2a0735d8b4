-- Accounts, sessions, API tokens, failed sign-ins and the audit log.

-- name: insert_account
INSERT INTO account (username, display_name, role, password_argon2)
VALUES (%(username)s, %(display_name)s, %(role)s, %(password_argon2)s)
RETURNING account_id, username, display_name, role, created_at, disabled_at

-- name: list_accounts
SELECT account_id, username, display_name, role, created_at, disabled_at
FROM account
ORDER BY username

-- name: find_account
SELECT account_id, username, display_name, role, created_at, disabled_at, password_argon2
FROM account
WHERE username = %(username)s

-- name: set_password
UPDATE account SET password_argon2 = %(password_argon2)s WHERE account_id = %(account_id)s

-- name: disable_account
UPDATE account SET disabled_at = now()
WHERE account_id = %(account_id)s AND disabled_at IS NULL

-- name: end_sessions_of_account
DELETE FROM session WHERE account_id = %(account_id)s

-- name: insert_token
INSERT INTO api_token (token_sha256, account_id, name, scope, expires_at)
VALUES (%(token_sha256)s, %(account_id)s, %(name)s, %(scope)s, %(expires_at)s)
RETURNING api_token_id

-- name: list_tokens
SELECT t.api_token_id, a.username, t.name, t.scope, t.created_at, t.expires_at, t.revoked_at
FROM api_token t JOIN account a USING (account_id)
ORDER BY t.api_token_id

-- name: revoke_token
UPDATE api_token SET revoked_at = now()
WHERE api_token_id = %(api_token_id)s AND revoked_at IS NULL
RETURNING name

-- name: insert_audit
INSERT INTO audit_log (actor, action, subject, before, after)
VALUES (%(actor)s, %(action)s, %(subject)s, %(before)s, %(after)s)

-- name: lock_username
-- Attempts on one name wait for each other, so that guesses in parallel are counted too.
SELECT pg_advisory_xact_lock(hashtextextended('angkut.signin:' || %(username)s, 0))

-- name: count_failures
SELECT count(*) FILTER (WHERE username = %(username)s) AS by_username,
       count(*) FILTER (WHERE address = %(address)s) AS by_address
FROM signin_failure
WHERE failed_at > %(since)s

-- name: insert_failure
INSERT INTO signin_failure (failed_at, username, address)
VALUES (%(failed_at)s, %(username)s, %(address)s)

-- name: forgive_failures
DELETE FROM signin_failure WHERE username = %(username)s

-- name: purge_failures
DELETE FROM signin_failure WHERE failed_at <= %(since)s

-- name: insert_session
INSERT INTO session (token_sha256, account_id, created_at, expires_at)
VALUES (%(token_sha256)s, %(account_id)s, %(created_at)s, %(expires_at)s)

-- name: caller_of_session
SELECT a.account_id, a.username, a.display_name, a.role
FROM session s JOIN account a USING (account_id)
WHERE s.token_sha256 = %(token_sha256)s AND s.expires_at > %(now)s AND a.disabled_at IS NULL

-- name: caller_of_token
SELECT a.account_id, a.username, a.display_name, a.role, t.api_token_id, t.scope
FROM api_token t JOIN account a USING (account_id)
WHERE t.token_sha256 = %(token_sha256)s AND t.expires_at > %(now)s
  AND t.revoked_at IS NULL AND a.disabled_at IS NULL

-- name: end_session
DELETE FROM session s USING account a
WHERE s.token_sha256 = %(token_sha256)s AND a.account_id = s.account_id
RETURNING a.username

-- name: purge_sessions
DELETE FROM session WHERE expires_at <= %(now)s
