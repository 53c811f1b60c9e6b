-- Below what a person is told by mail that few credits are left, 0: never; whether that is still to come, since the
-- balance was not below it meanwhile; and the language of who asked, where the profile names none.
ALTER TABLE credits_balances ADD COLUMN alert_below INTEGER NOT NULL DEFAULT 0
    CONSTRAINT balances_alert CHECK (alert_below BETWEEN 0 AND 1000000000000);
ALTER TABLE credits_balances ADD COLUMN alert_armed INTEGER NOT NULL DEFAULT 0 CHECK (alert_armed IN (0, 1));
ALTER TABLE credits_balances ADD COLUMN alert_language TEXT NOT NULL DEFAULT '';
