-- The life of a signing key: published before it signs, verifying after it signed, then erased.
ALTER TABLE auth.signing_keys
    ADD COLUMN activates_at timestamptz, -- a pending key signs from then on
    ADD COLUMN retired_at timestamptz,
    ADD COLUMN removed_at timestamptz
        CONSTRAINT signing_keys_erased
        CHECK ((state = 'removed') = (removed_at IS NOT NULL) AND (state = 'removed') = (length(sealed) = 0)),
    ADD COLUMN reason text NOT NULL DEFAULT ''; -- why it was revoked
-- One key of an algorithm waits.
CREATE UNIQUE INDEX signing_keys_pending_key ON auth.signing_keys (algorithm) WHERE state = 'pending';
