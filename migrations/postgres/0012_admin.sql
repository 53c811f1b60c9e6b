-- Free role names that administrators gave to people: the claim roles. They give no right with us.
CREATE TABLE auth.roles (
    user_id uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    role    text NOT NULL CHECK (length(role) BETWEEN 1 AND 64),
    PRIMARY KEY (user_id, role)
);
CALL auth.protect('auth.roles', '{system}', 'user_id', '{SELECT}');

-- The link by which somebody becomes an administrator: the newest alone, and at most one row.
CREATE TABLE auth.setup_links (
    code_hash  bytea PRIMARY KEY CHECK (length(code_hash) = 32),
    recover    boolean NOT NULL, -- of use although there is an administrator
    expires_at timestamptz NOT NULL
);
CALL auth.protect('auth.setup_links', '{system}');

-- Finds administrators, who are few.
CREATE INDEX users_administrators ON auth.users (id) WHERE role = 'admin';
-- Find people by the beginning of their address or name.
CREATE INDEX users_email_prefix ON auth.users (email COLLATE "C");
CREATE INDEX users_name_prefix ON auth.users (lower(name) COLLATE "C");
