-- serves programs from 17, its own can do without it
-- The oldest program that a step serves, by the newest step that it knows; null: those alone that know the step.
ALTER TABLE auth.schema_migrations ADD COLUMN serves integer;
-- Programs that do not know the column go on writing rows.
ALTER TABLE auth.consents ALTER COLUMN created_at SET DEFAULT now();
