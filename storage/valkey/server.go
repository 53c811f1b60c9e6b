package valkey

import (
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	driver "github.com/valkey-io/valkey-go"
)

// Server is where Valkey is and how it is entered. It prints as its address alone.
type Server struct {
	host, port         string
	username, password string
	database           int
	encrypted          bool
}

const defaultPort = "6379"

var errURL = errors.New("must be valkey://USER:PASSWORD@HOST:PORT, or valkeys:// for TLS; redis:// and rediss:// mean the same")

// ParseURL reads an address such as valkeys://user:password@host:6379/0, where all but the host may be left out. Its
// errors never repeat it.
func ParseURL(value string) (Server, error) {
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || u.RawQuery != "" || u.ForceQuery || strings.Contains(value, "#") {
		return Server{}, errURL
	}
	s := Server{host: u.Hostname(), port: u.Port(), username: u.User.Username()}
	s.password, _ = u.User.Password()
	switch u.Scheme {
	case "valkey", "redis":
	case "valkeys", "rediss":
		s.encrypted = true
	default:
		return Server{}, errURL
	}
	if s.port == "" {
		s.port = defaultPort
	}
	if port, err := strconv.ParseUint(s.port, 10, 16); err != nil || port == 0 {
		return Server{}, errors.New("must have a port of 1 to 65535")
	}
	if s.username != "" && s.password == "" {
		return Server{}, errors.New("must have a password with the user; a password alone is :PASSWORD@")
	}
	if number := strings.TrimPrefix(u.Path, "/"); number != "" {
		if s.database, err = strconv.Atoi(number); err != nil || s.database < 0 {
			return Server{}, errors.New("must have nothing after the port but the number of a database")
		}
	}
	return s, nil
}

// HasPassword reports whether the server is entered with a password.
func (s Server) HasPassword() bool { return s.password != "" }

// String gives the address without user and password.
func (s Server) String() string { return net.JoinHostPort(s.host, s.port) }

// GoString is as String.
func (s Server) GoString() string { return s.String() }

const buffer = 8 << 10 // bytes each way; what is said is short

// option is how the library connects. Calls are not repeated, which would count twice, and nothing is cached, since
// nothing that is read here stays true. A connection that does not answer is given up after two seconds.
func (s Server) option() driver.ClientOption {
	option := driver.ClientOption{
		InitAddress: []string{s.String()}, Username: s.username, Password: s.password, SelectDB: s.database,
		ForceSingleClient: true, DisableRetry: true, DisableCache: true, ClientSetInfo: driver.DisableClientSetInfo,
		Dialer: net.Dialer{Timeout: dialTime, KeepAlive: time.Second}, ConnWriteTimeout: time.Second,
		PipelineMultiplex: -1, RingScaleEachConn: 8, ReadBufferEachConn: buffer, WriteBufferEachConn: buffer,
	}
	if s.encrypted {
		option.TLSConfig = &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12}
	}
	return option
}
