package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/ledger"
	"mana/provider/identity"
)

// intake takes in the events of payments in groups: one transaction stores those that arrived during the last commit, and
// settles the plain ones. What is not plain, such as a second event of a wallet, a purchase that nobody knows or a wallet that
// somebody else has locked, is stored alone, and its caller settles it by itself.
type intake struct {
	db      *DB
	mu      sync.Mutex
	waiting []*arrival
	running bool
}

// arrival is an event that is to be stored and settled.
type arrival struct {
	ledger.StripeEvent
	ledger.Settling
	fresh bool
	done  ledger.Settled // no outcome: it is stored alone
	err   error
	ended chan struct{}
}

// Take implements [ledger.Inbox].
func (l *Ledger) Take(_ context.Context, e ledger.StripeEvent, s ledger.Settling) (fresh bool, done ledger.Settled, err error) {
	a := &arrival{StripeEvent: e, Settling: s, ended: make(chan struct{})}
	if err := l.db.intake.add(a); err != nil {
		return false, ledger.Settled{}, err
	}
	<-a.ended
	if a.err != nil {
		return false, ledger.Settled{}, fmt.Errorf("taking in an event: %w", a.err)
	}
	return a.fresh, a.done, nil
}

func (i *intake) add(a *arrival) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.waiting) == queueSize {
		return ErrBusy
	}
	i.waiting = append(i.waiting, a)
	if !i.running {
		i.running = true
		go i.run()
	}
	return nil
}

// run takes in batches until nothing waits.
func (i *intake) run() {
	for batch := i.next(); len(batch) > 0; batch = i.next() {
		err := i.db.write(context.Background(), system, func(t *tx) error { return i.take(t, batch) })
		for _, a := range batch {
			a.err = err
			close(a.ended)
		}
	}
}

// next is what waits, up to a batch.
func (i *intake) next() []*arrival {
	i.mu.Lock()
	defer i.mu.Unlock()
	n, bytes := 0, 0
	for n < len(i.waiting) && n < maxBatch && (n == 0 || bytes+len(i.waiting[n].Body) <= maxBytes) {
		bytes += len(i.waiting[n].Body)
		n++
	}
	batch := i.waiting[:n:n]
	if i.waiting = i.waiting[n:]; n == 0 {
		i.running = false
	}
	return batch
}

// sale is an arrival whose purchase is found, with all that its decision needs.
type sale struct {
	*arrival
	ownedPurchase
	locked bool
	state  ledger.State
	before ledger.Purchase
	delta  ledger.Delta
}

// take stores and settles a batch, in three round trips and the commit.
func (i *intake) take(t *tx, batch []*arrival) error {
	sales, err := i.receive(t, batch)
	if err != nil {
		return fmt.Errorf("storing events: %w", err)
	}
	now := i.db.clock()
	if err := lockSales(t, sales, now); err != nil {
		return fmt.Errorf("reading purchases: %w", err)
	}
	return i.settle(t, sales, now)
}

// receive stores the events, and finds the purchases of those that are fresh: one of each wallet. The payments are locked
// first, in order: see lockPayment.
func (i *intake) receive(t *tx, batch []*arrival) (map[uuid.UUID]*sale, error) {
	fresh, found := make(map[string]bool), make(map[int][]ownedPurchase)
	asked := new(pgx.Batch)
	asked.Queue(actAsLedger, system.name, system.subject())
	asked.Queue(`INSERT INTO credits.stripe_events (id, type, body, received_at)
		SELECT id, type, body, $4 FROM unnest($1::text[], $2::text[], $3::bytea[]) AS n (id, type, body) ORDER BY id
		ON CONFLICT (id) DO NOTHING RETURNING id`,
		column(batch, func(a *arrival) string { return a.StripeEvent.ID }), column(batch, func(a *arrival) string { return a.Type }),
		column(batch, func(a *arrival) []byte { return a.Body }), i.db.clock()).Query(func(rows pgx.Rows) error {
		var id string
		_, err := pgx.ForEachRow(rows, []any{&id}, func() error { fresh[id] = true; return nil })
		return err
	})
	payments := column(batch, func(a *arrival) string { return a.Fact.Payment.IntentID })
	slices.Sort(payments)
	asked.Queue(`SELECT pg_advisory_xact_lock(hashtextextended(id, 0)) FROM unnest($1::text[]) AS n (id) WHERE id <> ''`, slices.Compact(payments))
	queueFind(asked, batch, found)
	if err := t.conn.SendBatch(t.ctx, asked).Close(); err != nil {
		return nil, err
	}
	sales := make(map[uuid.UUID]*sale)
	for n, a := range batch {
		a.done, a.fresh = ledger.Settled{}, fresh[a.ID]
		delete(fresh, a.ID) // the second of the same id is none
		if of := found[n]; a.fresh && len(of) == 1 && sales[of[0].user] == nil {
			sales[of[0].user] = &sale{arrival: a, ownedPurchase: of[0]}
		}
	}
	return sales, nil
}

// queueFind is findPurchase for many facts, by their place.
func queueFind(asked *pgx.Batch, batch []*arrival, found map[int][]ownedPurchase) {
	places := make([]int64, len(batch))
	for n := range batch {
		places[n] = int64(n)
	}
	asked.Queue(`SELECT n.place, p.id, p.user_id FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[]) AS n (place, id, intent, checkout)
		CROSS JOIN LATERAL (SELECT id, user_id FROM credits.purchases WHERE id = n.id
			UNION SELECT id, user_id FROM credits.purchases WHERE stripe_payment_intent_id = nullif(n.intent, '')
			UNION SELECT id, user_id FROM credits.purchases WHERE stripe_checkout_session_id = nullif(n.checkout, '')) p`,
		places, column(batch, func(a *arrival) uuid.UUID { return a.Fact.PurchaseID }),
		column(batch, func(a *arrival) string { return a.Fact.Payment.IntentID }),
		column(batch, func(a *arrival) string { return a.Fact.Payment.CheckoutID })).Query(func(rows pgx.Rows) error {
		var place int
		var p ownedPurchase
		_, err := pgx.ForEachRow(rows, []any{&place, &p.purchase, &p.user}, func() error {
			found[place] = append(found[place], p)
			return nil
		})
		return err
	})
}

// lockSales is lockSale for many, but for wallets that somebody else has locked.
func lockSales(t *tx, sales map[uuid.UUID]*sale, now time.Time) error {
	users := slices.SortedFunc(maps.Keys(sales), func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	purchases := column(users, func(id uuid.UUID) uuid.UUID { return sales[id].purchase })
	batch := new(pgx.Batch)
	batch.Queue(selectWallets+` FOR NO KEY UPDATE SKIP LOCKED`, users).Query(func(rows pgx.Rows) error {
		locked, err := pgx.CollectRows(rows, scanWallet)
		for _, w := range locked {
			sales[w.UserID].state.Wallet, sales[w.UserID].locked = w, true
		}
		return err
	})
	takeGrants := func(rows pgx.Rows) error {
		var of uuid.UUID
		var g ledger.Grant
		_, err := pgx.ForEachRow(rows, grantTargets(&of, &g), func() error {
			sales[of].state.Grants = append(sales[of].state.Grants, g)
			return nil
		})
		return err
	}
	batch.Queue(selectGrants, users).Query(takeGrants)
	batch.Queue(`SELECT user_id, `+grantColumns+` FROM unnest($1::uuid[], $2::text[]) AS n (user_id, source)
		JOIN credits.grants USING (user_id, source) WHERE NOT open`,
		users, column(purchases, func(id uuid.UUID) string { return ledger.Purchase{ID: id}.Source() })).Query(takeGrants)
	batch.Queue(selectMarks, users).Query(func(rows pgx.Rows) error {
		return eachMark(rows, func(of uuid.UUID, last ledger.Mark) { sales[of].state.Last = last })
	})
	batch.Queue(selectHolds+` WHERE user_id = ANY ($1::uuid[]) AND state = 'open' AND expires_at <= $2 ORDER BY id`, users, now).
		Query(func(rows pgx.Rows) error {
			due, err := pgx.CollectRows(rows, scanHold)
			for _, h := range due {
				sales[h.UserID].state.Holds = append(sales[h.UserID].state.Holds, h)
			}
			return err
		})
	batch.Queue(`SELECT `+purchaseColumns+` FROM credits.purchases p WHERE p.id = ANY ($1::uuid[]) ORDER BY p.id FOR NO KEY UPDATE`, purchases).
		Query(func(rows pgx.Rows) error {
			read, err := pgx.CollectRows(rows, scanPurchase)
			for _, p := range read {
				sales[p.UserID].before = p
			}
			return err
		})
	return t.conn.SendBatch(t.ctx, batch).Close()
}

// settle has the core decide, and writes what it says in one round trip. Where it says nothing the event stays stored.
func (i *intake) settle(t *tx, sales map[uuid.UUID]*sale, now time.Time) error {
	var j journal
	batch := new(pgx.Batch)
	for _, s := range sales {
		if s.decide(now) {
			j.addSale(s.state, s.delta)
		}
	}
	if err := j.queue(batch); err != nil {
		return err
	}
	for _, s := range sales {
		if s.done.Outcome == ledger.OutcomeSettled {
			queuePurchase(batch, s.done.Purchase, s.before)
			if err := queueEvents(batch, identity.PurchaseEvents(s.before, s.done.Purchase, identity.Device{}), now); err != nil {
				return err
			}
		}
		if s.done.Outcome != "" {
			i.db.Ledger().queueOutcome(batch, s.Fact, s.done)
		}
	}
	if batch.Len() == 0 {
		return nil
	}
	return t.conn.SendBatch(t.ctx, batch).Close()
}

// decide reports whether the wallet changes.
func (s *sale) decide(now time.Time) bool {
	if !s.locked || s.before.ID != s.purchase {
		return false
	}
	slices.SortFunc(s.state.Grants, func(a, b ledger.Grant) int { return a.No - b.No })
	delta, done, err := ledger.Settle(s.state, s.before, now, s.Settling)
	if err != nil {
		return false
	}
	s.delta, s.done = delta, done
	return !delta.Empty()
}
