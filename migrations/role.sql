-- What the application's role may do, table by table; row security is beside it. It owns nothing and makes nothing.
REVOKE ALL ON ALL TABLES IN SCHEMA auth, credits FROM {role};
GRANT USAGE ON SCHEMA auth, credits TO {role};
GRANT SELECT ON auth.schema_migrations TO {role};

GRANT SELECT, INSERT, UPDATE ON auth.users TO {role};
GRANT SELECT, UPDATE ON auth.revisions TO {role};
GRANT SELECT, INSERT, DELETE ON auth.endings TO {role};
GRANT SELECT, INSERT ON auth.security_events TO {role};
GRANT EXECUTE ON FUNCTION auth.forget_devices, auth.delete_events TO {role};
GRANT SELECT, INSERT, UPDATE ON auth.signing_keys, auth.service_keys TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON auth.passwords, auth.sessions, auth.refresh_tokens, auth.login_attempts,
    auth.clients, auth.requests, auth.consents, auth.grants, auth.codes, auth.revoked_tokens,
    auth.verification_tokens, auth.mails, auth.accounts,
    auth.roles, auth.setup_links, auth.statistics,
    auth.two_factor_auth, auth.recovery_codes, auth.sign_ins, auth.passkeys, auth.challenges TO {role};

GRANT SELECT ON credits.accounts TO {role};
GRANT SELECT, INSERT ON credits.entries, credits.idempotency, credits.bonus_claims TO {role};
-- All columns of a transaction but the one that says which database transaction wrote it.
GRANT SELECT, INSERT (id, user_id, seq, type, kind, status, amount, balance_before, balance_after, legs, app_id,
    description, metadata, caller, actor, idempotency_key, related_id, hold_id, free_after, paid_after, held_after, debt_after,
    earned_after, spent_after, at, purchase_id) ON credits.transactions TO {role};
GRANT SELECT, INSERT, UPDATE ON credits.balances, credits.key_caps, credits.packages, credits.holds, credits.hold_parts,
    credits.purchases TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON credits.grants, credits.usage_stats, credits.refunds, credits.disputes TO {role};
GRANT SELECT, INSERT ON credits.stripe_customers TO {role};
GRANT SELECT, INSERT, UPDATE (body, processed_at, outcome, reason, stripe_payment_intent_id) ON credits.stripe_events TO {role};
