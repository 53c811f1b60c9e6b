package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func decodeText(text []byte) (*object, error) {
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	return decode(r)
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"amount":1,"appId":"a"}`, `{"a":{"b":[1,2,{"c":"\u0000"}]}}`, `[]`, `{}{}`, "{\"a\":1}\n", `{"a":1,"a":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		o, err := decodeText(text)
		if err != nil || len(text) == 0 {
			return
		}
		if !json.Valid(text) {
			t.Fatalf("got %q accepted, which is not JSON", text)
		}
		o.limited("a", 0, 10)
		o.amount()
		o.metadata("a")
	})
}

func TestHeaderKey(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`k-1`: `k-1`, `k"1`: `k"1`, `k\1`: `k\1`, `k;x=1`: `k;x=1`, // bare
		`"h1"`: `h1`, `"q\"r"`: `q"r`, `"q\\r"`: `q\r`, `"q\\\"r"`: `q\"r`, `"h1";x=1`: `h1`, `"h1"; x ;y="a;\"b"`: `h1`, `"h1";x=?1`: `h1`,
		`"h 1"`: `h 1`, // refused as a key
	} {
		if got, ok := headerKey(text); !ok || got != want {
			t.Errorf("%s: got %s, %v, want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{``, `""`, `"`, `"h1`, `"h"1"`, `"h\1"`, `"h1\"`, `"h1"x`, `"h1";`, `"h1";X`, `"h1";x=`, `"h1","h2"`, "\"h\u00e9\""} {
		if got, ok := headerKey(text); ok {
			t.Errorf("%s: got %s, want it refused", text, got)
		}
	}
}

func TestDecodeLimits(t *testing.T) {
	t.Parallel()
	nested := func(n int) []byte {
		return append(append([]byte(`{"a":`), append(bytes.Repeat([]byte("["), n-1), bytes.Repeat([]byte("]"), n-1)...)...), '}')
	}
	for text, want := range map[string]bool{
		string(nested(32)): true, string(nested(33)): false, "{}": true, " {} ": true, "": true, "{} x": false, "1": false, `"a"`: false, "null": false,
	} {
		if _, err := decodeText([]byte(text)); (err == nil) != want {
			t.Errorf("%.40s: got %v, want accepted %v", text, err, want)
		}
	}
	for name, many := range map[string]func(n int) string{
		"members": func(n int) string {
			return "{" + repeat(n, func(i int) string { return fmt.Sprintf(`"m%d":1`, i) }) + "}"
		},
		"members of objects": func(n int) string {
			return "{" + repeat(n, func(i int) string { return fmt.Sprintf(`"m%d":{}`, i) }) + "}"
		},
		"elements": func(n int) string { return `{"a":[` + repeat(n-1, func(int) string { return "[]" }) + "]}" },
		"numbers":  func(n int) string { return `{"a":[` + repeat(n-1, func(int) string { return "1" }) + "]}" },
	} {
		for n, want := range map[int]bool{maxMembers: true, maxMembers + 1: false} {
			if _, err := decodeText([]byte(many(n))); (err == nil) != want {
				t.Errorf("%d %s: got %v, want accepted %v", n, name, err, want)
			}
		}
	}
}

func repeat(n int, item func(i int) string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = item(i)
	}
	return strings.Join(items, ",")
}

// TestNothingAfter takes only the white space of JSON after a value for nothing.
func TestNothingAfter(t *testing.T) {
	t.Parallel()
	for after, want := range map[string]bool{
		"": true, " \t\r\n": true, "\f": false, "\v": false, "\u0085": false, "\u00a0": false, "{}": false,
	} {
		if got := wellFormed([]byte(`{}` + after)); got != want {
			t.Errorf("got %v after %q, want %v", got, after, want)
		}
	}
}
