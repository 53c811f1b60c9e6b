-- Row-level security. A transaction says for whom it acts by two settings that end with it:
--   app.actor    'user', 'service': for one person; 'ledger': for wallets; 'system': for storage itself
--   app.user_id  the person
-- Without them nothing is visible and nothing can be written.
CREATE SCHEMA auth;

-- The person that a transaction acts for; null when that is nobody, or no id.
CREATE FUNCTION auth.subject() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN current_setting('app.user_id', true) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    THEN current_setting('app.user_id', true)::uuid END;

-- Switches row security on for a table, its owner included: the actors named first have all rows, a person
-- those with its own id in a column, for the commands that follow. What a role may do at all is beside this.
CREATE PROCEDURE auth.protect(target regclass, actors text[], person name DEFAULT NULL, commands text[] DEFAULT '{}')
LANGUAGE plpgsql AS $$
DECLARE
    is_actor text := format('(SELECT current_setting(''app.actor'', true)) = ANY (%L::text[])', actors);
    command text;
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY actors ON %s USING (%s)', target, is_actor);
    FOREACH command IN ARRAY commands LOOP
        EXECUTE format('CREATE POLICY %I ON %s FOR %s %s ((SELECT current_setting(''app.actor'', true)) IN (''user'', ''service'')
            AND %I = (SELECT auth.subject()))', 'person_' || lower(command), target, command,
            CASE command WHEN 'INSERT' THEN 'WITH CHECK' ELSE 'USING' END, person);
    END LOOP;
END $$;
REVOKE EXECUTE ON PROCEDURE auth.protect FROM PUBLIC;

-- Refuses what its trigger fires for, by the name of the rule.
CREATE FUNCTION auth.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'check_violation', CONSTRAINT = TG_ARGV[0];
END $$;

-- A person. email is null once deleted, so that the address is free again.
CREATE TABLE auth.users (
    id             uuid PRIMARY KEY,
    email          text CHECK (email = lower(email COLLATE "C")),
    email_verified boolean NOT NULL DEFAULT false,
    name           text NOT NULL DEFAULT '' CHECK (length(name) <= 255),
    avatar_url     text NOT NULL DEFAULT '',
    role           text NOT NULL CHECK (role IN ('user', 'admin', 'service')),
    disabled_at    timestamptz,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    deleted_at     timestamptz,
    CONSTRAINT users_email_until_deleted CHECK ((email IS NULL) = (deleted_at IS NOT NULL))
);
-- One live account per address.
CREATE UNIQUE INDEX users_email_key ON auth.users (email);
CALL auth.protect('auth.users', '{system}', 'id', '{SELECT, UPDATE}');

-- How a person proves who they are by password: an Argon2id string.
CREATE TABLE auth.passwords (
    user_id         uuid PRIMARY KEY REFERENCES auth.users (id) ON DELETE CASCADE,
    hashed_password text NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL
);
CALL auth.protect('auth.passwords', '{system}');

-- Who is signed in where: hosted sessions have a cookie, REST sessions a client.
CREATE TABLE auth.sessions (
    id               uuid PRIMARY KEY,
    user_id          uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    client_id        text NOT NULL DEFAULT '',
    cookie_hash      bytea CHECK (length(cookie_hash) = 32),
    ip_address       text NOT NULL DEFAULT '',
    user_agent       text NOT NULL DEFAULT '',
    device_id        text NOT NULL DEFAULT '',
    device_name      text NOT NULL DEFAULT '',
    auth_time        timestamptz NOT NULL,
    amr              jsonb NOT NULL CHECK (jsonb_typeof(amr) = 'array'),
    last_activity_at timestamptz NOT NULL,
    created_at       timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL,
    idle_seconds     bigint NOT NULL DEFAULT 0,
    revoked_at       timestamptz,
    revoke_reason    text
);
CREATE UNIQUE INDEX sessions_cookie_hash_key ON auth.sessions (cookie_hash) WHERE cookie_hash IS NOT NULL;
-- Lists a person's live sessions.
CREATE INDEX sessions_user_id_live ON auth.sessions (user_id) WHERE revoked_at IS NULL;
-- Finds ended sessions to delete.
CREATE INDEX sessions_expires_at ON auth.sessions (expires_at);
CALL auth.protect('auth.sessions', '{system}', 'user_id', '{SELECT, UPDATE}');

-- Refresh tokens by their hash. A family begins with a login and has one live row at any time.
CREATE TABLE auth.refresh_tokens (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    family_id  uuid NOT NULL,
    session_id uuid NOT NULL REFERENCES auth.sessions (id) ON DELETE CASCADE,
    user_id    uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    client_id  text NOT NULL,
    generation bigint NOT NULL,
    issued_at  timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    rotated_at timestamptz,
    revoked_at timestamptz
);
CREATE UNIQUE INDEX refresh_tokens_family_generation_key ON auth.refresh_tokens (family_id, generation);
CREATE UNIQUE INDEX refresh_tokens_family_live_key ON auth.refresh_tokens (family_id)
    WHERE rotated_at IS NULL AND revoked_at IS NULL;
CREATE INDEX refresh_tokens_session_id ON auth.refresh_tokens (session_id);
CALL auth.protect('auth.refresh_tokens', '{system}');

-- Sign-ins by password that failed or still run, per keyed hash of an address that need not exist.
CREATE TABLE auth.login_attempts (
    id          uuid PRIMARY KEY,
    account_key bytea NOT NULL CHECK (length(account_key) = 32),
    taken_at    timestamptz NOT NULL,
    failed      boolean NOT NULL DEFAULT false
);
CREATE INDEX login_attempts_account ON auth.login_attempts (account_key, taken_at);
CREATE INDEX login_attempts_taken_at ON auth.login_attempts (taken_at);
CALL auth.protect('auth.login_attempts', '{system}');

-- The security log. Append-only; user_id is not a foreign key, so that events outlive people. The ledger
-- adds to it, and does not read it.
CREATE TABLE auth.security_events (
    id         uuid PRIMARY KEY,
    user_id    uuid,
    event_type text NOT NULL,
    ip_address text NOT NULL DEFAULT '',
    user_agent text NOT NULL DEFAULT '',
    metadata   jsonb,
    created_at timestamptz NOT NULL
);
CREATE INDEX security_events_user ON auth.security_events (user_id, created_at);
CALL auth.protect('auth.security_events', '{system}', 'user_id', '{SELECT, INSERT}');
CREATE POLICY ledger_insert ON auth.security_events FOR INSERT
    WITH CHECK ((SELECT current_setting('app.actor', true)) = 'ledger');
CREATE TRIGGER security_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON auth.security_events
FOR EACH STATEMENT EXECUTE FUNCTION auth.refuse('security_events_append_only');

-- Registered relying parties. Lists are JSON arrays; secrets are SHA-256, hexadecimal.
CREATE TABLE auth.clients (
    id                        text PRIMARY KEY,
    name                      text NOT NULL CHECK (name <> ''),
    secret_hashes             jsonb NOT NULL CHECK (jsonb_typeof(secret_hashes) = 'array'),
    redirect_uris             jsonb NOT NULL CHECK (jsonb_typeof(redirect_uris) = 'array'),
    post_logout_redirect_uris jsonb NOT NULL CHECK (jsonb_typeof(post_logout_redirect_uris) = 'array'),
    grant_types               jsonb NOT NULL CHECK (jsonb_typeof(grant_types) = 'array'),
    scopes                    jsonb NOT NULL CHECK (jsonb_typeof(scopes) = 'array'),
    app_ids                   jsonb NOT NULL CHECK (jsonb_typeof(app_ids) = 'array'),
    first_party               boolean NOT NULL,
    disabled                  boolean NOT NULL,
    created_at                timestamptz NOT NULL
);
CALL auth.protect('auth.clients', '{system}');

-- Authorization requests in progress: single use, bound to a browser.
CREATE TABLE auth.requests (
    request_hash   bytea PRIMARY KEY CHECK (length(request_hash) = 32),
    browser_hash   bytea NOT NULL CHECK (length(browser_hash) = 32),
    client_id      text NOT NULL REFERENCES auth.clients (id) ON DELETE CASCADE,
    redirect_uri   text NOT NULL,
    response_mode  text NOT NULL CHECK (response_mode IN ('query', 'form_post')),
    scopes         jsonb NOT NULL CHECK (jsonb_typeof(scopes) = 'array'),
    state          text, -- null: the request had none
    nonce          text NOT NULL,
    code_challenge text NOT NULL,
    prompt         jsonb NOT NULL CHECK (jsonb_typeof(prompt) = 'array'),
    max_age        bigint NOT NULL,
    login_hint     text NOT NULL,
    resource       text NOT NULL,
    session_id     uuid, -- the session that was proven for this request
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    used_at        timestamptz
);
CREATE INDEX requests_client_id ON auth.requests (client_id);
CREATE INDEX requests_expires_at ON auth.requests (expires_at);
CALL auth.protect('auth.requests', '{system}');

-- What a person allowed a client, as the union over time.
CREATE TABLE auth.consents (
    user_id    uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    client_id  text NOT NULL REFERENCES auth.clients (id) ON DELETE CASCADE,
    scopes     jsonb NOT NULL CHECK (jsonb_typeof(scopes) = 'array'),
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, client_id)
);
CREATE INDEX consents_client_id ON auth.consents (client_id);
CALL auth.protect('auth.consents', '{system}', 'user_id', '{SELECT}');

-- What one approval gave a client. Access tokens name the handle, so revoking the row ends them.
CREATE TABLE auth.grants (
    handle     bytea PRIMARY KEY CHECK (length(handle) = 16),
    user_id    uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    client_id  text NOT NULL REFERENCES auth.clients (id) ON DELETE CASCADE,
    session_id uuid NOT NULL REFERENCES auth.sessions (id) ON DELETE CASCADE,
    scopes     jsonb NOT NULL CHECK (jsonb_typeof(scopes) = 'array'),
    resource   text NOT NULL,
    nonce      text NOT NULL,
    auth_time  timestamptz NOT NULL,
    amr        jsonb NOT NULL CHECK (jsonb_typeof(amr) = 'array'),
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX grants_session_id ON auth.grants (session_id);
CREATE INDEX grants_client_id ON auth.grants (client_id);
CALL auth.protect('auth.grants', '{system}', 'user_id', '{SELECT}');

-- Authorization codes by their hash: consumed by one conditional update, kept to notice a repeat.
CREATE TABLE auth.codes (
    code_hash      bytea PRIMARY KEY CHECK (length(code_hash) = 32),
    grant_handle   bytea NOT NULL REFERENCES auth.grants (handle) ON DELETE CASCADE,
    client_id      text NOT NULL,
    redirect_uri   text NOT NULL,
    code_challenge text NOT NULL,
    expires_at     timestamptz NOT NULL,
    used_at        timestamptz
);
CREATE INDEX codes_grant_handle ON auth.codes (grant_handle);
CREATE INDEX codes_expires_at ON auth.codes (expires_at);
CALL auth.protect('auth.codes', '{system}');

-- Signing keys, the private part sealed under the master key.
CREATE TABLE auth.signing_keys (
    id           text PRIMARY KEY,
    algorithm    text NOT NULL,
    state        text NOT NULL CHECK (state IN ('pending', 'active', 'retiring', 'removed')),
    sealed       bytea NOT NULL,
    created_at   timestamptz NOT NULL,
    activated_at timestamptz
);
-- One key of an algorithm signs.
CREATE UNIQUE INDEX signing_keys_active_key ON auth.signing_keys (algorithm) WHERE state = 'active';
CALL auth.protect('auth.signing_keys', '{system}');
