-- The use that a refund gives back.
ALTER TABLE credits.transactions ADD COLUMN related_id uuid
    CONSTRAINT transactions_related CHECK ((related_id IS NOT NULL) = (type = 'refund'));
-- Sums what was given back of a use.
CREATE INDEX transactions_related_id ON credits.transactions (related_id) WHERE related_id IS NOT NULL;

-- What apps charged, per person and day, UTC. A refund counts on the day of its use.
CREATE TABLE credits.usage_stats (
    user_id      uuid NOT NULL,
    app_id       text NOT NULL,
    date         date NOT NULL,
    credits_used bigint NOT NULL CONSTRAINT usage_stats_used CHECK (credits_used >= 0),
    uses         bigint NOT NULL CHECK (uses >= 1),
    PRIMARY KEY (user_id, app_id, date)
) WITH (fillfactor = 70);
-- Sums over people for administration.
CREATE INDEX usage_stats_app_date ON credits.usage_stats (app_id, date);
INSERT INTO credits.usage_stats (user_id, app_id, date, credits_used, uses)
SELECT user_id, app_id, (at AT TIME ZONE 'UTC')::date, -sum(amount), count(*) FROM credits.transactions
WHERE type = 'usage' GROUP BY user_id, app_id, (at AT TIME ZONE 'UTC')::date;
CALL auth.protect('credits.usage_stats', '{system, ledger}', 'user_id', '{SELECT, INSERT, UPDATE}');
