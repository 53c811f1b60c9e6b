package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/provider/identity"
)

// tallied is the measure whose hour says how far storage has counted by itself.
const tallied = "tallied"

// setTally stores one number in place of what was there.
const setTally = `INSERT INTO auth.statistics (hour, measure, value) VALUES ($1, $2, $3)
	ON CONFLICT (hour, measure) DO UPDATE SET value = excluded.value`

// Tallies implements [identity.Tallies].
func (s *Identity) Tallies(ctx context.Context, since time.Time) ([]identity.Tally, error) {
	var found []identity.Tally
	err := s.db.read(ctx, system, `SELECT hour, measure, value FROM auth.statistics WHERE hour >= $1 AND measure <> $2
		ORDER BY hour, measure`, all(&found, pgx.RowToStructByPos[identity.Tally]), since, tallied)
	if err != nil {
		return nil, fmt.Errorf("reading statistics: %w", err)
	}
	return found, nil
}

// TallyUp implements [identity.Tallies].
func (s *Identity) TallyUp(ctx context.Context, now time.Time) (more bool, err error) {
	hour := now.UTC().Truncate(time.Hour)
	err = s.db.write(ctx, system, func(t *tx) error {
		if err := lockTable(t, "auth.statistics"); err != nil {
			return err
		}
		from := hour.Add(-identity.TallyBack)
		err := t.queryRow(`SELECT coalesce(max(hour), $2) FROM auth.statistics WHERE measure = $1`, tallied, from).Scan(&from)
		if err != nil {
			return err
		}
		to := from.Add(24 * time.Hour)
		if more = to.Before(hour); !more {
			to = hour
		}
		_, err = t.exec(`INSERT INTO auth.statistics (hour, measure, value)
			SELECT date_trunc('hour', created_at, 'UTC'), event_type, count(*) FROM auth.security_events
			WHERE created_at >= $1 AND created_at < $2 AND event_type IN ($3, $4, $5) GROUP BY 1, 2
			ON CONFLICT (hour, measure) DO UPDATE SET value = excluded.value`,
			from, to.Add(time.Hour), identity.CountSignIns, identity.CountFailures, identity.CountSignups)
		if err != nil {
			return fmt.Errorf("counting events: %w", err)
		}
		for at := from; at.Before(to); at = at.Add(time.Hour) {
			if err := tallyCredits(t, at); err != nil {
				return err
			}
		}
		if _, err := t.exec(`DELETE FROM auth.statistics WHERE measure = $1`, tallied); err != nil {
			return err
		}
		_, err = t.exec(setTally, to, tallied, 0)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("counting: %w", err)
	}
	return more, nil
}

// tallyCredits counts the credits of one hour. Ids of transactions are in order of time.
func tallyCredits(t *tx, hour time.Time) error {
	var issued, spent, sold int64
	err := t.queryRow(`SELECT coalesce(sum(amount) FILTER (WHERE type = 'bonus' OR type = 'adjustment' AND amount > 0), 0)::bigint,
			coalesce(sum(-amount) FILTER (WHERE type IN ('usage', 'refund')), 0)::bigint,
			coalesce(sum(amount) FILTER (WHERE type = 'purchase'), 0)::bigint
		FROM credits.transactions WHERE id >= $1 AND id < $2`, identity.IDsFrom(hour), identity.IDsFrom(hour.Add(time.Hour))).
		Scan(&issued, &spent, &sold)
	if err != nil {
		return fmt.Errorf("counting credits: %w", err)
	}
	for measure, value := range map[string]int64{identity.CountIssued: issued, identity.CountSpent: spent, identity.CountSold: sold} {
		if value == 0 {
			continue
		}
		if _, err := t.exec(setTally, hour, measure, value); err != nil {
			return err
		}
	}
	return nil
}

// Census implements [identity.Tallies].
func (s *Identity) Census(ctx context.Context, now time.Time) (c identity.Census, err error) {
	day, week, month := identity.Beginnings(now)
	err = s.db.jobs.reader(ctx, system)(`SELECT count(*), count(*) FILTER (WHERE email_verified), count(*) FILTER (WHERE created_at >= $1),
			count(*) FILTER (WHERE created_at >= $2), count(*) FILTER (WHERE created_at >= $3),
			(SELECT count(*) FROM auth.sessions WHERE revoked_at IS NULL AND expires_at > $4)
		FROM auth.users WHERE deleted_at IS NULL`, day, week, month, now.UTC()).
		Scan(&c.Users, &c.Verified, &c.CreatedToday, &c.ThisWeek, &c.ThisMonth, &c.Sessions)
	if err != nil {
		return c, fmt.Errorf("counting people: %w", err)
	}
	return c, nil
}

// AddTallies implements [identity.Tallies].
func (s *Identity) AddTallies(ctx context.Context, hour time.Time, counts map[string]int64) error {
	err := s.db.write(ctx, system, func(t *tx) error {
		if err := lockTable(t, "auth.statistics"); err != nil {
			return err
		}
		for measure, n := range counts {
			_, err := t.exec(`INSERT INTO auth.statistics AS s (hour, measure, value) VALUES ($1, $2, $3)
				ON CONFLICT (hour, measure) DO UPDATE SET value = s.value + excluded.value`, hour, measure, n)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("adding to statistics: %w", err)
	}
	return nil
}

// FrozenWallets lists wallets that nobody can use until they are mended.
func (l *Ledger) FrozenWallets(ctx context.Context, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := l.db.read(ctx, ledgerActor, `SELECT user_id FROM credits.balances WHERE state = 'frozen' ORDER BY user_id LIMIT $1`,
		all(&ids, pgx.RowTo[uuid.UUID]), limit)
	if err != nil {
		return nil, fmt.Errorf("listing frozen wallets: %w", err)
	}
	return ids, nil
}
