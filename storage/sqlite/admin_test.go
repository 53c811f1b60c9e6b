package sqlite

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/provider/identity"
)

// TestEventsOfOneByIndex reads the log of one person by the person's index: the work must not grow with that of others.
func TestEventsOfOneByIndex(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "mana.db"), Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	id := uuid.New()
	var step, parent, unused int
	var plan string
	err = db.readers.QueryRowContext(t.Context(), `EXPLAIN QUERY PLAN `+listEvents(identity.EventQuery{UserID: id}),
		id.String(), "", "", 0, nil, nil, "", 50).Scan(&step, &parent, &unused, &plan)
	if err != nil || !strings.Contains(plan, "INDEX security_events_user (user_id=?") {
		t.Errorf("got %q, %v", plan, err)
	}
}
