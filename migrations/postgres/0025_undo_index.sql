-- Finds who may still take an address back: until then nobody else gets it.
CREATE INDEX verification_tokens_undo ON auth.verification_tokens (target_email) WHERE type = 'email_undo' AND used_at IS NULL;
