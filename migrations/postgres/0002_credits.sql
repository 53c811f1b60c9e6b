-- The ledger. No row of it refers to a wallet by a foreign key: each insert would lock the wallet's row once more.
CREATE SCHEMA credits;

-- The wallet of a person: projections of the journal that limit spending. Amounts are micro-credits. There is
-- room on each page and no index but the key, so that an update moves nothing else.
CREATE TABLE credits.balances (
    user_id                uuid PRIMARY KEY REFERENCES auth.users (id),
    state                  text NOT NULL CHECK (state IN ('active', 'disabled', 'frozen', 'closed')),
    balance                bigint NOT NULL CONSTRAINT balances_paid CHECK (balance >= 0),
    free_credits_remaining bigint NOT NULL CONSTRAINT balances_free CHECK (free_credits_remaining >= 0),
    held_paid              bigint NOT NULL DEFAULT 0 CHECK (held_paid >= 0),
    held_free              bigint NOT NULL DEFAULT 0 CHECK (held_free >= 0),
    debt                   bigint NOT NULL DEFAULT 0 CHECK (debt >= 0),
    total_earned           bigint NOT NULL DEFAULT 0 CHECK (total_earned >= 0),
    total_spent            bigint NOT NULL DEFAULT 0 CHECK (total_spent >= 0),
    seq                    bigint NOT NULL CHECK (seq >= 0),
    grants                 integer NOT NULL CHECK (grants >= 1),
    version                bigint NOT NULL CHECK (version >= 1),
    last_daily_reset_at    timestamptz NOT NULL,
    last_at                timestamptz NOT NULL,
    created_at             timestamptz NOT NULL,
    updated_at             timestamptz NOT NULL,
    CONSTRAINT balances_cap CHECK (balance + free_credits_remaining + held_paid + held_free <= 999999999999999),
    CONSTRAINT balances_debt CHECK (debt = 0 OR balance = 0)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01);
CALL auth.protect('credits.balances', '{system, ledger}', 'user_id', '{SELECT, INSERT, UPDATE}');
CREATE TRIGGER balances_version BEFORE UPDATE ON credits.balances FOR EACH ROW
WHEN (NEW.version <> OLD.version + 1) EXECUTE FUNCTION auth.refuse('balances_version');

-- Lots of credits with one origin; (user_id, no) is also the account within the wallet. The index names open
-- and not remaining: what its predicate names must not change with every use.
CREATE TABLE credits.grants (
    user_id    uuid NOT NULL,
    no         integer NOT NULL CHECK (no >= 2),
    class      text NOT NULL CHECK (class IN ('free', 'paid')),
    source     text NOT NULL,
    priority   integer NOT NULL,
    issued     bigint NOT NULL CONSTRAINT grants_issued CHECK (issued > 0),
    remaining  bigint NOT NULL CONSTRAINT grants_remaining CHECK (remaining BETWEEN 0 AND issued),
    held       bigint NOT NULL DEFAULT 0 CONSTRAINT grants_held CHECK (held BETWEEN 0 AND remaining),
    open       boolean NOT NULL CONSTRAINT grants_open CHECK (open = (remaining > 0)),
    expires_at timestamptz,
    PRIMARY KEY (user_id, no)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
CREATE UNIQUE INDEX grants_source_key ON credits.grants (user_id, source);
-- Loads what can be spent, in burn order.
CREATE INDEX grants_open ON credits.grants (user_id, priority, expires_at, no) WHERE open;
CALL auth.protect('credits.grants', '{system, ledger}', 'user_id', '{SELECT, INSERT, UPDATE}');

-- The shared accounts. They have no stored balance: it is the sum over the entries.
CREATE TABLE credits.accounts (
    no   integer PRIMARY KEY CHECK (no BETWEEN -8 AND -1),
    code text NOT NULL UNIQUE
);
INSERT INTO credits.accounts (no, code) VALUES
    (-1, 'issue.bonus'), (-2, 'issue.daily'), (-3, 'issue.adjustment'), (-4, 'sale'),
    (-5, 'usage'), (-6, 'expired'), (-7, 'withdrawn'), (-8, 'opening');

-- The journal: one row per event of a wallet, never changed. metadata keeps the text that was given, which jsonb
-- would not. xact is the database transaction that wrote the row: nobody else can add postings to it.
CREATE TABLE credits.transactions (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL,
    seq             bigint NOT NULL CHECK (seq >= 1),
    type            text NOT NULL CHECK (type IN ('purchase', 'usage', 'refund', 'bonus', 'expiry', 'adjustment')),
    kind            text NOT NULL,
    status          text NOT NULL DEFAULT 'completed' CHECK (status = 'completed'),
    amount          bigint NOT NULL CONSTRAINT transactions_amount CHECK (amount <> 0 OR kind = 'repayment'),
    balance_before  bigint NOT NULL,
    balance_after   bigint NOT NULL,
    legs            integer NOT NULL CHECK (legs > 0),
    app_id          text NOT NULL,
    description     text NOT NULL,
    metadata        json,
    caller          text NOT NULL,
    actor           text NOT NULL,
    idempotency_key text,
    free_after      bigint NOT NULL,
    paid_after      bigint NOT NULL,
    held_after      bigint NOT NULL,
    debt_after      bigint NOT NULL,
    earned_after    bigint NOT NULL,
    spent_after     bigint NOT NULL,
    at              timestamptz NOT NULL,
    xact            bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    CONSTRAINT transactions_chain CHECK (balance_after = balance_before + amount),
    CONSTRAINT transactions_total CHECK (balance_after = free_after + paid_after + held_after - debt_after),
    CONSTRAINT transactions_use CHECK (kind <> 'use' OR balance_after >= 0)
);
CREATE UNIQUE INDEX transactions_seq_key ON credits.transactions (user_id, seq);
-- Finds what was written lately.
CREATE INDEX transactions_xact ON credits.transactions USING brin (xact) WITH (autosummarize = on);
CALL auth.protect('credits.transactions', '{system, ledger}', 'user_id', '{SELECT, INSERT}');

-- Postings: amount leaves one account and enters another, so that a row cannot fail to sum to zero.
CREATE TABLE credits.entries (
    transaction_id uuid NOT NULL,
    n              integer NOT NULL CHECK (n >= 1),
    user_id        uuid NOT NULL,
    from_account   integer NOT NULL,
    to_account     integer NOT NULL,
    amount         bigint NOT NULL CONSTRAINT entries_amount CHECK (amount > 0),
    PRIMARY KEY (transaction_id, n),
    CONSTRAINT entries_accounts CHECK (
        from_account <> to_account AND from_account <> 0 AND to_account <> 0
        AND (from_account > 0 OR to_account > 0) AND from_account >= -8 AND to_account >= -8
    )
);
CALL auth.protect('credits.entries', '{system, ledger}', 'user_id', '{SELECT, INSERT}');

-- Idempotency keys per person and caller, and what they made. Kept as long as the ledger.
CREATE TABLE credits.idempotency (
    user_id     uuid NOT NULL,
    key_hash    bytea NOT NULL CHECK (length(key_hash) = 16),
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    object      text NOT NULL CHECK (object IN ('transaction')),
    object_id   uuid NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (user_id, key_hash)
);
CALL auth.protect('credits.idempotency', '{system, ledger}', 'user_id', '{SELECT, INSERT}');

-- Postings follow their transaction in one statement: of each transaction that new ones name, there must be
-- exactly legs postings now, all of its person, whose wallet side sums to its amount, and it must be as new as
-- they are. The probes go by key whatever the planner believes about empty tables.
CREATE FUNCTION credits.check_entries() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    this_xact bigint := pg_current_xact_id()::text::bigint;
    rule text;
BEGIN
    SELECT CASE WHEN t.xact = this_xact THEN 'transactions_zero_sum' ELSE 'entries_closed' END INTO rule
    FROM (SELECT DISTINCT transaction_id FROM added) a
    LEFT JOIN LATERAL (
        SELECT user_id, legs, amount, xact FROM credits.transactions WHERE id = a.transaction_id LIMIT 1
    ) t ON true
    CROSS JOIN LATERAL (
        SELECT count(*) AS legs, count(*) FILTER (WHERE e.user_id = t.user_id) AS own,
            sum(CASE WHEN e.to_account > 0 THEN e.amount ELSE 0 END)
            - sum(CASE WHEN e.from_account > 0 THEN e.amount ELSE 0 END) AS amount
        FROM credits.entries e WHERE e.transaction_id = a.transaction_id
    ) e
    WHERE (t.xact = this_xact AND e.legs = t.legs AND e.own = t.legs AND e.amount = t.amount) IS NOT TRUE
    LIMIT 1;
    IF rule IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = rule, ERRCODE = 'check_violation', CONSTRAINT = rule;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER entries_closed AFTER INSERT ON credits.entries REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION credits.check_entries();

-- At commit no transaction is without postings.
CREATE FUNCTION credits.require_entries() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM credits.entries WHERE transaction_id = NEW.id) THEN
        RAISE EXCEPTION USING MESSAGE = 'transactions_zero_sum', ERRCODE = 'check_violation', CONSTRAINT = 'transactions_zero_sum';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER transactions_zero_sum AFTER INSERT ON credits.transactions
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION credits.require_entries();

-- Who had a signup bonus: keyed hash of the canonical address. Outlives the account.
CREATE TABLE credits.bonus_claims (
    claim      bytea PRIMARY KEY CHECK (length(claim) = 32),
    created_at timestamptz NOT NULL
);
CALL auth.protect('credits.bonus_claims', '{system}');

-- What can be bought, for everybody to read. One credit costs one cent.
CREATE TABLE credits.packages (
    id               uuid PRIMARY KEY,
    name             text NOT NULL,
    description      text NOT NULL,
    credits          bigint NOT NULL CHECK (credits > 0 AND credits % 1000000 = 0 AND credits <= 1000000000000),
    price_euro_cents bigint NOT NULL CHECK (price_euro_cents > 0),
    stripe_price_id  text UNIQUE,
    active           boolean NOT NULL,
    sort_order       integer NOT NULL,
    metadata         json,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    CONSTRAINT packages_rate CHECK (credits = price_euro_cents * 1000000)
);
INSERT INTO credits.packages
    (id, name, description, credits, price_euro_cents, active, sort_order, created_at, updated_at)
VALUES
    ('019ab000-0000-7000-8000-000000000001', 'Starter', '100 credits for a first try', 100000000, 100, true, 1, '2025-11-25 00:00:00+00', '2025-11-25 00:00:00+00'),
    ('019ab000-0000-7000-8000-000000000002', 'Basic', '500 credits for now and then', 500000000, 500, true, 2, '2025-11-25 00:00:00+00', '2025-11-25 00:00:00+00'),
    ('019ab000-0000-7000-8000-000000000003', 'Pro', '1,500 credits for every day', 1500000000, 1500, true, 3, '2025-11-25 00:00:00+00', '2025-11-25 00:00:00+00'),
    ('019ab000-0000-7000-8000-000000000004', 'Ultra', '5,000 credits for heavy use', 5000000000, 5000, true, 4, '2025-11-25 00:00:00+00', '2025-11-25 00:00:00+00');
