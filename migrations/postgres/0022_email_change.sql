-- Links that change the address of a person, and that take such a change back.
ALTER TABLE auth.verification_tokens DROP CONSTRAINT verification_tokens_type_check;
ALTER TABLE auth.verification_tokens ADD CONSTRAINT verification_tokens_type_check
    CHECK (type IN ('email_verification', 'password_reset', 'email_change', 'email_undo'));
