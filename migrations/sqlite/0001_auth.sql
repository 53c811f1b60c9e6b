-- A person. email is null once deleted, so that the address is free again.
CREATE TABLE auth_users (
    id             TEXT PRIMARY KEY,
    email          TEXT CHECK (email = lower(email)),
    email_verified INTEGER NOT NULL DEFAULT 0 CHECK (email_verified IN (0, 1)),
    name           TEXT NOT NULL DEFAULT '' CHECK (length(name) <= 255),
    avatar_url     TEXT NOT NULL DEFAULT '',
    role           TEXT NOT NULL CHECK (role IN ('user', 'admin', 'service')),
    disabled_at    INTEGER,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    deleted_at     INTEGER,
    CONSTRAINT users_email_until_deleted CHECK ((email IS NULL) = (deleted_at IS NOT NULL))
) STRICT;
-- One live account per address.
CREATE UNIQUE INDEX users_email_key ON auth_users (email);

-- How a person proves who they are by password: an Argon2id string.
CREATE TABLE auth_passwords (
    user_id         TEXT PRIMARY KEY REFERENCES auth_users (id) ON DELETE CASCADE,
    hashed_password TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;

-- Who is signed in where: hosted sessions have a cookie, REST sessions a client.
CREATE TABLE auth_sessions (
    id               TEXT PRIMARY KEY,
    user_id          TEXT NOT NULL REFERENCES auth_users (id) ON DELETE CASCADE,
    client_id        TEXT NOT NULL DEFAULT '',
    cookie_hash      BLOB CHECK (length(cookie_hash) = 32),
    ip_address       TEXT NOT NULL DEFAULT '',
    user_agent       TEXT NOT NULL DEFAULT '',
    device_id        TEXT NOT NULL DEFAULT '',
    device_name      TEXT NOT NULL DEFAULT '',
    auth_time        INTEGER NOT NULL,
    amr              TEXT NOT NULL CHECK (json_valid(amr)),
    last_activity_at INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    idle_seconds     INTEGER NOT NULL DEFAULT 0,
    revoked_at       INTEGER,
    revoke_reason    TEXT
) STRICT;
CREATE UNIQUE INDEX sessions_cookie_hash_key ON auth_sessions (cookie_hash) WHERE cookie_hash IS NOT NULL;
-- Lists a person's live sessions.
CREATE INDEX sessions_user_id_live ON auth_sessions (user_id) WHERE revoked_at IS NULL;
-- Finds ended sessions to delete.
CREATE INDEX sessions_expires_at ON auth_sessions (expires_at);

-- Refresh tokens by their hash. A family begins with a login and has one live row at any time.
CREATE TABLE auth_refresh_tokens (
    token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    family_id  TEXT NOT NULL,
    session_id TEXT NOT NULL REFERENCES auth_sessions (id) ON DELETE CASCADE,
    user_id    TEXT NOT NULL REFERENCES auth_users (id) ON DELETE CASCADE,
    client_id  TEXT NOT NULL,
    generation INTEGER NOT NULL,
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    rotated_at INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX refresh_tokens_family_generation_key ON auth_refresh_tokens (family_id, generation);
CREATE UNIQUE INDEX refresh_tokens_family_live_key ON auth_refresh_tokens (family_id)
    WHERE rotated_at IS NULL AND revoked_at IS NULL;
CREATE INDEX refresh_tokens_session_id ON auth_refresh_tokens (session_id);

-- Sign-ins by password that failed or still run, per keyed hash of an address that need not exist.
CREATE TABLE auth_login_attempts (
    id          TEXT PRIMARY KEY,
    account_key BLOB NOT NULL CHECK (length(account_key) = 32),
    taken_at    INTEGER NOT NULL,
    failed      INTEGER NOT NULL DEFAULT 0 CHECK (failed IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX login_attempts_account ON auth_login_attempts (account_key, taken_at);
CREATE INDEX login_attempts_taken_at ON auth_login_attempts (taken_at);

-- The security log. Append-only; user_id is not a foreign key, so that events outlive people.
CREATE TABLE auth_security_events (
    id         TEXT PRIMARY KEY,
    user_id    TEXT,
    event_type TEXT NOT NULL,
    ip_address TEXT NOT NULL DEFAULT '',
    user_agent TEXT NOT NULL DEFAULT '',
    metadata   TEXT CHECK (metadata IS NULL OR json_valid(metadata)),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX security_events_user ON auth_security_events (user_id, created_at);

CREATE TRIGGER security_events_no_update BEFORE UPDATE ON auth_security_events
BEGIN SELECT RAISE(ABORT, 'security_events_append_only'); END;
CREATE TRIGGER security_events_no_delete BEFORE DELETE ON auth_security_events
BEGIN SELECT RAISE(ABORT, 'security_events_append_only'); END;

-- Registered relying parties. Lists are JSON arrays; secrets are SHA-256, hexadecimal.
CREATE TABLE auth_clients (
    id                        TEXT PRIMARY KEY,
    name                      TEXT NOT NULL CHECK (name <> ''),
    secret_hashes             TEXT NOT NULL CHECK (json_valid(secret_hashes)),
    redirect_uris             TEXT NOT NULL CHECK (json_valid(redirect_uris)),
    post_logout_redirect_uris TEXT NOT NULL CHECK (json_valid(post_logout_redirect_uris)),
    grant_types               TEXT NOT NULL CHECK (json_valid(grant_types)),
    scopes                    TEXT NOT NULL CHECK (json_valid(scopes)),
    app_ids                   TEXT NOT NULL CHECK (json_valid(app_ids)),
    first_party               INTEGER NOT NULL CHECK (first_party IN (0, 1)),
    disabled                  INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    created_at                INTEGER NOT NULL
) STRICT;

-- Authorization requests in progress: single use, bound to a browser.
CREATE TABLE auth_requests (
    request_hash   BLOB PRIMARY KEY CHECK (length(request_hash) = 32),
    browser_hash   BLOB NOT NULL CHECK (length(browser_hash) = 32),
    client_id      TEXT NOT NULL REFERENCES auth_clients (id) ON DELETE CASCADE,
    redirect_uri   TEXT NOT NULL,
    response_mode  TEXT NOT NULL CHECK (response_mode IN ('query', 'form_post')),
    scopes         TEXT NOT NULL CHECK (json_valid(scopes)),
    state          TEXT, -- null: the request had none
    nonce          TEXT NOT NULL,
    code_challenge TEXT NOT NULL,
    prompt         TEXT NOT NULL CHECK (json_valid(prompt)),
    max_age        INTEGER NOT NULL,
    login_hint     TEXT NOT NULL,
    resource       TEXT NOT NULL,
    session_id     TEXT, -- the session that was proven for this request
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    used_at        INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_expires_at ON auth_requests (expires_at);

-- What a person allowed a client, as the union over time.
CREATE TABLE auth_consents (
    user_id    TEXT NOT NULL REFERENCES auth_users (id) ON DELETE CASCADE,
    client_id  TEXT NOT NULL REFERENCES auth_clients (id) ON DELETE CASCADE,
    scopes     TEXT NOT NULL CHECK (json_valid(scopes)),
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, client_id)
) STRICT, WITHOUT ROWID;

-- What one approval gave a client. Access tokens name the handle, so revoking the row ends them.
CREATE TABLE auth_grants (
    handle     BLOB PRIMARY KEY CHECK (length(handle) = 16),
    user_id    TEXT NOT NULL REFERENCES auth_users (id) ON DELETE CASCADE,
    client_id  TEXT NOT NULL REFERENCES auth_clients (id) ON DELETE CASCADE,
    session_id TEXT NOT NULL REFERENCES auth_sessions (id) ON DELETE CASCADE,
    scopes     TEXT NOT NULL CHECK (json_valid(scopes)),
    resource   TEXT NOT NULL,
    nonce      TEXT NOT NULL,
    auth_time  INTEGER NOT NULL,
    amr        TEXT NOT NULL CHECK (json_valid(amr)),
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_session_id ON auth_grants (session_id);

-- Authorization codes by their hash: consumed by one conditional update, kept to notice a repeat.
CREATE TABLE auth_codes (
    code_hash      BLOB PRIMARY KEY CHECK (length(code_hash) = 32),
    grant_handle   BLOB NOT NULL REFERENCES auth_grants (handle) ON DELETE CASCADE,
    client_id      TEXT NOT NULL,
    redirect_uri   TEXT NOT NULL,
    code_challenge TEXT NOT NULL,
    expires_at     INTEGER NOT NULL,
    used_at        INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX codes_grant_handle ON auth_codes (grant_handle);
CREATE INDEX codes_expires_at ON auth_codes (expires_at);

-- Signing keys, the private part sealed under the master key.
CREATE TABLE auth_signing_keys (
    id           TEXT PRIMARY KEY,
    algorithm    TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('pending', 'active', 'retiring', 'removed')),
    sealed       BLOB NOT NULL,
    created_at   INTEGER NOT NULL,
    activated_at INTEGER
) STRICT;
-- One key of an algorithm signs.
CREATE UNIQUE INDEX signing_keys_active_key ON auth_signing_keys (algorithm) WHERE state = 'active';
