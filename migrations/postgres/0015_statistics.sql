-- What was counted, an hour and a measure a row. The measure tallied says how far storage has counted by itself.
CREATE TABLE auth.statistics (
    hour    timestamptz NOT NULL,
    measure text NOT NULL CHECK (measure <> ''),
    value   bigint NOT NULL,
    PRIMARY KEY (hour, measure)
);
CALL auth.protect('auth.statistics', '{system}');

-- Finds wallets that nobody can use until they are mended.
CREATE INDEX balances_frozen ON credits.balances (user_id) WHERE state = 'frozen';
