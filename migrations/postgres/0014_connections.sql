-- Which apps a person has let in, and since when.
ALTER TABLE auth.consents ADD COLUMN created_at timestamptz;
UPDATE auth.consents SET created_at = updated_at;
ALTER TABLE auth.consents ALTER COLUMN created_at SET NOT NULL;
-- Finds what an app has of a person.
CREATE INDEX grants_user_client ON auth.grants (user_id, client_id);
