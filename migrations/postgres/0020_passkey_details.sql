-- serves programs from 19
-- What holds a passkey: '' (unknown), 'device' (a phone or computer) or 'key' (a security key); and whether the last use
-- said that it is kept in a cloud as well.
ALTER TABLE auth.passkeys ADD COLUMN kind text NOT NULL DEFAULT '' CHECK (kind IN ('', 'device', 'key'));
ALTER TABLE auth.passkeys ADD COLUMN backed_up boolean NOT NULL DEFAULT false;
