package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"mana/ledger"
	"mana/provider"
)

// cappedLedger is the ledger's store for one use, or one hold, under the caps of a service key.
type cappedLedger struct {
	*Ledger
	cap keyCap
}

var _ ledger.Store = cappedLedger{}

// keyCap is what one use stands under: the caps of a key.
type keyCap struct {
	key    provider.ServiceKey
	amount ledger.Amount
}

// usedCap is what a key has used: days since 1970, UTC.
type usedCap struct {
	key  uuid.UUID
	day  int64
	used ledger.Amount
}

// Capped is the store for one use of amount by a service key under its caps, or for holding it. What a key with a cap for the day, UTC,
// has used is counted in the use's own transaction, when it posts; a use that would pass a cap is refused before
// the balance is looked at: [provider.ErrKeyLimit]. A replay passes none. An amount of 0 is that of the end of a hold: what
// the key itself held on the same day counts no longer.
func (l *Ledger) Capped(key provider.ServiceKey, amount ledger.Amount) ledger.Store {
	return cappedLedger{l, keyCap{key, amount}}
}

// Decide implements [ledger.Store].
func (l cappedLedger) Decide(ctx context.Context, w ledger.Wants, decide func(time.Time, ledger.State) (ledger.Delta, error)) error {
	c := newCommand(w, decide)
	c.cap = &l.cap
	return l.db.committer.decide(ctx, c)
}

const secondsOfDay = int64(24 * time.Hour / time.Second)

// apply decides a use under the caps. used is nil if there is none for the day, else the use is counted there. A
// clock that was set back goes on with the later day.
func (c keyCap) apply(used *usedCap, now time.Time, s ledger.State, decide func(time.Time, ledger.State) (ledger.Delta, error)) (ledger.Delta, error) {
	if c.key.CapUse > 0 && c.amount > c.key.CapUse {
		s.Barred = provider.ErrKeyLimit
	}
	if used == nil {
		return decide(now, s)
	}
	today := *used
	if day := now.Unix() / secondsOfDay; day > used.day {
		today.day, today.used = day, 0
	}
	if c.amount > c.key.CapDay-today.used {
		s.Barred = provider.ErrKeyLimit
	}
	delta, err := decide(now, s)
	if change := delta.Charged() - delta.Returned(c.key.Actor(), time.Unix(today.day*secondsOfDay, 0)); err == nil && change != 0 {
		today.used = max(0, today.used+change)
		*used = today
	}
	return delta, err
}

// queueCaps locks what service keys have used, after the wallets and in order, as wallets are. A row that is locked must
// exist; where locks are not waited for, makeCaps sees to that.
func (r *round) queueCaps(batch *pgx.Batch) {
	r.caps = make(map[uuid.UUID]*usedCap)
	for _, c := range r.commands {
		if c.cap != nil && c.cap.key.CapDay > 0 {
			r.caps[c.cap.key.ID] = nil
		}
	}
	if len(r.caps) == 0 {
		return
	}
	ids := slices.SortedFunc(maps.Keys(r.caps), func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	if !r.cautious {
		batch.Queue(insertCaps, ids)
	}
	batch.Queue(`SELECT key_id, day - date '1970-01-01', used FROM credits.key_caps WHERE key_id = ANY ($1::uuid[])
		ORDER BY key_id`+r.lock(), ids).Query(func(rows pgx.Rows) error {
		var u usedCap
		_, err := pgx.ForEachRow(rows, []any{&u.key, &u.day, &u.used}, func() error {
			r.caps[u.key] = new(u)
			return nil
		})
		return err
	})
}

const insertCaps = `INSERT INTO credits.key_caps (key_id, day, used) SELECT id, 'epoch', 0 FROM unnest($1::uuid[]) id
	ON CONFLICT DO NOTHING`

// makeCaps makes, where locks are not waited for, the rows of keys that have none. That somebody else is about to make
// one cannot be seen: it is waited for a moment, which the keys of others survive.
func (r *round) makeCaps() error {
	var missing []uuid.UUID
	for id, u := range r.caps {
		if r.cautious && u == nil {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	rows, err := r.query(`SELECT id FROM unnest($1::uuid[]) id WHERE NOT EXISTS (SELECT FROM credits.key_caps WHERE key_id = id)`, missing)
	if err == nil {
		missing, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	}
	for _, id := range missing {
		if err == nil {
			err = r.makeCap(id)
		}
	}
	if err != nil {
		return fmt.Errorf("making the caps of keys: %w", err)
	}
	return nil
}

func (r *round) makeCap(id uuid.UUID) error {
	batch := new(pgx.Batch)
	batch.Queue(`SAVEPOINT cap`)
	batch.Queue(`SELECT set_config('lock_timeout', '20ms', true)`)
	batch.Queue(insertCaps, []uuid.UUID{id}).Exec(func(made pgconn.CommandTag) error {
		if made.RowsAffected() == 1 {
			r.caps[id] = &usedCap{key: id}
		}
		return nil
	})
	batch.Queue(`SELECT set_config('lock_timeout', '500ms', true)`)
	batch.Queue(`RELEASE cap`)
	err := r.conn.SendBatch(r.ctx, batch).Close()
	if code(err) == lockNotAvailable {
		_, err = r.exec(`ROLLBACK TO cap`)
	}
	return err
}
