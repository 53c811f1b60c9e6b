-- The two roles of Mana on a PostgreSQL, and its database. Run once, as an administrator of the server:
--   psql -v owner_password=... -v app_password=... -f roles.sql
-- Passwords must be stored as SCRAM (password_encryption = scram-sha-256, the default since PostgreSQL 14).

-- Owns the schema and changes it: DATABASE_DIRECT_URL.
CREATE ROLE mana_owner LOGIN PASSWORD :'owner_password'
    NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;

-- Serves: DATABASE_URL. It owns nothing; `mana migrate up` gives it its rights.
CREATE ROLE mana_app LOGIN PASSWORD :'app_password'
    NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
-- Shorter than the limits of the program, which never cancels what runs.
ALTER ROLE mana_app SET statement_timeout = '5s';
ALTER ROLE mana_app SET lock_timeout = '2s';
ALTER ROLE mana_app SET idle_in_transaction_session_timeout = '10s';

CREATE DATABASE mana OWNER mana_owner ENCODING 'UTF8' TEMPLATE template0;
