-- One text for both engines: words are TEXT, BIGINT and BLOB only, times are seconds since the Unix epoch, flags are
-- nullable times. Every key begins with the workspace; on SQLite a row id is a key by itself (0024). Rows are removed by name,
-- so there are no foreign keys to check on every write.

CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
);

CREATE TABLE workspaces (
    id BIGINT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    policy TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT
);
CREATE UNIQUE INDEX workspaces_slug ON workspaces (slug);

CREATE TABLE users (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    subject TEXT NOT NULL,
    username TEXT NOT NULL,
    display_name TEXT NOT NULL,
    claims TEXT NOT NULL,
    password_digest TEXT,
    admin_since BIGINT,
    disabled_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX users_username ON users (workspace_id, username);
CREATE UNIQUE INDEX users_subject ON users (workspace_id, subject);

-- name and resource repeat what the registration says, to be searched; one function writes all three.
-- last_secret is the number of the newest secret there ever was: no number is given twice.
CREATE TABLE clients (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    client_id TEXT NOT NULL,
    name TEXT NOT NULL,
    resource TEXT,
    registration TEXT NOT NULL,
    owner_id BIGINT,
    last_secret BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX clients_client_id ON clients (workspace_id, client_id);
CREATE INDEX clients_owner ON clients (workspace_id, owner_id);

CREATE TABLE client_secrets (
    workspace_id BIGINT NOT NULL,
    client_row BIGINT NOT NULL,
    number BIGINT NOT NULL,
    digest TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (workspace_id, client_row, number)
);
CREATE INDEX client_secrets_expiry ON client_secrets (expires_at);

CREATE TABLE sessions (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    auth_time BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    user_agent TEXT NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX sessions_user ON sessions (workspace_id, user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE consents (
    workspace_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    client_row BIGINT NOT NULL,
    scope TEXT NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, user_id, client_row)
);

-- Every refresh moves expires_at, so no index holds it. Clean-up goes by sweep_at, the moment when it is worth looking
-- at the row (again), which only clean-up itself moves.
CREATE TABLE grants (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    client_row BIGINT NOT NULL,
    session_id BIGINT,
    grant_type TEXT NOT NULL,
    scope TEXT NOT NULL,
    auth_time BIGINT NOT NULL,
    redirect_uri TEXT,
    code_challenge TEXT,
    state TEXT NOT NULL,
    generation BIGINT NOT NULL,
    rotated_at BIGINT,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    refresh_until BIGINT,
    expires_at BIGINT NOT NULL,
    sweep_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX grants_user ON grants (workspace_id, user_id, client_row);
CREATE INDEX grants_sweep ON grants (sweep_at);

CREATE TABLE revoked_tokens (
    workspace_id BIGINT NOT NULL,
    token_id BLOB NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, token_id)
);
CREATE INDEX revoked_tokens_expiry ON revoked_tokens (expires_at);

-- A signing key has an algorithm, signs from active_at, and makes way for its successor at retired_at, which may lie ahead.
CREATE TABLE keys (
    workspace_id BIGINT NOT NULL,
    purpose TEXT NOT NULL,
    number BIGINT NOT NULL,
    algorithm TEXT,
    sealed BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    active_at BIGINT NOT NULL,
    retired_at BIGINT,
    PRIMARY KEY (workspace_id, purpose, number)
);
CREATE INDEX keys_retired ON keys (retired_at);
