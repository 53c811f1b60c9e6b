-- The use that a refund gives back.
ALTER TABLE credits_transactions ADD COLUMN related_id TEXT
    CONSTRAINT transactions_related CHECK ((related_id IS NOT NULL) = (type = 'refund'));
-- Sums what was given back of a use.
CREATE INDEX transactions_related_id ON credits_transactions (related_id) WHERE related_id IS NOT NULL;

-- What apps charged, per person and day: days since 1970, UTC. A refund counts on the day of its use.
CREATE TABLE credits_usage_stats (
    user_id      TEXT NOT NULL REFERENCES credits_balances (user_id),
    app_id       TEXT NOT NULL,
    date         INTEGER NOT NULL,
    credits_used INTEGER NOT NULL CONSTRAINT usage_stats_used CHECK (credits_used >= 0),
    uses         INTEGER NOT NULL CHECK (uses >= 1),
    PRIMARY KEY (user_id, app_id, date)
) STRICT, WITHOUT ROWID;
-- Sums over people for administration.
CREATE INDEX usage_stats_app_date ON credits_usage_stats (app_id, date);
INSERT INTO credits_usage_stats (user_id, app_id, date, credits_used, uses)
SELECT user_id, app_id, at / 86400000000, -sum(amount), count(*) FROM credits_transactions
WHERE type = 'usage' GROUP BY user_id, app_id, at / 86400000000;
