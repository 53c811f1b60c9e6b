package sqlite

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestOpenHoldsByIndex reads open holds by the index that has no others: the work must not grow with those that ended.
func TestOpenHoldsByIndex(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "mana.db"), Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, query := range []string{openHoldsOf, dueHoldsOf} {
		args := []any{uuid.NewString(), 0}
		rows, err := db.readers.QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+selectHolds+query, args[:strings.Count(query, "?")]...)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var plan []string
		for rows.Next() {
			var step, parent, unused int
			var text string
			if err := rows.Scan(&step, &parent, &unused, &text); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, text)
		}
		if err := rows.Err(); err != nil || len(plan) == 0 || !strings.HasPrefix(plan[0], "SEARCH h USING INDEX holds_due (user_id=?") {
			t.Errorf("%s: got %q, %v", query, plan, err)
		}
	}
}
