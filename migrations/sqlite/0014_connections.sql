-- Which apps a person has let in, and since when.
ALTER TABLE auth_consents ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
UPDATE auth_consents SET created_at = updated_at;
-- Finds what an app has of a person.
CREATE INDEX auth_grants_user_client ON auth_grants (user_id, client_id);
