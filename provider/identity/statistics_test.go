package identity

import (
	"testing"
	"time"
)

// TestBeginnings looks at the edges: weeks begin on Monday, and all of it is UTC.
func TestBeginnings(t *testing.T) {
	t.Parallel()
	east := time.FixedZone("east", 3*3600)
	for _, c := range []struct{ now, day, week, month string }{
		{"2026-11-26T21:00:00Z", "2026-11-26", "2026-11-23", "2026-11-01"}, // a Thursday
		{"2026-11-23T00:00:00Z", "2026-11-23", "2026-11-23", "2026-11-01"}, // a Monday
		{"2026-11-22T23:59:59Z", "2026-11-22", "2026-11-16", "2026-11-01"}, // a Sunday
		{"2027-01-01T00:00:00Z", "2027-01-01", "2026-12-28", "2027-01-01"}, // a week of two years
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		day, week, month := Beginnings(now.In(east))
		if got := day.Format(time.DateOnly) + " " + week.Format(time.DateOnly) + " " + month.Format(time.DateOnly); got != c.day+" "+c.week+" "+c.month {
			t.Errorf("%s: got %s, want %s %s %s", c.now, got, c.day, c.week, c.month)
		}
	}
}
