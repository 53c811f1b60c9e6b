-- The languages that an authorization request asked for: the ui_locales parameter as sent.
ALTER TABLE auth.requests ADD COLUMN ui_locales text NOT NULL DEFAULT '';
