-- What an administrator decides for one client, beyond what it registered.
ALTER TABLE auth.clients
    ADD COLUMN id_token_alg text NOT NULL DEFAULT '', -- empty: RS256
    ADD COLUMN pkce_exempt boolean NOT NULL DEFAULT false,
    ADD COLUMN rotate_refresh boolean NOT NULL DEFAULT false,
    ADD COLUMN refresh_idle_seconds bigint NOT NULL DEFAULT 0 CHECK (refresh_idle_seconds >= 0),
    ADD COLUMN refresh_max_seconds bigint NOT NULL DEFAULT 0 CHECK (refresh_max_seconds >= 0),
    ADD COLUMN id_token_seconds bigint NOT NULL DEFAULT 0 CHECK (id_token_seconds >= 0),
    -- APIs that this client serves: it may introspect the tokens made for them.
    ADD COLUMN audiences jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(audiences) = 'array');

-- The standard claims of a person that have no column of their own (OpenID Connect Core 1.0, section 5.1).
ALTER TABLE auth.users ADD COLUMN claims jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(claims) = 'object');

-- What an authorization request asked for besides scopes.
ALTER TABLE auth.requests
    ADD COLUMN claims text NOT NULL DEFAULT '',       -- the claims parameter as sent
    ADD COLUMN hint_subject text NOT NULL DEFAULT ''; -- subject of id_token_hint

-- Claims that were allowed one by one, beside the scopes.
ALTER TABLE auth.consents ADD COLUMN claims jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(claims) = 'array');

-- A grant with offline access outlives the session that it was made in.
ALTER TABLE auth.grants
    ADD COLUMN offline boolean NOT NULL DEFAULT false,
    ADD COLUMN claims text NOT NULL DEFAULT '';

-- A refresh family belongs to a grant, or, where grant_handle is null, to a first-party session. salt makes
-- the successor of a rotated token again while the grace lasts; then it is erased.
ALTER TABLE auth.refresh_tokens
    ADD COLUMN grant_handle bytea REFERENCES auth.grants (handle) ON DELETE CASCADE,
    ADD COLUMN salt bytea;
CREATE INDEX refresh_tokens_grant_handle ON auth.refresh_tokens (grant_handle) WHERE grant_handle IS NOT NULL;
-- Finds families to delete, and salts to erase.
CREATE INDEX refresh_tokens_expires_at ON auth.refresh_tokens (expires_at);
CREATE INDEX refresh_tokens_salt ON auth.refresh_tokens (rotated_at) WHERE salt IS NOT NULL;

-- Access tokens that were revoked one by one (RFC 7009), by their jti, until they expire.
CREATE TABLE auth.revoked_tokens (
    token_id   text PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
CREATE INDEX revoked_tokens_expires_at ON auth.revoked_tokens (expires_at);
CALL auth.protect('auth.revoked_tokens', '{system}');

-- Counters that rise with every change of what programs keep in memory. Subjects are rows of migrations only.
CREATE TABLE auth.revisions (
    subject  text PRIMARY KEY CHECK (subject <> ''),
    revision bigint NOT NULL
);
INSERT INTO auth.revisions (subject, revision) VALUES ('clients', 1), ('keys', 1);
CALL auth.protect('auth.revisions', '{system}');

-- Counts a change of the subject that its trigger names.
CREATE FUNCTION auth.revise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE auth.revisions SET revision = revision + 1 WHERE subject = TG_ARGV[0];
    RETURN NULL;
END $$;
CREATE TRIGGER clients_revision AFTER INSERT OR UPDATE OR DELETE ON auth.clients
FOR EACH ROW EXECUTE FUNCTION auth.revise('clients');
CREATE TRIGGER keys_revision AFTER INSERT OR UPDATE OR DELETE ON auth.signing_keys
FOR EACH ROW EXECUTE FUNCTION auth.revise('keys');
