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

// TestEventsByIndex reads what is looked for in the log by its index: the work must not grow with the log.
func TestEventsByIndex(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "mana.db"), Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	id := uuid.New()
	for want, q := range map[string]identity.EventQuery{
		"INDEX security_events_user (user_id=?":    {UserID: id},
		"INDEX security_events_type (event_type=?": {Type: "login"},
		"INDEX security_events_actor (<expr>=?":    {Actor: "operator"},
	} {
		var step, parent, unused int
		var plan string
		err = db.readers.QueryRowContext(t.Context(), `EXPLAIN QUERY PLAN `+listEvents(q),
			optionalID(q.UserID), q.Type, q.Actor, 0, nil, nil, "", 50).Scan(&step, &parent, &unused, &plan)
		if err != nil || !strings.Contains(plan, want) {
			t.Errorf("%+v: got %q, %v", q, plan, err)
		}
	}
}
