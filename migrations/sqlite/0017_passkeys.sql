-- Whether a person has a passkey, which is the stronger way in then.
ALTER TABLE auth_users ADD COLUMN has_passkey INTEGER NOT NULL DEFAULT 0 CHECK (has_passkey IN (0, 1));

-- Passkeys: a credential belongs to one account.
CREATE TABLE auth_passkeys (
    credential_id   BLOB PRIMARY KEY,
    user_id         TEXT NOT NULL REFERENCES auth_users (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    public_key      BLOB NOT NULL, -- COSE
    sign_count      INTEGER NOT NULL CHECK (sign_count >= 0),
    backup_eligible INTEGER NOT NULL CHECK (backup_eligible IN (0, 1)),
    created_at      INTEGER NOT NULL,
    last_used_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX passkeys_user_id ON auth_passkeys (user_id);

-- What ceremonies with passkeys begin with: single use, bound to a browser, deleted when shown. user_id is null at a
-- sign-in.
CREATE TABLE auth_challenges (
    challenge_hash BLOB PRIMARY KEY CHECK (length(challenge_hash) = 32),
    browser_hash   BLOB NOT NULL CHECK (length(browser_hash) = 32),
    user_id        TEXT REFERENCES auth_users (id) ON DELETE CASCADE,
    session        TEXT NOT NULL CHECK (json_valid(session)),
    expires_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX challenges_user_id ON auth_challenges (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX challenges_expires_at ON auth_challenges (expires_at);

-- Classes of authentication that a request wishes for, in order.
ALTER TABLE auth_requests ADD COLUMN acr_values TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(acr_values));
