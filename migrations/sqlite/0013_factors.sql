-- Whether a password alone signs nobody in: as long as an authenticator app is enabled.
ALTER TABLE auth_users ADD COLUMN second_factor INTEGER NOT NULL DEFAULT 0 CHECK (second_factor IN (0, 1));

-- The authenticator app of a person, its secret sealed under the master key.
CREATE TABLE auth_two_factor_auth (
    user_id        TEXT PRIMARY KEY REFERENCES auth_users (id) ON DELETE CASCADE,
    secret         BLOB NOT NULL,
    last_used_step INTEGER NOT NULL DEFAULT 0, -- no code of it, or of an earlier one, works again
    created_at     INTEGER NOT NULL,
    enabled_at     INTEGER                     -- null: it has not shown a code yet
) STRICT, WITHOUT ROWID;

-- Codes that stand in for the app once each, by a keyed hash.
CREATE TABLE auth_recovery_codes (
    user_id   TEXT NOT NULL REFERENCES auth_users (id) ON DELETE CASCADE,
    code_hash BLOB NOT NULL CHECK (length(code_hash) = 32),
    used_at   INTEGER,
    PRIMARY KEY (user_id, code_hash)
) STRICT, WITHOUT ROWID;

-- Sign-ins by password that wait for the second factor: single use, known to one browser.
CREATE TABLE auth_sign_ins (
    sign_in_hash BLOB PRIMARY KEY CHECK (length(sign_in_hash) = 32),
    user_id      TEXT NOT NULL REFERENCES auth_users (id) ON DELETE CASCADE,
    auth_time    INTEGER NOT NULL,
    amr          TEXT NOT NULL CHECK (json_valid(amr)),
    remember     INTEGER NOT NULL CHECK (remember IN (0, 1)),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_ins_user_id ON auth_sign_ins (user_id);
CREATE INDEX sign_ins_expires_at ON auth_sign_ins (expires_at);
