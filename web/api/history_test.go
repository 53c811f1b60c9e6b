package api

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/keys"
)

// TestCursor shows cursors to lists of others, and too late.
func TestCursor(t *testing.T) {
	t.Parallel()
	master := keys.NewMasterKey()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	a := &API{cfg: Config{
		Now:  func() time.Time { return now },
		Seal: func(row string, plain []byte) []byte { return master.Seal("x", row, plain) },
		Open: func(row string, sealed []byte) ([]byte, error) { return master.Open("x", row, sealed) },
	}}
	ada, eve := uuid.New(), uuid.New()
	request := func(query string) *http.Request { return httptest.NewRequest(http.MethodGet, "/?"+query, nil) }
	cursor := a.cursor(request("app=chat&limit=5"), ada, 4711)
	for _, c := range []struct {
		query string
		of    uuid.UUID
		after time.Duration
		want  int64 // 0: refused
	}{
		{"app=chat&limit=7", ada, cursorLife, 4711},
		{"app=chat", ada, cursorLife + time.Second, 0},
		{"app=chat", eve, 0, 0},
		{"app=todo", ada, 0, 0},
		{"", ada, 0, 0},
		{"app=chat&from=2026-01-01", ada, 0, 0},
		{"app=chat&type=usage", ada, 0, 0},
	} {
		now = now.Add(c.after)
		got, err := a.readCursor(request(c.query+"&cursor="+cursor), c.of)
		if now = now.Add(-c.after); got != c.want || (err == nil) != (c.want != 0) {
			t.Errorf("%+v: got %d, %v", c, got, err)
		}
	}
	if got, err := a.readCursor(request("limit=5"), ada); got != 0 || err != nil {
		t.Errorf("got %d, %v without a cursor", got, err)
	}
}
