-- Parts of wallets that are promised to a caller until it captures or releases them, or time ends it. They post nothing:
-- what is held stays in its grants. parts are in hold_parts; *_left is the wallet after the last step but a capture, for
-- the answer to it that is repeated. made_seq and ended_seq bound the transactions that count it among what is held.
CREATE TABLE credits_holds (
    id              TEXT PRIMARY KEY,
    user_id         TEXT NOT NULL REFERENCES credits_balances (user_id),
    caller          TEXT NOT NULL,
    actor           TEXT NOT NULL,
    app_id          TEXT NOT NULL,
    description     TEXT NOT NULL,
    metadata        TEXT CHECK (metadata IS NULL OR json_valid(metadata)),
    idempotency_key TEXT,
    amount          INTEGER NOT NULL CONSTRAINT holds_amount CHECK (amount > 0),
    added           INTEGER NOT NULL CONSTRAINT holds_added CHECK (added >= 0 AND added < amount),
    captured        INTEGER NOT NULL CONSTRAINT holds_captured CHECK (captured BETWEEN 0 AND amount),
    state           TEXT NOT NULL CHECK (state IN ('open', 'captured', 'released', 'expired')),
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    ended_at        INTEGER,
    capture_id      TEXT, -- the newest transaction that captured
    made_seq        INTEGER NOT NULL CHECK (made_seq >= 0),
    ended_seq       INTEGER,
    free_left       INTEGER NOT NULL,
    paid_left       INTEGER NOT NULL,
    held_left       INTEGER NOT NULL,
    debt_left       INTEGER NOT NULL,
    earned_left     INTEGER NOT NULL,
    spent_left      INTEGER NOT NULL,
    CONSTRAINT holds_open CHECK ((state = 'open') = (ended_at IS NULL) AND (state = 'open') = (ended_seq IS NULL)
        AND (state <> 'open' OR captured < amount)),
    CONSTRAINT holds_capture CHECK ((captured > 0) = (capture_id IS NOT NULL) AND (state <> 'captured' OR captured > 0))
) STRICT, WITHOUT ROWID;
-- Lists those of a person.
CREATE INDEX holds_user_id ON credits_holds (user_id, id);
-- Counts those that are open, and finds those whose time is over.
CREATE INDEX holds_due ON credits_holds (user_id, expires_at) WHERE state = 'open';
-- A hold ends once.
CREATE TRIGGER holds_ended BEFORE UPDATE ON credits_holds WHEN OLD.state <> 'open'
BEGIN SELECT RAISE(ABORT, 'holds_ended'); END;

-- What a hold has of which grant.
CREATE TABLE credits_hold_parts (
    hold_id  TEXT NOT NULL REFERENCES credits_holds (id),
    grant_no INTEGER NOT NULL,
    user_id  TEXT NOT NULL,
    amount   INTEGER NOT NULL CONSTRAINT hold_parts_amount CHECK (amount > 0),
    captured INTEGER NOT NULL CONSTRAINT hold_parts_captured CHECK (captured BETWEEN 0 AND amount),
    PRIMARY KEY (hold_id, grant_no)
) STRICT, WITHOUT ROWID;

-- The hold that a transaction captures, or whose release settles debt.
ALTER TABLE credits_transactions ADD COLUMN hold_id TEXT CONSTRAINT transactions_hold
    CHECK (CASE kind WHEN 'capture' THEN hold_id IS NOT NULL WHEN 'repayment' THEN 1 ELSE hold_id IS NULL END);

-- Keys of requests that make or change a hold and no transaction.
CREATE TABLE idempotency_before AS SELECT user_id, key_hash, fingerprint, object, object_id, created_at FROM credits_idempotency;
DROP TABLE credits_idempotency;
CREATE TABLE credits_idempotency (
    user_id     TEXT NOT NULL REFERENCES credits_balances (user_id),
    key_hash    BLOB NOT NULL CHECK (length(key_hash) = 16),
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    object      TEXT NOT NULL CHECK (object IN ('transaction', 'hold')),
    object_id   TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (user_id, key_hash)
) STRICT, WITHOUT ROWID;
INSERT INTO credits_idempotency (user_id, key_hash, fingerprint, object, object_id, created_at)
SELECT user_id, key_hash, fingerprint, object, object_id, created_at FROM idempotency_before;
DROP TABLE idempotency_before;
CREATE TRIGGER idempotency_no_update BEFORE UPDATE ON credits_idempotency
BEGIN SELECT RAISE(ABORT, 'journal_append_only'); END;
CREATE TRIGGER idempotency_no_delete BEFORE DELETE ON credits_idempotency
BEGIN SELECT RAISE(ABORT, 'journal_append_only'); END;
CREATE TRIGGER idempotency_no_replace BEFORE INSERT ON credits_idempotency
WHEN EXISTS (SELECT 1 FROM credits_idempotency WHERE user_id = NEW.user_id AND key_hash = NEW.key_hash)
BEGIN SELECT RAISE(ABORT, 'journal_append_only'); END;
