-- Free role names that administrators gave to people: the claim roles. They give no right with us.
CREATE TABLE auth_roles (
    user_id TEXT NOT NULL REFERENCES auth_users (id) ON DELETE CASCADE,
    role    TEXT NOT NULL CHECK (length(role) BETWEEN 1 AND 64),
    PRIMARY KEY (user_id, role)
) STRICT, WITHOUT ROWID;

-- The link by which somebody becomes an administrator: the newest alone, and at most one row.
CREATE TABLE auth_setup_links (
    code_hash  BLOB PRIMARY KEY CHECK (length(code_hash) = 32),
    recover    INTEGER NOT NULL CHECK (recover IN (0, 1)), -- of use although there is an administrator
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Finds administrators, who are few.
CREATE INDEX users_administrators ON auth_users (id) WHERE role = 'admin';
-- Finds people by the beginning of their name; users_email_key does by that of their address.
CREATE INDEX users_name_prefix ON auth_users (lower(name));
