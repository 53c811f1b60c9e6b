-- Whether a password alone signs nobody in: as long as an authenticator app is enabled.
ALTER TABLE auth.users ADD COLUMN second_factor boolean NOT NULL DEFAULT false;

-- The authenticator app of a person, its secret sealed under the master key.
CREATE TABLE auth.two_factor_auth (
    user_id        uuid PRIMARY KEY REFERENCES auth.users (id) ON DELETE CASCADE,
    secret         bytea NOT NULL,
    last_used_step bigint NOT NULL DEFAULT 0, -- no code of it, or of an earlier one, works again
    created_at     timestamptz NOT NULL,
    enabled_at     timestamptz                -- null: it has not shown a code yet
);
CALL auth.protect('auth.two_factor_auth', '{system}');

-- Codes that stand in for the app once each, by a keyed hash.
CREATE TABLE auth.recovery_codes (
    user_id   uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    code_hash bytea NOT NULL CHECK (length(code_hash) = 32),
    used_at   timestamptz,
    PRIMARY KEY (user_id, code_hash)
);
CALL auth.protect('auth.recovery_codes', '{system}');

-- Sign-ins by password that wait for the second factor: single use, known to one browser.
CREATE TABLE auth.sign_ins (
    sign_in_hash bytea PRIMARY KEY CHECK (length(sign_in_hash) = 32),
    user_id      uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    auth_time    timestamptz NOT NULL,
    amr          jsonb NOT NULL CHECK (jsonb_typeof(amr) = 'array'),
    remember     boolean NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX sign_ins_user_id ON auth.sign_ins (user_id);
CREATE INDEX sign_ins_expires_at ON auth.sign_ins (expires_at);
CALL auth.protect('auth.sign_ins', '{system}');
