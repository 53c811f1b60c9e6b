-- The wallet of a person: projections of the journal that limit spending. Amounts are micro-credits.
CREATE TABLE credits_balances (
    user_id                TEXT PRIMARY KEY REFERENCES auth_users (id),
    state                  TEXT NOT NULL CHECK (state IN ('active', 'disabled', 'frozen', 'closed')),
    balance                INTEGER NOT NULL CONSTRAINT balances_paid CHECK (balance >= 0),
    free_credits_remaining INTEGER NOT NULL CONSTRAINT balances_free CHECK (free_credits_remaining >= 0),
    held_paid              INTEGER NOT NULL DEFAULT 0 CHECK (held_paid >= 0),
    held_free              INTEGER NOT NULL DEFAULT 0 CHECK (held_free >= 0),
    debt                   INTEGER NOT NULL DEFAULT 0 CHECK (debt >= 0),
    total_earned           INTEGER NOT NULL DEFAULT 0 CHECK (total_earned >= 0),
    total_spent            INTEGER NOT NULL DEFAULT 0 CHECK (total_spent >= 0),
    seq                    INTEGER NOT NULL CHECK (seq >= 0),
    grants                 INTEGER NOT NULL CHECK (grants >= 1),
    version                INTEGER NOT NULL CHECK (version >= 1),
    last_daily_reset_at    INTEGER NOT NULL,
    last_at                INTEGER NOT NULL,
    created_at             INTEGER NOT NULL,
    updated_at             INTEGER NOT NULL,
    CONSTRAINT balances_cap CHECK (balance + free_credits_remaining + held_paid + held_free <= 999999999999999),
    CONSTRAINT balances_debt CHECK (debt = 0 OR balance = 0)
) STRICT;

CREATE TRIGGER balances_version BEFORE UPDATE ON credits_balances WHEN NEW.version <> OLD.version + 1
BEGIN SELECT RAISE(ABORT, 'balances_version'); END;
CREATE TRIGGER balances_no_delete BEFORE DELETE ON credits_balances
BEGIN SELECT RAISE(ABORT, 'balances_no_delete'); END;

-- Lots of credits with one origin; (user_id, no) is also the account within the wallet.
CREATE TABLE credits_grants (
    user_id    TEXT NOT NULL REFERENCES credits_balances (user_id),
    no         INTEGER NOT NULL CHECK (no >= 2),
    class      TEXT NOT NULL CHECK (class IN ('free', 'paid')),
    source     TEXT NOT NULL,
    priority   INTEGER NOT NULL,
    issued     INTEGER NOT NULL CHECK (issued > 0),
    remaining  INTEGER NOT NULL CHECK (remaining BETWEEN 0 AND issued),
    held       INTEGER NOT NULL DEFAULT 0 CHECK (held BETWEEN 0 AND remaining),
    open       INTEGER NOT NULL CHECK (open = (remaining > 0)),
    expires_at INTEGER,
    PRIMARY KEY (user_id, no)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX grants_source_key ON credits_grants (user_id, source);
-- Loads what can be spent, in burn order.
CREATE INDEX grants_open ON credits_grants (user_id, priority, expires_at, no) WHERE open = 1;

-- The shared accounts. They have no stored balance: it is the sum over the entries.
CREATE TABLE credits_accounts (
    no   INTEGER PRIMARY KEY CHECK (no BETWEEN -8 AND -1),
    code TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO credits_accounts (no, code) VALUES
    (-1, 'issue.bonus'), (-2, 'issue.daily'), (-3, 'issue.adjustment'), (-4, 'sale'),
    (-5, 'usage'), (-6, 'expired'), (-7, 'withdrawn'), (-8, 'opening');

-- The journal: one row per event of a wallet, in commit order by pos, never changed.
CREATE TABLE credits_transactions (
    pos             INTEGER PRIMARY KEY,
    id              TEXT NOT NULL,
    user_id         TEXT NOT NULL REFERENCES credits_balances (user_id),
    seq             INTEGER NOT NULL CHECK (seq >= 1),
    type            TEXT NOT NULL CHECK (type IN ('purchase', 'usage', 'refund', 'bonus', 'expiry', 'adjustment')),
    kind            TEXT NOT NULL,
    status          TEXT NOT NULL DEFAULT 'completed' CHECK (status = 'completed'),
    amount          INTEGER NOT NULL CONSTRAINT transactions_amount CHECK (amount <> 0 OR kind = 'repayment'),
    balance_before  INTEGER NOT NULL,
    balance_after   INTEGER NOT NULL,
    legs            INTEGER NOT NULL CHECK (legs > 0),
    app_id          TEXT NOT NULL,
    description     TEXT NOT NULL,
    metadata        TEXT CHECK (metadata IS NULL OR json_valid(metadata)),
    caller          TEXT NOT NULL,
    actor           TEXT NOT NULL,
    idempotency_key TEXT,
    free_after      INTEGER NOT NULL,
    paid_after      INTEGER NOT NULL,
    held_after      INTEGER NOT NULL,
    debt_after      INTEGER NOT NULL,
    earned_after    INTEGER NOT NULL,
    spent_after     INTEGER NOT NULL,
    at              INTEGER NOT NULL,
    CONSTRAINT transactions_chain CHECK (balance_after = balance_before + amount),
    CONSTRAINT transactions_total CHECK (balance_after = free_after + paid_after + held_after - debt_after),
    CONSTRAINT transactions_use CHECK (kind <> 'use' OR balance_after >= 0)
) STRICT;
CREATE UNIQUE INDEX transactions_id_key ON credits_transactions (id);
CREATE UNIQUE INDEX transactions_seq_key ON credits_transactions (user_id, seq);

-- Postings: amount leaves one account and enters another, so that a row cannot fail to sum to zero. The
-- deferred reference refuses postings without a transaction at commit.
CREATE TABLE credits_entries (
    transaction_id TEXT NOT NULL REFERENCES credits_transactions (id) DEFERRABLE INITIALLY DEFERRED,
    n              INTEGER NOT NULL CHECK (n >= 1),
    user_id        TEXT NOT NULL,
    from_account   INTEGER NOT NULL,
    to_account     INTEGER NOT NULL,
    amount         INTEGER NOT NULL CONSTRAINT entries_amount CHECK (amount > 0),
    PRIMARY KEY (transaction_id, n),
    CONSTRAINT entries_accounts CHECK (
        from_account <> to_account AND from_account <> 0 AND to_account <> 0
        AND (from_account > 0 OR to_account > 0) AND from_account >= -8 AND to_account >= -8
    )
) STRICT, WITHOUT ROWID;

-- Idempotency keys per person and caller, and what they made. Kept as long as the ledger.
CREATE TABLE credits_idempotency (
    user_id     TEXT NOT NULL REFERENCES credits_balances (user_id),
    key_hash    BLOB NOT NULL CHECK (length(key_hash) = 16),
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    object      TEXT NOT NULL CHECK (object IN ('transaction')),
    object_id   TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (user_id, key_hash)
) STRICT, WITHOUT ROWID;

-- Entries are written before their transaction, whose row closes it: nothing is added afterwards.
CREATE TRIGGER entries_before_transaction BEFORE INSERT ON credits_entries
WHEN EXISTS (SELECT 1 FROM credits_transactions WHERE id = NEW.transaction_id)
BEGIN SELECT RAISE(ABORT, 'entries_closed'); END;
-- The closing check: exactly legs postings, all of this person, and their wallet side sums to amount.
CREATE TRIGGER transactions_zero_sum AFTER INSERT ON credits_transactions
WHEN NOT coalesce((
    SELECT count(*) = NEW.legs AND min(user_id) = NEW.user_id AND max(user_id) = NEW.user_id
       AND sum(CASE WHEN to_account > 0 THEN amount ELSE 0 END)
         - sum(CASE WHEN from_account > 0 THEN amount ELSE 0 END) = NEW.amount
    FROM credits_entries WHERE transaction_id = NEW.id
), 0)
BEGIN SELECT RAISE(ABORT, 'transactions_zero_sum'); END;

-- The journal is append-only.
CREATE TRIGGER transactions_no_update BEFORE UPDATE ON credits_transactions
BEGIN SELECT RAISE(ABORT, 'journal_append_only'); END;
CREATE TRIGGER transactions_no_delete BEFORE DELETE ON credits_transactions
BEGIN SELECT RAISE(ABORT, 'journal_append_only'); END;
CREATE TRIGGER entries_no_update BEFORE UPDATE ON credits_entries
BEGIN SELECT RAISE(ABORT, 'journal_append_only'); END;
CREATE TRIGGER entries_no_delete BEFORE DELETE ON credits_entries
BEGIN SELECT RAISE(ABORT, 'journal_append_only'); END;
CREATE TRIGGER idempotency_no_update BEFORE UPDATE ON credits_idempotency
BEGIN SELECT RAISE(ABORT, 'journal_append_only'); END;
CREATE TRIGGER idempotency_no_delete BEFORE DELETE ON credits_idempotency
BEGIN SELECT RAISE(ABORT, 'journal_append_only'); END;

-- Who had a signup bonus: keyed hash of the canonical address. Outlives the account.
CREATE TABLE credits_bonus_claims (
    claim      BLOB PRIMARY KEY CHECK (length(claim) = 32),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What can be bought. One credit costs one cent.
CREATE TABLE credits_packages (
    id               TEXT PRIMARY KEY,
    name             TEXT NOT NULL,
    description      TEXT NOT NULL,
    credits          INTEGER NOT NULL CHECK (credits > 0 AND credits % 1000000 = 0 AND credits <= 1000000000000),
    price_euro_cents INTEGER NOT NULL CHECK (price_euro_cents > 0),
    stripe_price_id  TEXT UNIQUE,
    active           INTEGER NOT NULL CHECK (active IN (0, 1)),
    sort_order       INTEGER NOT NULL,
    metadata         TEXT CHECK (metadata IS NULL OR json_valid(metadata)),
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    CONSTRAINT packages_rate CHECK (credits = price_euro_cents * 1000000)
) STRICT;
INSERT INTO credits_packages
    (id, name, description, credits, price_euro_cents, active, sort_order, created_at, updated_at)
VALUES
    ('019ab000-0000-7000-8000-000000000001', 'Starter', '100 credits for a first try', 100000000, 100, 1, 1, 1764028800000000, 1764028800000000),
    ('019ab000-0000-7000-8000-000000000002', 'Basic', '500 credits for now and then', 500000000, 500, 1, 2, 1764028800000000, 1764028800000000),
    ('019ab000-0000-7000-8000-000000000003', 'Pro', '1,500 credits for every day', 1500000000, 1500, 1, 3, 1764028800000000, 1764028800000000),
    ('019ab000-0000-7000-8000-000000000004', 'Ultra', '5,000 credits for heavy use', 5000000000, 5000, 1, 4, 1764028800000000, 1764028800000000);
