package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"mana/provider/identity"
)

// tallied is the measure whose hour says how far storage has counted by itself.
const tallied = "tallied"

// setTally stores one number in place of what was there.
const setTally = `INSERT INTO auth_statistics (hour, measure, value) VALUES (?, ?, ?)
	ON CONFLICT (hour, measure) DO UPDATE SET value = excluded.value`

// Tallies implements [identity.Tallies].
func (s *Identity) Tallies(ctx context.Context, since time.Time) ([]identity.Tally, error) {
	rows, err := s.db.query(ctx, `SELECT hour, measure, value FROM auth_statistics WHERE hour >= ? AND measure <> ?
		ORDER BY hour, measure`, timestamp(since), tallied)
	if err != nil {
		return nil, fmt.Errorf("reading statistics: %w", err)
	}
	defer rows.Close()
	var found []identity.Tally
	for rows.Next() {
		var t identity.Tally
		var hour int64
		if err := rows.Scan(&hour, &t.Measure, &t.Value); err != nil {
			return nil, fmt.Errorf("reading statistics: %w", err)
		}
		t.Hour = fromTimestamp(hour)
		found = append(found, t)
	}
	return found, rows.Err()
}

// TallyUp implements [identity.Tallies].
func (s *Identity) TallyUp(ctx context.Context, now time.Time) (more bool, err error) {
	hour := now.UTC().Truncate(time.Hour)
	err = s.db.write(ctx, func(t *tx) error {
		var since int64
		err := t.queryRow(`SELECT coalesce(max(hour), ?) FROM auth_statistics WHERE measure = ?`,
			timestamp(hour.Add(-identity.TallyBack)), tallied).Scan(&since)
		if err != nil {
			return err
		}
		from := fromTimestamp(since)
		to := from.Add(24 * time.Hour)
		if more = to.Before(hour); !more {
			to = hour
		}
		_, err = t.exec(`INSERT INTO auth_statistics (hour, measure, value)
			SELECT created_at / 3600000000 * 3600000000, event_type, count(*) FROM auth_security_events
			WHERE created_at >= ? AND created_at < ? AND event_type IN (?, ?, ?) GROUP BY 1, 2
			ON CONFLICT (hour, measure) DO UPDATE SET value = excluded.value`,
			timestamp(from), timestamp(to.Add(time.Hour)), identity.CountSignIns, identity.CountFailures, identity.CountSignups)
		if err != nil {
			return fmt.Errorf("counting events: %w", err)
		}
		for at := from; at.Before(to); at = at.Add(time.Hour) {
			if err := tallyCredits(t, at); err != nil {
				return err
			}
		}
		if _, err := t.exec(`DELETE FROM auth_statistics WHERE measure = ?`, tallied); err != nil {
			return err
		}
		_, err = t.exec(setTally, timestamp(to), tallied, 0)
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
	err := t.queryRow(`SELECT coalesce(sum(amount) FILTER (WHERE type = 'bonus' OR type = 'adjustment' AND amount > 0), 0),
			coalesce(sum(-amount) FILTER (WHERE type IN ('usage', 'refund')), 0),
			coalesce(sum(amount) FILTER (WHERE type = 'purchase'), 0)
		FROM credits_transactions WHERE id >= ? AND id < ?`,
		identity.IDsFrom(hour).String(), identity.IDsFrom(hour.Add(time.Hour)).String()).Scan(&issued, &spent, &sold)
	if err != nil {
		return fmt.Errorf("counting credits: %w", err)
	}
	for measure, value := range map[string]int64{identity.CountIssued: issued, identity.CountSpent: spent, identity.CountSold: sold} {
		if value == 0 {
			continue
		}
		if _, err := t.exec(setTally, timestamp(hour), measure, value); err != nil {
			return err
		}
	}
	return nil
}

// Census implements [identity.Tallies].
func (s *Identity) Census(ctx context.Context, now time.Time) (c identity.Census, err error) {
	day, week, month := identity.Beginnings(now)
	err = s.db.queryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE email_verified), count(*) FILTER (WHERE created_at >= ?),
			count(*) FILTER (WHERE created_at >= ?), count(*) FILTER (WHERE created_at >= ?),
			(SELECT count(*) FROM auth_sessions WHERE revoked_at IS NULL AND expires_at > ?)
		FROM auth_users WHERE deleted_at IS NULL`, timestamp(day), timestamp(week), timestamp(month), timestamp(now)).
		Scan(&c.Users, &c.Verified, &c.CreatedToday, &c.ThisWeek, &c.ThisMonth, &c.Sessions)
	if err != nil {
		return c, fmt.Errorf("counting people: %w", err)
	}
	return c, nil
}

// AddTallies implements [identity.Tallies].
func (s *Identity) AddTallies(ctx context.Context, hour time.Time, counts map[string]int64) error {
	err := s.db.write(ctx, func(t *tx) error {
		for measure, n := range counts {
			_, err := t.exec(`INSERT INTO auth_statistics (hour, measure, value) VALUES (?, ?, ?)
				ON CONFLICT (hour, measure) DO UPDATE SET value = value + excluded.value`, timestamp(hour), measure, n)
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
	rows, err := l.db.query(ctx, `SELECT user_id FROM credits_balances WHERE state = 'frozen' ORDER BY user_id LIMIT ?`, limit)
	if err != nil {
		return nil, fmt.Errorf("listing frozen wallets: %w", err)
	}
	defer rows.Close()
	var ids []uuid.UUID
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("reading a frozen wallet: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
