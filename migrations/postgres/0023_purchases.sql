-- serves programs from 22
-- The purchase whose payment gave or took. Programs before this step sell nothing: they need not know it.
ALTER TABLE credits.transactions ADD COLUMN purchase_id uuid
    CONSTRAINT transactions_purchase CHECK ((purchase_id IS NOT NULL) = (kind IN ('purchase', 'reversal', 'reinstatement')));

-- What people ordered: price and credits as they were then, and what is known of the payment. Amounts of credits are
-- micro-credits, those of money cents. posted is what the wallet has for it, the target of these facts and of those in
-- refunds and disputes, which are summed up in refunded_cents and disputed_cents.
CREATE TABLE credits.purchases (
    id                         uuid PRIMARY KEY,
    user_id                    uuid NOT NULL,
    package_id                 uuid NOT NULL,
    credits                    bigint NOT NULL CHECK (credits > 0),
    price_euro_cents           bigint NOT NULL CHECK (price_euro_cents > 0),
    currency                   text NOT NULL CHECK (currency = 'eur'),
    livemode                   boolean NOT NULL,
    account                    text NOT NULL,
    status                     text NOT NULL CHECK (status IN ('pending', 'failed', 'cancelled', 'completed')),
    stripe_payment_intent_id   text CONSTRAINT purchases_payment_intent_key UNIQUE,
    stripe_checkout_session_id text CONSTRAINT purchases_checkout_session_key UNIQUE,
    stripe_customer_id         text,
    paid_cents                 bigint NOT NULL DEFAULT 0,
    reported_cents             bigint NOT NULL DEFAULT 0 CHECK (reported_cents BETWEEN 0 AND price_euro_cents),
    refunded_cents             bigint NOT NULL DEFAULT 0 CHECK (refunded_cents BETWEEN 0 AND price_euro_cents),
    disputed_cents             bigint NOT NULL DEFAULT 0 CHECK (disputed_cents BETWEEN 0 AND price_euro_cents),
    posted                     bigint NOT NULL DEFAULT 0,
    metadata                   json,
    created_at                 timestamptz NOT NULL,
    expires_at                 timestamptz NOT NULL,
    completed_at               timestamptz,
    CONSTRAINT purchases_paid CHECK (paid_cents IN (0, price_euro_cents)),
    CONSTRAINT purchases_posted CHECK (posted BETWEEN 0 AND credits AND (posted = 0 OR paid_cents > 0)),
    CONSTRAINT purchases_completed CHECK ((completed_at IS NOT NULL) = (status = 'completed') AND (status = 'completed') = (paid_cents > 0))
);
-- Lists what a person bought, and counts what waits.
CREATE INDEX purchases_user_created ON credits.purchases (user_id, created_at);
-- Finds what has waited too long.
CREATE INDEX purchases_status_expires ON credits.purchases (status, expires_at);
CALL auth.protect('credits.purchases', '{system, ledger}', 'user_id', '{SELECT, INSERT, UPDATE}');

-- Money that goes back to buyers. A row without id is one that Stripe is to be asked for: request_id is the key of the
-- call.
CREATE TABLE credits.refunds (
    purchase_id uuid NOT NULL REFERENCES credits.purchases (id),
    n           integer NOT NULL CHECK (n >= 1),
    user_id     uuid NOT NULL,
    id          text,
    request_id  uuid,
    cents       bigint NOT NULL CHECK (cents >= 0),
    state       text NOT NULL CHECK (state IN ('asked', 'pending', 'succeeded', 'failed')),
    PRIMARY KEY (purchase_id, n),
    CONSTRAINT refunds_ids CHECK (id IS NOT NULL OR request_id IS NOT NULL)
);
-- Finds what Stripe is to be asked for.
CREATE INDEX refunds_asked ON credits.refunds (request_id) WHERE state = 'asked';
CALL auth.protect('credits.refunds', '{system, ledger}', 'user_id', '{SELECT, INSERT, UPDATE, DELETE}');

-- Payments that the buyers' banks ask back.
CREATE TABLE credits.disputes (
    purchase_id uuid NOT NULL REFERENCES credits.purchases (id),
    n           integer NOT NULL CHECK (n >= 1),
    user_id     uuid NOT NULL,
    id          text NOT NULL,
    cents       bigint NOT NULL CHECK (cents >= 0),
    state       text NOT NULL CHECK (state IN ('warning', 'open', 'lost', 'won')),
    PRIMARY KEY (purchase_id, n)
);
CALL auth.protect('credits.disputes', '{system, ledger}', 'user_id', '{SELECT, INSERT, UPDATE, DELETE}');

-- Events of Stripe as they arrived, and what became of them. Old bodies are emptied.
CREATE TABLE credits.stripe_events (
    id                       text PRIMARY KEY CHECK (id <> ''),
    type                     text NOT NULL,
    body                     bytea NOT NULL,
    received_at              timestamptz NOT NULL,
    processed_at             timestamptz,
    outcome                  text NOT NULL DEFAULT '' CHECK (outcome IN ('', 'settled', 'ignored', 'quarantined')),
    reason                   text NOT NULL DEFAULT '',
    stripe_payment_intent_id text NOT NULL DEFAULT '',
    CONSTRAINT stripe_events_processed CHECK ((processed_at IS NULL) = (outcome = '')),
    CONSTRAINT stripe_events_reason CHECK ((reason <> '') = (outcome = 'quarantined'))
);
-- What waits, in order.
CREATE INDEX stripe_events_waiting ON credits.stripe_events (received_at, id) WHERE processed_at IS NULL;
-- What somebody has to look at, and what a payment that becomes known lets wait again.
CREATE INDEX stripe_events_quarantined ON credits.stripe_events (received_at, id) WHERE outcome = 'quarantined';
CREATE INDEX stripe_events_unknown ON credits.stripe_events (stripe_payment_intent_id) WHERE reason = 'unknown purchase';
-- Bodies to be emptied.
CREATE INDEX stripe_events_old ON credits.stripe_events (processed_at) WHERE body <> '';
CALL auth.protect('credits.stripe_events', '{system}');

-- Who people are at Stripe.
CREATE TABLE credits.stripe_customers (
    user_id            uuid PRIMARY KEY,
    stripe_customer_id text NOT NULL CONSTRAINT stripe_customers_customer_key UNIQUE CHECK (stripe_customer_id <> ''),
    created_at         timestamptz NOT NULL
);
CALL auth.protect('credits.stripe_customers', '{system}', 'user_id', '{SELECT, INSERT}');
