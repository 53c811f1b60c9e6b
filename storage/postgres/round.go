package postgres

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"mana/ledger"
	"mana/provider/identity"
)

// unknownError is the error of a commit that was sent and not answered.
type unknownError struct{ error }

// Unwrap gives the error inside.
func (e unknownError) Unwrap() error { return e.error }

// round is one transaction for many commands: what it has loaded, and what they have made of it so far.
type round struct {
	*tx
	db       *DB
	commands []*command
	unsure   bool // an earlier commit of these commands may count
	cautious bool // locks are not waited for
	now      time.Time
	wallets  map[uuid.UUID]*wallet
	known    map[uuid.UUID]bool // wallets that are there, looked for when locks are not waited for
	keys     map[walletKey]keyed
	done     map[uuid.UUID]ledger.Transaction // by the commands' ids
	caps     map[uuid.UUID]*usedCap           // nil: locked elsewhere
	used     map[*command]*ledger.Usage
	barred   map[*command]error // what nobody may do any more
	journal  journal
	found    int64 // commands that an earlier commit has done
}

// walletKey is an idempotency key of a wallet, and keyed what it has made.
type (
	walletKey struct {
		userID uuid.UUID
		hash   [16]byte
	}
	keyed struct {
		record ledger.KeyRecord
		done   ledger.Transaction
	}
)

// wallet is a locked wallet as the commands so far leave it.
type wallet struct {
	loaded, now ledger.Wallet
	last        ledger.Mark
	grants      map[int]ledger.Grant
	changed     map[int]bool
	holds       map[uuid.UUID]*roundHold
	openHolds   int
	dirty       bool // something was decided
}

// actor is who the round acts for: its one person if there is one. Who is an administrator only the system sees.
func (r *round) actor() actor {
	first := r.commands[0]
	if slices.ContainsFunc(r.commands, func(c *command) bool { return c.wants.Admin != uuid.Nil }) {
		return system
	}
	for _, c := range r.commands {
		if c.wants.UserID != first.wants.UserID || c.cap != nil {
			return ledgerActor
		}
	}
	return service(first.wants.UserID)
}

// actAsLedger waits less for a lock, since a whole batch waits with it, keeps the planner to keys, whatever it believes
// about tables that were empty when it looked, and has it plan each statement once and not for each number of rows.
const actAsLedger = actAs + `, set_config('lock_timeout', '500ms', true),
	set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
	set_config('plan_cache_mode', 'force_generic_plan', true)`

// load begins the transaction, locks the wallets in order, and reads what the commands need, all in one round
// trip. What follows the lock sees what was committed before it was granted.
func (r *round) load() error {
	r.wallets = make(map[uuid.UUID]*wallet)
	for _, c := range r.commands {
		r.wallets[c.wants.UserID] = nil
	}
	ids := slices.SortedFunc(maps.Keys(r.wallets), func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	batch, as := new(pgx.Batch), r.actor()
	batch.Queue(`BEGIN`)
	batch.Queue(actAsLedger, as.name, as.subject())
	batch.Queue(selectWallets+r.lock(), ids).Query(func(rows pgx.Rows) error {
		locked, err := pgx.CollectRows(rows, scanWallet)
		for _, w := range locked {
			r.wallets[w.UserID] = &wallet{loaded: w, now: w, grants: make(map[int]ledger.Grant), changed: make(map[int]bool), holds: make(map[uuid.UUID]*roundHold)}
		}
		return err
	})
	r.queueKnown(batch, ids)
	if r.now = r.db.clock(); r.db.now == nil {
		batch.Queue(`SELECT clock_timestamp()`).QueryRow(func(row pgx.Row) error { return row.Scan(&r.now) })
	}
	batch.Queue(selectGrants, ids).Query(r.takeGrants)
	batch.Queue(selectMarks, ids).Query(r.takeMarks)
	r.queueKeys(batch)
	r.queueHolds(batch)
	r.queueDone(batch)
	r.queueCaps(batch)
	if err := r.conn.SendBatch(r.ctx, batch).Close(); err != nil {
		return fmt.Errorf("locking wallets: %w", err)
	}
	for _, more := range []func() error{r.makeCaps, r.loadBarred, r.loadMade, r.loadHolds, r.loadUsed} {
		if err := more(); err != nil {
			return err
		}
	}
	return nil
}

// lock ends a query that locks rows.
func (r *round) lock() string {
	if r.cautious {
		return ` FOR NO KEY UPDATE SKIP LOCKED`
	}
	return ` FOR NO KEY UPDATE`
}

func (r *round) takeMarks(rows pgx.Rows) error {
	return eachMark(rows, func(of uuid.UUID, last ledger.Mark) {
		if w := r.wallets[of]; w != nil {
			w.last = last
		}
	})
}

// queueKnown tells wallets that are locked elsewhere from those that do not exist.
func (r *round) queueKnown(batch *pgx.Batch, ids []uuid.UUID) {
	r.known = make(map[uuid.UUID]bool)
	if !r.cautious {
		return
	}
	batch.Queue(`SELECT user_id FROM credits.balances WHERE user_id = ANY ($1::uuid[])`, ids).Query(func(rows pgx.Rows) error {
		var id uuid.UUID
		_, err := pgx.ForEachRow(rows, []any{&id}, func() error { r.known[id] = true; return nil })
		return err
	})
}

func (r *round) takeGrants(rows pgx.Rows) error {
	var of uuid.UUID
	var g ledger.Grant
	_, err := pgx.ForEachRow(rows, grantTargets(&of, &g), func() error {
		if w := r.wallets[of]; w != nil {
			w.grants[g.No] = g
		}
		return nil
	})
	return err
}

// queueKeys reads the records of idempotency keys.
func (r *round) queueKeys(batch *pgx.Batch) {
	r.keys = make(map[walletKey]keyed)
	var userIDs []uuid.UUID
	var hashes [][]byte
	for _, c := range r.commands {
		if c.wants.Key != nil {
			userIDs, hashes = append(userIDs, c.wants.UserID), append(hashes, c.wants.Key.Hash[:])
		}
	}
	if len(hashes) == 0 {
		return
	}
	batch.Queue(`SELECT i.* FROM unnest($1::uuid[], $2::bytea[]) AS k (user_id, key_hash) CROSS JOIN LATERAL (
			SELECT user_id, key_hash, fingerprint, object, object_id, created_at FROM credits.idempotency
			WHERE user_id = k.user_id AND key_hash = k.key_hash LIMIT 1) i`, userIDs, hashes).Query(r.takeKeys)
}

func (r *round) takeKeys(rows pgx.Rows) error {
	var userID, made uuid.UUID
	var hash, fingerprint []byte
	var object string
	var at time.Time
	_, err := pgx.ForEachRow(rows, []any{&userID, &hash, &fingerprint, &object, &made, &at}, func() error {
		k := keyed{record: ledger.KeyRecord{Key: ledger.Key{Hash: [16]byte(hash), Fingerprint: [32]byte(fingerprint)}, CreatedAt: at}}
		if object == objectHold {
			k.record.HoldID = made
		} else {
			k.record.TransactionID = made
		}
		r.keys[walletKey{userID, k.record.Key.Hash}] = k
		return nil
	})
	return err
}

// loadMade reads the transactions that keys have made. There are few: a key is new mostly.
func (r *round) loadMade() error {
	of := make(map[uuid.UUID]walletKey)
	for key, k := range r.keys {
		if k.record.TransactionID != uuid.Nil {
			of[k.record.TransactionID] = key
		}
	}
	if len(of) == 0 {
		return nil
	}
	rows, err := r.query(selectTransactions, slices.Collect(maps.Keys(of)))
	if err != nil {
		return fmt.Errorf("reading transactions: %w", err)
	}
	made, err := pgx.CollectRows(rows, scanTransaction)
	for _, x := range made {
		if key := of[x.ID]; key.userID == x.UserID {
			r.keys[key] = keyed{r.keys[key].record, x}
		}
	}
	return err
}

// queueDone looks for what an earlier commit of these commands has done, if there may be one. It has ended: its locks
// are ours.
func (r *round) queueDone(batch *pgx.Batch) {
	r.done = make(map[uuid.UUID]ledger.Transaction)
	if !r.unsure {
		return
	}
	batch.Queue(selectTransactions,
		column(r.commands, func(c *command) uuid.UUID { return c.wants.ID })).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, scanTransaction)
		for _, x := range found {
			r.done[x.ID] = x
		}
		return err
	})
}

// loadUsed finds what is to be refunded, with the grants that it took from.
func (r *round) loadUsed() error {
	r.used = make(map[*command]*ledger.Usage)
	for _, c := range r.commands {
		w := r.wallets[c.wants.UserID]
		if _, known := r.key(c); c.wants.Use == uuid.Nil || w == nil || known {
			continue
		}
		used, err := loadUsage(r.tx, c.wants.UserID, c.wants.Use)
		if err != nil {
			return err
		}
		if r.used[c] = used; used == nil {
			continue
		}
		rows, err := r.query(selectUsedGrants, c.wants.UserID, used.ID)
		if err == nil {
			err = r.takeGrants(rows)
		}
		if err != nil {
			return fmt.Errorf("reading grants: %w", err)
		}
	}
	return nil
}

// loadBarred looks at the right of administrators. It takes no lock, which a deletion takes before that of the wallet: what
// takes a right away at the same time comes after.
func (r *round) loadBarred() error {
	r.barred = make(map[*command]error)
	for _, c := range r.commands {
		if c.wants.Admin == uuid.Nil {
			continue
		}
		var may bool
		err := r.queryRow(`SELECT EXISTS (SELECT FROM auth.users WHERE id = $1 AND `+liveAdministrator+`)`, c.wants.Admin).Scan(&may)
		if err != nil {
			return fmt.Errorf("looking for an administrator: %w", err)
		}
		if !may {
			r.barred[c] = identity.ErrNotAdministrator
		}
	}
	return nil
}

func (r *round) key(c *command) (keyed, bool) {
	if c.wants.Key == nil {
		return keyed{}, false
	}
	k, known := r.keys[walletKey{c.wants.UserID, c.wants.Key.Hash}]
	return k, known
}

// heldElsewhere reports whether the wallet of a command, or the cap that it stands under, is locked by somebody else.
func (r *round) heldElsewhere(c *command) bool {
	if r.wallets[c.wants.UserID] == nil {
		return r.known[c.wants.UserID]
	}
	if c.cap == nil {
		return false
	}
	used, capped := r.caps[c.cap.key.ID]
	return capped && used == nil
}

// decide asks each command, in order of arrival, on what the one before it left. What fails changes nothing. It reports
// whether anything is locked elsewhere: the commands that want it are held back.
func (r *round) decide() (held bool) {
	for _, c := range r.commands {
		w := r.wallets[c.wants.UserID]
		if r.heldElsewhere(c) {
			if held = true; c.held.IsZero() {
				c.held = time.Now()
			}
			continue
		}
		c.held = time.Time{}
		if c.err = ledger.ErrNoWallet; w == nil {
			continue
		}
		if c.err = r.barred[c]; c.err != nil {
			continue
		}
		var delta ledger.Delta
		c.err = runSafely(r.tx, func(*tx) (err error) {
			state := r.state(c, w)
			if c.cap != nil {
				delta, err = c.cap.apply(r.caps[c.cap.key.ID], r.now, state, c.decide)
			} else {
				delta, err = c.decide(r.now, state)
			}
			return err
		})
		if c.err == nil && r.unsure && c.traceless(delta) {
			c.err = ErrUnknown
		}
		if c.err == nil && !delta.Empty() {
			r.apply(w, delta)
		}
	}
	return held
}

func (r *round) state(c *command, w *wallet) ledger.State {
	s := ledger.State{Wallet: w.now, Last: w.last, Used: r.used[c], Grants: w.open(r.used[c])}
	if k, known := r.key(c); known {
		if s.Key = &k.record; k.record.HoldID == uuid.Nil {
			s.Done = &k.done
		}
	}
	if r.unsure && w.holds[c.wants.ID] != nil {
		r.found++
	}
	s.Holds, s.OpenHolds = w.held(r.now, c.wants.Hold, s.Key), w.openHolds
	if done, known := r.done[c.wants.ID]; known && done.UserID == c.wants.UserID {
		s.Done = &done
		r.found++
	}
	return s
}

// open lists the grants that a decision sees: open ones, the daily one and those of a use.
func (w *wallet) open(used *ledger.Usage) []ledger.Grant {
	var grants []ledger.Grant
	for _, g := range w.grants {
		if g.Remaining > 0 || g.Source == "daily" ||
			used != nil && slices.ContainsFunc(used.Postings, func(p ledger.Posting) bool { return p.From == g.No }) {
			grants = append(grants, g)
		}
	}
	slices.SortFunc(grants, func(a, b ledger.Grant) int { return cmp.Compare(a.No, b.No) })
	return grants
}

// apply takes over what a command decided. Versions count commits, so all commands of a batch have one.
func (r *round) apply(w *wallet, d ledger.Delta) {
	w.now = d.Wallet
	w.now.Version = w.loaded.Version
	w.dirty = true
	w.applyHolds(d)
	for _, g := range d.Grants {
		w.grants[g.No], w.changed[g.No] = g, true
	}
	if n := len(d.Transactions); n > 0 {
		w.last = ledger.MarkOf(d.Transactions[n-1])
	}
	r.journal.addDelta(w.loaded.UserID, d)
	if d.Key == nil {
		return
	}
	if d.Key.HoldID != uuid.Nil {
		r.keys[walletKey{w.loaded.UserID, d.Key.Key.Hash}] = keyed{record: *d.Key}
		return
	}
	at := slices.IndexFunc(d.Transactions, func(x ledger.Transaction) bool { return x.ID == d.Key.TransactionID })
	if at >= 0 {
		r.keys[walletKey{w.loaded.UserID, d.Key.Key.Hash}] = keyed{*d.Key, d.Transactions[at]}
	}
}

// write sends everything with the commit, in one round trip.
func (r *round) write() error {
	for _, w := range r.wallets {
		if w == nil || !w.dirty {
			continue
		}
		w.now.Version++
		r.journal.wallets = append(r.journal.wallets, w.now)
		for no := range w.changed {
			r.journal.addGrant(w.loaded.UserID, w.grants[no], w.loaded.Grants)
		}
		r.journal.addHolds(w)
	}
	if len(r.journal.wallets) == 0 {
		return r.end()
	}
	for _, u := range r.caps {
		if u != nil {
			r.journal.caps = append(r.journal.caps, *u)
		}
	}
	batch := new(pgx.Batch)
	if err := r.journal.queue(batch); err != nil {
		return err
	}
	batch.Queue(`COMMIT`)
	err := r.conn.SendBatch(r.ctx, batch).Close()
	if fault, ok := errors.AsType[*pgconn.PgError](err); cut(err) || err != nil && r.ctx.Err() != nil || ok && fault.Severity != "ERROR" {
		return unknownError{fmt.Errorf("committing: %w", err)}
	}
	return err
}

// end ends a transaction that writes nothing. What it answers from an earlier commit may be on this server alone: a
// commit whose wait for a synchronous standby was cut off is visible, and lost with the server. So it waits for the
// standbys itself, by a commit that writes a message into the log.
func (r *round) end() error {
	if len(r.keys) == 0 && r.found == 0 {
		_, err := r.conn.Exec(r.ctx, `ROLLBACK`)
		return err
	}
	batch := new(pgx.Batch)
	batch.Queue(`SELECT pg_logical_emit_message(true, 'mana', '') WHERE current_setting('synchronous_standby_names') <> ''`)
	batch.Queue(`COMMIT`)
	return r.conn.SendBatch(r.ctx, batch).Close()
}
