-- The oldest program that a step serves, by the newest step that it knows; null: those alone that know the step.
ALTER TABLE schema_migrations ADD COLUMN serves INTEGER;
