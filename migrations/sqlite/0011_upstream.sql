-- Accounts with other providers by which people sign in. What the provider gave us to prove it is not kept.
CREATE TABLE auth_accounts (
    id                  TEXT PRIMARY KEY,
    user_id             TEXT NOT NULL REFERENCES auth_users (id) ON DELETE CASCADE,
    provider            TEXT NOT NULL CHECK (provider <> ''),
    provider_account_id TEXT NOT NULL CHECK (provider_account_id <> ''),
    email               TEXT NOT NULL DEFAULT '',
    created_at          INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX accounts_provider_account_key ON auth_accounts (provider, provider_account_id);
-- A person has one account of each provider.
CREATE UNIQUE INDEX accounts_user_provider_key ON auth_accounts (user_id, provider);
