package storagetest

import (
	"testing"
	"time"

	"mana/provider/identity"
)

// testStatistics counts by the hour what storage knows and what a process tells. Ids of transactions are of the real
// clock, and so is this.
func testStatistics(t *testing.T, open Open) {
	s := open(t, time.Now)
	ctx := t.Context()
	now := time.Now()
	hour := now.UTC().Truncate(time.Hour)
	for _, email := range []string{"ada@example.com", "bob@example.com"} {
		startSession(t, s, createUser(t, s, email, now), now)
	}
	census := func(at time.Time) identity.Census {
		t.Helper()
		c, err := s.Identity.Census(ctx, at)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if got, want := census(now), (identity.Census{Users: 2, CreatedToday: 2, ThisWeek: 2, ThisMonth: 2, Sessions: 2}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := census(now.AddDate(1, 0, 0)), (identity.Census{Users: 2}); got != want {
		t.Errorf("a year later: got %+v, want %+v", got, want)
	}
	sum := func(measure string) (sum int64) {
		t.Helper()
		found, err := s.Identity.Tallies(ctx, hour)
		if err != nil {
			t.Fatal(err)
		}
		for _, tally := range found {
			if tally.Measure == measure {
				sum += tally.Value
			}
		}
		return sum
	}
	tallyUp := func(at time.Time) (runs int) {
		t.Helper()
		for more := true; more; runs++ {
			var err error
			if more, err = s.Identity.TallyUp(ctx, at); err != nil {
				t.Fatal(err)
			}
		}
		return runs
	}
	if runs := tallyUp(now); runs != 30 {
		t.Errorf("got %d steps for the first time, want one a day", runs)
	}
	if got := sum(identity.CountIssued); got != 0 {
		t.Errorf("got %d credits of an hour that is not over", got)
	}
	tallyUp(now.Add(2 * time.Hour))
	tallyUp(now.Add(2 * time.Hour)) // counts nothing twice
	for measure, n := range map[string]int64{
		identity.CountSignups: 2, identity.CountSignIns: 2, identity.CountFailures: 0, identity.CountIssued: 2 * int64(bonus), identity.CountSpent: 0,
	} {
		if got := sum(measure); got != n {
			t.Errorf("got %d of %s, want %d", got, measure, n)
		}
	}
	for range 2 {
		if err := s.Identity.AddTallies(ctx, hour, map[string]int64{identity.CountTokens: 3, identity.CountErrors: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if tokens, failed := sum(identity.CountTokens), sum(identity.CountErrors); tokens != 6 || failed != 2 {
		t.Errorf("got %d tokens and %d errors, want what both told", tokens, failed)
	}
}
