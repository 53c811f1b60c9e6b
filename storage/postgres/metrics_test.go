package postgres_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metrics"

	"mana/storage/postgres"
	"mana/storage/servers"
)

// TestMetrics looks at what is counted of commits and of connections.
func TestMetrics(t *testing.T) {
	t.Parallel()
	set := metrics.NewSet()
	db, err := postgres.Open(t.Context(), postgres.Config{
		URL: serverURL(servers.App, newDatabase(t)), Logger: slog.New(slog.DiscardHandler), Metrics: set,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	newPeople(t, db, 1) // with two uses
	var text bytes.Buffer
	set.WritePrometheus(&text)
	for _, want := range []string{
		"ledger_commit_seconds_count 2", "ledger_batch_size_sum 2", `store_connections{state="used"} `, `store_connections{state="idle"} `,
		`store_connections{state="opening"} `,
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("got no %s in\n%s", want, &text)
		}
	}
	if strings.Contains(text.String(), `store_connections{state="idle"} 0`) {
		t.Errorf("got no connection in\n%s", &text)
	}
}
