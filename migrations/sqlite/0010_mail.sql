-- Links that prove an address or set a password, by their hash: single use, of one purpose, one live link of each.
CREATE TABLE auth_verification_tokens (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES auth_users (id) ON DELETE CASCADE,
    token_hash   BLOB NOT NULL CHECK (length(token_hash) = 32),
    type         TEXT NOT NULL CHECK (type IN ('email_verification', 'password_reset')),
    target_email TEXT NOT NULL, -- that it proves; empty: it was handed over
    return_to    TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    used_at      INTEGER
) STRICT;
CREATE UNIQUE INDEX verification_tokens_token_hash_key ON auth_verification_tokens (token_hash);
CREATE UNIQUE INDEX verification_tokens_live_key ON auth_verification_tokens (user_id, type) WHERE used_at IS NULL;
CREATE INDEX verification_tokens_expires_at ON auth_verification_tokens (expires_at);

-- Mails to send. A link in one has its id, and its secret is made again from that: no row holds it.
CREATE TABLE auth_mails (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES auth_users (id) ON DELETE CASCADE,
    address    TEXT NOT NULL,
    kind       TEXT NOT NULL,
    language   TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, -- not worth sending afterwards
    attempts   INTEGER NOT NULL DEFAULT 0, -- the number of the one under way: only it may write
    next_at    INTEGER NOT NULL, -- of the next attempt, or when the one under way counts as lost
    sent_at    INTEGER,
    failed_at  INTEGER, -- given up
    fault      TEXT NOT NULL DEFAULT ''
) STRICT;
-- Finds what is due.
CREATE INDEX mails_due ON auth_mails (next_at) WHERE sent_at IS NULL AND failed_at IS NULL;
CREATE INDEX mails_user_id ON auth_mails (user_id);
CREATE INDEX mails_expires_at ON auth_mails (expires_at);
