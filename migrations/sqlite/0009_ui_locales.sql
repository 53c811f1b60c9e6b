-- The languages that an authorization request asked for: the ui_locales parameter as sent.
ALTER TABLE auth_requests ADD COLUMN ui_locales TEXT NOT NULL DEFAULT '';
