-- The life of a signing key: published before it signs, verifying after it signed, then erased.
ALTER TABLE auth_signing_keys ADD COLUMN activates_at INTEGER; -- a pending key signs from then on
ALTER TABLE auth_signing_keys ADD COLUMN retired_at INTEGER;
ALTER TABLE auth_signing_keys ADD COLUMN removed_at INTEGER
    CONSTRAINT signing_keys_erased
    CHECK ((state = 'removed') = (removed_at IS NOT NULL) AND (state = 'removed') = (length(sealed) = 0));
ALTER TABLE auth_signing_keys ADD COLUMN reason TEXT NOT NULL DEFAULT ''; -- why it was revoked
-- One key of an algorithm waits.
CREATE UNIQUE INDEX signing_keys_pending_key ON auth_signing_keys (algorithm) WHERE state = 'pending';
