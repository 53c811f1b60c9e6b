package identity

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// What is counted by the hour. Those that storage knows are named as their events; amounts are micro-credits.
const (
	CountSignIns  = "login_success"
	CountFailures = "login_failure"
	CountSignups  = "register"
	CountTokens   = "tokens" // access tokens that were signed
	CountErrors   = "errors" // requests that failed by our own fault
	CountIssued   = "credits_issued"
	CountSpent    = "credits_spent"
	CountSold     = "credits_sold"
)

// Tally is what was counted in one hour.
type Tally struct {
	Hour    time.Time
	Measure string
	Value   int64
}

// Tallies keeps what was counted, for pages that look back.
type Tallies interface {
	// Tallies reads what was counted since a moment, in order of time.
	Tallies(ctx context.Context, since time.Time) ([]Tally, error)
	// TallyUp counts what storage knows: events up to now, and credits of the hours that are over. It looks at a day
	// at most, and reports whether more is to be done. Any number of processes may call it.
	TallyUp(ctx context.Context, now time.Time) (more bool, err error)
	// Census counts who is there at a moment.
	Census(ctx context.Context, now time.Time) (Census, error)
	// AddTallies adds what one process has counted in an hour.
	AddTallies(ctx context.Context, hour time.Time, counts map[string]int64) error
}

// Census is who is there. Deleted people are not; days, weeks and months are those of UTC, and weeks begin on Monday.
type Census struct {
	Users, Verified                   int64
	CreatedToday, ThisWeek, ThisMonth int64 // of Users
	Sessions                          int64 // that may still be used, but for those that were idle for too long
}

// Beginnings are when the day, the week and the month of a moment began.
func Beginnings(now time.Time) (day, week, month time.Time) {
	year, of, date := now.UTC().Date()
	day = time.Date(year, of, date, 0, 0, 0, 0, time.UTC)
	return day, day.AddDate(0, 0, -(int(day.Weekday())+6)%7), time.Date(year, of, 1, 0, 0, 0, 0, time.UTC)
}

// TallyBack is how far back counting begins in an installation that has never counted.
const TallyBack = 30 * 24 * time.Hour

// IDsFrom is the smallest UUIDv7 of a moment: ids of transactions are in order of time.
func IDsFrom(at time.Time) uuid.UUID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], uint64(at.UnixMilli())<<16)
	return id
}
