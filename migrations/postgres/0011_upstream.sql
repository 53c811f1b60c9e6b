-- Accounts with other providers by which people sign in. What the provider gave us to prove it is not kept.
CREATE TABLE auth.accounts (
    id                  uuid PRIMARY KEY,
    user_id             uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    provider            text NOT NULL CHECK (provider <> ''),
    provider_account_id text NOT NULL CHECK (provider_account_id <> ''),
    email               text NOT NULL DEFAULT '',
    created_at          timestamptz NOT NULL
);
CREATE UNIQUE INDEX accounts_provider_account_key ON auth.accounts (provider, provider_account_id);
-- A person has one account of each provider.
CREATE UNIQUE INDEX accounts_user_provider_key ON auth.accounts (user_id, provider);
CALL auth.protect('auth.accounts', '{system}', 'user_id', '{SELECT}');
