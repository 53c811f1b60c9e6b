package postgres

import (
	"net"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Target is what a URL names, without its password.
type Target struct {
	Place string // host:port/database
	Role  string
	Local bool // every host is a loopback address or a socket
	TLS   bool // no connection is made without
}

// String is the place.
func (t Target) String() string { return t.Place }

// ParseURL reads a URL as [Open] does. An error does not repeat it.
func ParseURL(url string) (Target, error) {
	settings, err := poolConfig(url)
	if err != nil {
		return Target{}, err
	}
	conn := settings.ConnConfig
	t := Target{Place: target(conn), Role: conn.User, Local: local(conn.Host), TLS: conn.TLSConfig != nil}
	for _, other := range conn.Fallbacks {
		t.Local, t.TLS = t.Local && local(other.Host), t.TLS && other.TLSConfig != nil
	}
	return t, nil
}

func target(conn *pgx.ConnConfig) string {
	return net.JoinHostPort(conn.Host, strconv.Itoa(int(conn.Port))) + "/" + conn.Database
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasPrefix(host, "/") || ip != nil && ip.IsLoopback()
}
