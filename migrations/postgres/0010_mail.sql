-- Links that prove an address or set a password, by their hash: single use, of one purpose, one live link of each.
CREATE TABLE auth.verification_tokens (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    token_hash   bytea NOT NULL CHECK (length(token_hash) = 32),
    type         text NOT NULL CHECK (type IN ('email_verification', 'password_reset')),
    target_email text NOT NULL, -- that it proves; empty: it was handed over
    return_to    text NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz
);
CREATE UNIQUE INDEX verification_tokens_token_hash_key ON auth.verification_tokens (token_hash);
CREATE UNIQUE INDEX verification_tokens_live_key ON auth.verification_tokens (user_id, type) WHERE used_at IS NULL;
CREATE INDEX verification_tokens_expires_at ON auth.verification_tokens (expires_at);
CALL auth.protect('auth.verification_tokens', '{system}');

-- Mails to send. A link in one has its id, and its secret is made again from that: no row holds it.
CREATE TABLE auth.mails (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    address    text NOT NULL,
    kind       text NOT NULL,
    language   text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL, -- not worth sending afterwards
    attempts   bigint NOT NULL DEFAULT 0, -- the number of the one under way: only it may write
    next_at    timestamptz NOT NULL, -- of the next attempt, or when the one under way counts as lost
    sent_at    timestamptz,
    failed_at  timestamptz, -- given up
    fault      text NOT NULL DEFAULT ''
);
-- Finds what is due.
CREATE INDEX mails_due ON auth.mails (next_at) WHERE sent_at IS NULL AND failed_at IS NULL;
CREATE INDEX mails_user_id ON auth.mails (user_id);
CREATE INDEX mails_expires_at ON auth.mails (expires_at);
CALL auth.protect('auth.mails', '{system}');
