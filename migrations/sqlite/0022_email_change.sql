-- Links that prove an address or set a password, and now those that change the address of a person, and that take such a
-- change back. A CHECK is widened by a new table alone.
CREATE TABLE auth_verification_tokens_wide (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES auth_users (id) ON DELETE CASCADE,
    token_hash   BLOB NOT NULL CHECK (length(token_hash) = 32),
    type         TEXT NOT NULL CHECK (type IN ('email_verification', 'password_reset', 'email_change', 'email_undo')),
    target_email TEXT NOT NULL, -- that it proves; empty: it was handed over
    return_to    TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    used_at      INTEGER
) STRICT;
INSERT INTO auth_verification_tokens_wide (id, user_id, token_hash, type, target_email, return_to, created_at, expires_at, used_at)
    SELECT id, user_id, token_hash, type, target_email, return_to, created_at, expires_at, used_at FROM auth_verification_tokens;
DROP TABLE auth_verification_tokens;
ALTER TABLE auth_verification_tokens_wide RENAME TO auth_verification_tokens;
CREATE UNIQUE INDEX verification_tokens_token_hash_key ON auth_verification_tokens (token_hash);
CREATE UNIQUE INDEX verification_tokens_live_key ON auth_verification_tokens (user_id, type) WHERE used_at IS NULL;
CREATE INDEX verification_tokens_expires_at ON auth_verification_tokens (expires_at);
