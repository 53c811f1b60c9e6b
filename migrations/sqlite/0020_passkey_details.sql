-- What holds a passkey: '' (unknown), 'device' (a phone or computer) or 'key' (a security key); and whether the last use
-- said that it is kept in a cloud as well.
ALTER TABLE auth_passkeys ADD COLUMN kind TEXT NOT NULL DEFAULT '' CHECK (kind IN ('', 'device', 'key'));
ALTER TABLE auth_passkeys ADD COLUMN backed_up INTEGER NOT NULL DEFAULT 0 CHECK (backed_up IN (0, 1));
