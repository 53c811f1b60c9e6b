-- What an administrator decides for one client, beyond what it registered.
ALTER TABLE auth_clients ADD COLUMN id_token_alg TEXT NOT NULL DEFAULT ''; -- empty: RS256
ALTER TABLE auth_clients ADD COLUMN pkce_exempt INTEGER NOT NULL DEFAULT 0 CHECK (pkce_exempt IN (0, 1));
ALTER TABLE auth_clients ADD COLUMN rotate_refresh INTEGER NOT NULL DEFAULT 0 CHECK (rotate_refresh IN (0, 1));
ALTER TABLE auth_clients ADD COLUMN refresh_idle_seconds INTEGER NOT NULL DEFAULT 0 CHECK (refresh_idle_seconds >= 0);
ALTER TABLE auth_clients ADD COLUMN refresh_max_seconds INTEGER NOT NULL DEFAULT 0 CHECK (refresh_max_seconds >= 0);
ALTER TABLE auth_clients ADD COLUMN id_token_seconds INTEGER NOT NULL DEFAULT 0 CHECK (id_token_seconds >= 0);
-- APIs that this client serves: it may introspect the tokens made for them.
ALTER TABLE auth_clients ADD COLUMN audiences TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(audiences));

-- The standard claims of a person that have no column of their own (OpenID Connect Core 1.0, section 5.1).
ALTER TABLE auth_users ADD COLUMN claims TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(claims));

-- What an authorization request asked for besides scopes.
ALTER TABLE auth_requests ADD COLUMN claims TEXT NOT NULL DEFAULT '';      -- the claims parameter as sent
ALTER TABLE auth_requests ADD COLUMN hint_subject TEXT NOT NULL DEFAULT ''; -- subject of id_token_hint

-- Claims that were allowed one by one, beside the scopes.
ALTER TABLE auth_consents ADD COLUMN claims TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(claims));

-- A grant with offline access outlives the session that it was made in.
ALTER TABLE auth_grants ADD COLUMN offline INTEGER NOT NULL DEFAULT 0 CHECK (offline IN (0, 1));
ALTER TABLE auth_grants ADD COLUMN claims TEXT NOT NULL DEFAULT '';

-- A refresh family belongs to a grant, or, where grant_handle is null, to a first-party session. salt makes
-- the successor of a rotated token again while the grace lasts; then it is erased.
ALTER TABLE auth_refresh_tokens ADD COLUMN grant_handle BLOB REFERENCES auth_grants (handle) ON DELETE CASCADE;
ALTER TABLE auth_refresh_tokens ADD COLUMN salt BLOB;
CREATE INDEX refresh_tokens_grant_handle ON auth_refresh_tokens (grant_handle) WHERE grant_handle IS NOT NULL;
-- Finds families to delete, and salts to erase.
CREATE INDEX refresh_tokens_expires_at ON auth_refresh_tokens (expires_at);
CREATE INDEX refresh_tokens_salt ON auth_refresh_tokens (rotated_at) WHERE salt IS NOT NULL;

-- Access tokens that were revoked one by one (RFC 7009), by their jti, until they expire.
CREATE TABLE auth_revoked_tokens (
    token_id   TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revoked_tokens_expires_at ON auth_revoked_tokens (expires_at);

-- Counters that rise with every change of what programs keep in memory.
CREATE TABLE auth_revisions (
    subject  TEXT PRIMARY KEY CHECK (subject IN ('clients', 'keys')),
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO auth_revisions (subject, revision) VALUES ('clients', 1), ('keys', 1);

CREATE TRIGGER clients_revision_insert AFTER INSERT ON auth_clients
BEGIN UPDATE auth_revisions SET revision = revision + 1 WHERE subject = 'clients'; END;
CREATE TRIGGER clients_revision_update AFTER UPDATE ON auth_clients
BEGIN UPDATE auth_revisions SET revision = revision + 1 WHERE subject = 'clients'; END;
CREATE TRIGGER clients_revision_delete AFTER DELETE ON auth_clients
BEGIN UPDATE auth_revisions SET revision = revision + 1 WHERE subject = 'clients'; END;
CREATE TRIGGER keys_revision_insert AFTER INSERT ON auth_signing_keys
BEGIN UPDATE auth_revisions SET revision = revision + 1 WHERE subject = 'keys'; END;
CREATE TRIGGER keys_revision_update AFTER UPDATE ON auth_signing_keys
BEGIN UPDATE auth_revisions SET revision = revision + 1 WHERE subject = 'keys'; END;
CREATE TRIGGER keys_revision_delete AFTER DELETE ON auth_signing_keys
BEGIN UPDATE auth_revisions SET revision = revision + 1 WHERE subject = 'keys'; END;
