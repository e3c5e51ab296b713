-- OpenID Connect. The same rules as in 0001.

-- sid names a session towards clients. Who signs in again in the same browser as the same person keeps it.
ALTER TABLE sessions ADD COLUMN sid TEXT NOT NULL DEFAULT '';
UPDATE sessions SET sid = CAST(id AS TEXT);

-- A session stays for as long as something that was given in it lives. sweep_at as with grants: when it is worth looking (again).
ALTER TABLE sessions ADD COLUMN sweep_at BIGINT NOT NULL DEFAULT 0;
UPDATE sessions SET sweep_at = expires_at;
DROP INDEX sessions_expiry;
CREATE INDEX sessions_sweep ON sessions (sweep_at);

-- What an OpenID request asked of the tokens, and how the person had proved who they are: JSON, absent for other requests.
ALTER TABLE grants ADD COLUMN openid TEXT;

-- sector repeats what the registration says of pairwise subjects, so that a grant can be read with it.
ALTER TABLE clients ADD COLUMN sector TEXT;

-- A client that registered itself: how often that was changed, and when it goes if nobody uses it. Both are absent for others.
ALTER TABLE clients ADD COLUMN registration_generation BIGINT;
ALTER TABLE clients ADD COLUMN unused_until BIGINT;
CREATE INDEX clients_unused ON clients (unused_until);

-- Which clients a person signed in to within a session: those that hear of its end.
CREATE TABLE session_clients (
    workspace_id BIGINT NOT NULL,
    sid TEXT NOT NULL,
    client_row BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, sid, client_row)
);
CREATE INDEX session_clients_expiry ON session_clients (expires_at);

-- Assertions that clients proved themselves with: each is good once.
CREATE TABLE used_assertions (
    workspace_id BIGINT NOT NULL,
    client_row BIGINT NOT NULL,
    jti_digest BLOB NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, client_row, jti_digest)
);
CREATE INDEX used_assertions_expiry ON used_assertions (expires_at);

-- Back-channel logouts that a client has to be told, and how that went. Without next_attempt_at nothing more is tried.
CREATE TABLE logout_deliveries (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    client_row BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    sid TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    next_attempt_at BIGINT,
    attempts BIGINT NOT NULL,
    last_problem TEXT,
    delivered_at BIGINT,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX logout_deliveries_due ON logout_deliveries (next_attempt_at, workspace_id, id, client_row, user_id);
CREATE INDEX logout_deliveries_client ON logout_deliveries (workspace_id, client_row, id);
CREATE INDEX logout_deliveries_expiry ON logout_deliveries (expires_at);
