-- Parts of wallets that are promised to a caller until it captures or releases them, or time ends it. They post nothing:
-- what is held stays in its grants. parts are in hold_parts; *_left is the wallet after the last step but a capture, for
-- the answer to it that is repeated. made_seq and ended_seq bound the transactions that count it among what is held.
CREATE TABLE credits.holds (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL,
    caller          text NOT NULL,
    actor           text NOT NULL,
    app_id          text NOT NULL,
    description     text NOT NULL,
    metadata        json,
    idempotency_key text,
    amount          bigint NOT NULL CONSTRAINT holds_amount CHECK (amount > 0),
    added           bigint NOT NULL CONSTRAINT holds_added CHECK (added >= 0 AND added < amount),
    captured        bigint NOT NULL CONSTRAINT holds_captured CHECK (captured BETWEEN 0 AND amount),
    state           text NOT NULL CHECK (state IN ('open', 'captured', 'released', 'expired')),
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    ended_at        timestamptz,
    capture_id      uuid, -- the newest transaction that captured
    made_seq        bigint NOT NULL CHECK (made_seq >= 0),
    ended_seq       bigint,
    free_left       bigint NOT NULL,
    paid_left       bigint NOT NULL,
    held_left       bigint NOT NULL,
    debt_left       bigint NOT NULL,
    earned_left     bigint NOT NULL,
    spent_left      bigint NOT NULL,
    CONSTRAINT holds_open CHECK ((state = 'open') = (ended_at IS NULL) AND (state = 'open') = (ended_seq IS NULL)
        AND (state <> 'open' OR captured < amount)),
    CONSTRAINT holds_capture CHECK ((captured > 0) = (capture_id IS NOT NULL) AND (state <> 'captured' OR captured > 0))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
-- Lists those of a person.
CREATE INDEX holds_user_id ON credits.holds (user_id, id);
-- Counts those that are open, and finds those whose time is over.
CREATE INDEX holds_due ON credits.holds (user_id, expires_at) WHERE state = 'open';
CALL auth.protect('credits.holds', '{system, ledger}', 'user_id', '{SELECT, INSERT, UPDATE}');
-- A hold ends once.
CREATE TRIGGER holds_ended BEFORE UPDATE ON credits.holds FOR EACH ROW
WHEN (OLD.state <> 'open') EXECUTE FUNCTION auth.refuse('holds_ended');

-- What a hold has of which grant.
CREATE TABLE credits.hold_parts (
    hold_id  uuid NOT NULL,
    grant_no integer NOT NULL,
    user_id  uuid NOT NULL,
    amount   bigint NOT NULL CONSTRAINT hold_parts_amount CHECK (amount > 0),
    captured bigint NOT NULL CONSTRAINT hold_parts_captured CHECK (captured BETWEEN 0 AND amount),
    PRIMARY KEY (hold_id, grant_no)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
CALL auth.protect('credits.hold_parts', '{system, ledger}', 'user_id', '{SELECT, INSERT, UPDATE}');

-- The hold that a transaction captures, or whose release settles debt.
ALTER TABLE credits.transactions ADD COLUMN hold_id uuid CONSTRAINT transactions_hold
    CHECK (CASE kind WHEN 'capture' THEN hold_id IS NOT NULL WHEN 'repayment' THEN true ELSE hold_id IS NULL END);

-- Keys of requests that make or change a hold and no transaction.
ALTER TABLE credits.idempotency DROP CONSTRAINT idempotency_object_check;
ALTER TABLE credits.idempotency ADD CONSTRAINT idempotency_object_check CHECK (object IN ('transaction', 'hold'));
