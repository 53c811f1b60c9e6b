-- Whether a person has a passkey, which is the stronger way in then.
ALTER TABLE auth.users ADD COLUMN has_passkey boolean NOT NULL DEFAULT false;

-- Passkeys: a credential belongs to one account.
CREATE TABLE auth.passkeys (
    credential_id   bytea PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    name            text NOT NULL,
    public_key      bytea NOT NULL, -- COSE
    sign_count      bigint NOT NULL CHECK (sign_count >= 0),
    backup_eligible boolean NOT NULL,
    created_at      timestamptz NOT NULL,
    last_used_at    timestamptz
);
CREATE INDEX passkeys_user_id ON auth.passkeys (user_id);
CALL auth.protect('auth.passkeys', '{system}');

-- What ceremonies with passkeys begin with: single use, bound to a browser, deleted when shown. user_id is null at a
-- sign-in.
CREATE TABLE auth.challenges (
    challenge_hash bytea PRIMARY KEY CHECK (length(challenge_hash) = 32),
    browser_hash   bytea NOT NULL CHECK (length(browser_hash) = 32),
    user_id        uuid REFERENCES auth.users (id) ON DELETE CASCADE,
    session        jsonb NOT NULL,
    expires_at     timestamptz NOT NULL
);
CREATE INDEX challenges_user_id ON auth.challenges (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX challenges_expires_at ON auth.challenges (expires_at);
CALL auth.protect('auth.challenges', '{system}');

-- Classes of authentication that a request wishes for, in order.
ALTER TABLE auth.requests ADD COLUMN acr_values jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(acr_values) = 'array');
