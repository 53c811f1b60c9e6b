-- What was counted, an hour and a measure a row. The measure tallied says how far storage has counted by itself.
CREATE TABLE auth_statistics (
    hour    INTEGER NOT NULL,
    measure TEXT NOT NULL CHECK (measure <> ''),
    value   INTEGER NOT NULL,
    PRIMARY KEY (hour, measure)
) STRICT, WITHOUT ROWID;

-- Finds wallets that nobody can use until they are mended.
CREATE INDEX balances_frozen ON credits_balances (user_id) WHERE state = 'frozen';
