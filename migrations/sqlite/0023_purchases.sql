-- The purchase whose payment gave or took.
ALTER TABLE credits_transactions ADD COLUMN purchase_id TEXT
    CONSTRAINT transactions_purchase CHECK ((purchase_id IS NOT NULL) = (kind IN ('purchase', 'reversal', 'reinstatement')));

-- What people ordered: price and credits as they were then, and what is known of the payment. Amounts of credits are
-- micro-credits, those of money cents. posted is what the wallet has for it, the target of these facts and of those in
-- refunds and disputes, which are summed up in refunded_cents and disputed_cents.
CREATE TABLE credits_purchases (
    id                         TEXT PRIMARY KEY,
    user_id                    TEXT NOT NULL REFERENCES credits_balances (user_id),
    package_id                 TEXT NOT NULL,
    credits                    INTEGER NOT NULL CHECK (credits > 0),
    price_euro_cents           INTEGER NOT NULL CHECK (price_euro_cents > 0),
    currency                   TEXT NOT NULL CHECK (currency = 'eur'),
    livemode                   INTEGER NOT NULL CHECK (livemode IN (0, 1)),
    account                    TEXT NOT NULL,
    status                     TEXT NOT NULL CHECK (status IN ('pending', 'failed', 'cancelled', 'completed')),
    stripe_payment_intent_id   TEXT CONSTRAINT purchases_payment_intent_key UNIQUE,
    stripe_checkout_session_id TEXT CONSTRAINT purchases_checkout_session_key UNIQUE,
    stripe_customer_id         TEXT,
    paid_cents                 INTEGER NOT NULL DEFAULT 0,
    reported_cents             INTEGER NOT NULL DEFAULT 0 CHECK (reported_cents BETWEEN 0 AND price_euro_cents),
    refunded_cents             INTEGER NOT NULL DEFAULT 0 CHECK (refunded_cents BETWEEN 0 AND price_euro_cents),
    disputed_cents             INTEGER NOT NULL DEFAULT 0 CHECK (disputed_cents BETWEEN 0 AND price_euro_cents),
    posted                     INTEGER NOT NULL DEFAULT 0,
    metadata                   TEXT CHECK (metadata IS NULL OR json_valid(metadata)),
    created_at                 INTEGER NOT NULL,
    expires_at                 INTEGER NOT NULL,
    completed_at               INTEGER,
    CONSTRAINT purchases_paid CHECK (paid_cents IN (0, price_euro_cents)),
    CONSTRAINT purchases_posted CHECK (posted BETWEEN 0 AND credits AND (posted = 0 OR paid_cents > 0)),
    CONSTRAINT purchases_completed CHECK ((completed_at IS NOT NULL) = (status = 'completed') AND (status = 'completed') = (paid_cents > 0))
) STRICT;
-- Lists what a person bought, and counts what waits.
CREATE INDEX purchases_user_created ON credits_purchases (user_id, created_at);
-- Finds what has waited too long.
CREATE INDEX purchases_status_expires ON credits_purchases (status, expires_at);

-- Money that goes back to buyers. A row without id is one that Stripe is to be asked for: request_id is the key of the
-- call.
CREATE TABLE credits_refunds (
    purchase_id TEXT NOT NULL REFERENCES credits_purchases (id),
    n           INTEGER NOT NULL CHECK (n >= 1),
    user_id     TEXT NOT NULL,
    id          TEXT,
    request_id  TEXT,
    cents       INTEGER NOT NULL CHECK (cents >= 0),
    state       TEXT NOT NULL CHECK (state IN ('asked', 'pending', 'succeeded', 'failed')),
    PRIMARY KEY (purchase_id, n),
    CONSTRAINT refunds_ids CHECK (id IS NOT NULL OR request_id IS NOT NULL)
) STRICT;
-- Finds what Stripe is to be asked for.
CREATE INDEX refunds_asked ON credits_refunds (request_id) WHERE state = 'asked';

-- Payments that the buyers' banks ask back.
CREATE TABLE credits_disputes (
    purchase_id TEXT NOT NULL REFERENCES credits_purchases (id),
    n           INTEGER NOT NULL CHECK (n >= 1),
    user_id     TEXT NOT NULL,
    id          TEXT NOT NULL,
    cents       INTEGER NOT NULL CHECK (cents >= 0),
    state       TEXT NOT NULL CHECK (state IN ('warning', 'open', 'lost', 'won')),
    PRIMARY KEY (purchase_id, n)
) STRICT;

-- Events of Stripe as they arrived, and what became of them. Old bodies are emptied.
CREATE TABLE credits_stripe_events (
    id                       TEXT PRIMARY KEY CHECK (id <> ''),
    type                     TEXT NOT NULL,
    body                     BLOB NOT NULL,
    received_at              INTEGER NOT NULL,
    processed_at             INTEGER,
    outcome                  TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('', 'settled', 'ignored', 'quarantined')),
    reason                   TEXT NOT NULL DEFAULT '',
    stripe_payment_intent_id TEXT NOT NULL DEFAULT '',
    CONSTRAINT stripe_events_processed CHECK ((processed_at IS NULL) = (outcome = '')),
    CONSTRAINT stripe_events_reason CHECK ((reason <> '') = (outcome = 'quarantined'))
) STRICT;
-- What waits, in order.
CREATE INDEX stripe_events_waiting ON credits_stripe_events (received_at, id) WHERE processed_at IS NULL;
-- What somebody has to look at, and what a payment that becomes known lets wait again.
CREATE INDEX stripe_events_quarantined ON credits_stripe_events (received_at, id) WHERE outcome = 'quarantined';
CREATE INDEX stripe_events_unknown ON credits_stripe_events (stripe_payment_intent_id) WHERE reason = 'unknown purchase';
-- Bodies to be emptied.
CREATE INDEX stripe_events_old ON credits_stripe_events (processed_at) WHERE length(body) > 0;

-- Who people are at Stripe.
CREATE TABLE credits_stripe_customers (
    user_id            TEXT PRIMARY KEY REFERENCES credits_balances (user_id),
    stripe_customer_id TEXT NOT NULL CONSTRAINT stripe_customers_customer_key UNIQUE CHECK (stripe_customer_id <> ''),
    created_at         INTEGER NOT NULL
) STRICT;
