package valkey_test

import (
	"fmt"
	"strings"
	"testing"

	"mana/storage/valkey"
)

func TestParseURL(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"valkey://localhost":                       "localhost:6379",
		"redis://:secret@10.0.0.1:6380/2":          "10.0.0.1:6380",
		"rediss://mana:secret@cache.example.com":   "cache.example.com:6379",
		"valkeys://mana:secret@[2001:db8::1]:7000": "[2001:db8::1]:7000",
	} {
		server, err := valkey.ParseURL(value)
		if err != nil || server.String() != want || server.HasPassword() != strings.Contains(value, "secret") {
			t.Errorf("%s: got %v, %v, want %s", value, server, err, want)
		}
		if printed := fmt.Sprintf("%v %+v %#v %s", server, server, server, server); strings.Contains(printed, "secret") {
			t.Errorf("got the password in %s", printed)
		}
	}
	for _, wrong := range []string{
		"localhost:6379", "http://localhost", "valkey://", "valkey://:6379", "valkey://localhost:0", "valkey://localhost:70000",
		"valkey://localhost/x", "valkey://localhost/-1", "valkey://localhost/1/2", "valkeys://:secret@localhost?skip_verify=1",
		"valkey://localhost#1", "valkey://mana@localhost", "valkey://:secret@local host", "valkey://:secret%zz@localhost", "unix:///tmp/socket",
	} {
		if _, err := valkey.ParseURL(wrong); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want an error without the password", wrong, err)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("valkeys://mana:secret@localhost:6379/1")
	f.Fuzz(func(t *testing.T, value string) {
		if server, err := valkey.ParseURL(value); err == nil && strings.HasPrefix(server.String(), ":") {
			t.Errorf("%q: got no host", value)
		}
	})
}
