-- serves programs from 19
-- Below what a person is told by mail that few credits are left, 0: never; whether that is still to come, since the
-- balance was not below it meanwhile; and the language of who asked, where the profile names none.
ALTER TABLE credits.balances
    ADD COLUMN alert_below bigint NOT NULL DEFAULT 0 CONSTRAINT balances_alert CHECK (alert_below BETWEEN 0 AND 1000000000000),
    ADD COLUMN alert_armed boolean NOT NULL DEFAULT false,
    ADD COLUMN alert_language text NOT NULL DEFAULT '';
