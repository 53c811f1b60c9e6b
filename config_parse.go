package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"mana/keys"
	"mana/ledger"
	"mana/provider/identity"
	"mana/storage"
	"mana/storage/postgres"
	"mana/web/ui"
)

func text(field func(*config) *string) func(*config, string) error {
	return func(c *config, value string) error {
		*field(c) = value
		return nil
	}
}

func oneOf(field func(*config) *string, allowed ...string) func(*config, string) error {
	return func(c *config, value string) error {
		for _, a := range allowed {
			if value == a {
				*field(c) = value
				return nil
			}
		}
		return fmt.Errorf("must be one of %s", strings.Join(allowed, ", "))
	}
}

func link(field func(*config) *string) func(*config, string) error {
	return func(c *config, value string) error {
		if u, err := url.Parse(value); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return errors.New("must be an http or https address")
		}
		*field(c) = value
		return nil
	}
}

// parseIssuer takes scheme, lower-case host, optional port and path, without trailing slash (OpenID
// Connect Discovery 1.0, section 3).
func parseIssuer(c *config, value string) error {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return errors.New("is not an address such as https://id.example.com")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(value, "#") || u.User != nil:
		return errors.New("must have no query, fragment or user information")
	case u.Path != "":
		return errors.New("must be scheme and host only, without a path or a slash at the end")
	case u.Scheme == "https" && u.Port() == "443", u.Scheme == "http" && u.Port() == "80":
		return errors.New("must leave out the default port, as browsers do")
	case u.Host != strings.ToLower(u.Host):
		return errors.New("must have its host in lower case")
	case u.Scheme == "https", u.Scheme == "http" && isLoopbackHost(u.Hostname()):
		c.issuer = u
		return nil
	case u.Scheme == "http":
		return errors.New("must be https, since it is not a loopback address")
	}
	return errors.New("must be https")
}

// parseListen takes a host and a port; an empty host is all addresses.
func parseListen(c *config, value string) error {
	_, port, err := net.SplitHostPort(value)
	if err != nil {
		return errors.New("must be host:port, such as 127.0.0.1:3001")
	}
	c.listen = value
	return intUpTo(port, 65535, new(int))
}

func parseLogLevel(c *config, value string) error {
	if err := c.logLevel.UnmarshalText([]byte(value)); err != nil {
		return errors.New("must be debug, info, warn or error")
	}
	return nil
}

func parseAccent(c *config, value string) (err error) {
	if value != "#2f4bc7" { // that of the design has a shade of its own for dark
		c.theme.Accent, c.accentShown, err = ui.ParseAccent(value)
	}
	return err
}

const maxLogo = 64 << 10 // bytes

func parseLogo(c *config, value string) error {
	if value == "" {
		return nil
	}
	info, err := os.Stat(value)
	if err != nil {
		return errors.New("cannot be read")
	}
	if info.Size() > maxLogo {
		return errors.New("must have at most 64 KiB")
	}
	if c.theme.Logo, err = os.ReadFile(value); err != nil {
		return errors.New("cannot be read")
	}
	if _, err := ui.NewAssets(c.theme); err != nil {
		return fmt.Errorf("is %w", err)
	}
	return nil
}

// parseSignupWork reads bits, or off.
func parseSignupWork(c *config, value string) error {
	if value == "off" {
		return nil
	}
	return intUpTo(value, identity.MaxWork, &c.signupWork)
}

// parseBreaches opens the list of breached passwords.
func parseBreaches(c *config, value string) error {
	if value == "off" {
		return nil
	}
	var err error
	if c.breaches, err = identity.OpenBreaches(value); errors.Is(err, identity.ErrBreachList) {
		return err
	} else if err != nil {
		return errors.New("cannot be read")
	}
	return nil
}

func parseSupportEmail(c *config, value string) error {
	address, err := identity.ParseEmail(value)
	if err != nil {
		return errors.New("must be an e-mail address")
	}
	c.supportEmail = string(address)
	return nil
}

func parseCredits(value string, to *ledger.Amount) error {
	amount, err := ledger.ParseSetting(value)
	if err != nil {
		return errors.New("must be 0 to 1000000, with at most 6 decimal places")
	}
	*to = amount
	return nil
}

func parseDatabaseURL(c *config, value string) error {
	if storage.IsPostgres(value) {
		if _, err := postgres.ParseURL(value); err != nil {
			return err
		}
	} else if path, ok := strings.CutPrefix(value, "sqlite:"); !ok || path == "" {
		return errors.New("must be sqlite:PATH or postgres://ROLE:PASSWORD@HOST/NAME")
	}
	c.databaseURL = value
	return nil
}

func parseDirectURL(c *config, value string) error {
	if !storage.IsPostgres(value) {
		return errors.New("must be postgres://ROLE:PASSWORD@HOST/NAME")
	}
	if _, err := postgres.ParseURL(value); err != nil {
		return err
	}
	c.directURL = value
	return nil
}

// checkDirectURL says what is wrong with how PostgreSQL's schema is kept up to date, or nothing.
func (c *config) checkDirectURL() string {
	if !storage.IsPostgres(c.databaseURL) {
		return ""
	}
	if c.directURL == "" {
		if c.migrateBy == "on" {
			return "not set: migrations run as the role that owns the schema; or set MIGRATE=off, and run mana migrate up"
		}
		return ""
	}
	serving, err := postgres.ParseURL(c.databaseURL)
	owning, fault := postgres.ParseURL(c.directURL)
	if err == nil && fault == nil && serving.Role == owning.Role {
		return "names the role of DATABASE_URL, which owns nothing"
	}
	return ""
}

// plain reports whether passwords and rows would cross a network in clear on the way to a database.
func plain(place string) bool {
	if !storage.IsPostgres(place) {
		return false
	}
	target, err := postgres.ParseURL(place)
	return err == nil && !target.Local && !target.TLS
}

// refusesPlain reports whether a database must not be reached in clear.
func (c *config) refusesPlain() bool {
	return !isLoopbackHost(c.issuer.Hostname()) && !slices.Contains(c.plainStores, "database")
}

func parseMasterKey(c *config, value string) error { return readMasterKey(&c.masterKey, value) }

func parseMasterKeyOld(c *config, value string) error { return readMasterKey(&c.masterKeyOld, value) }

func readMasterKey(to **keys.MasterKey, value string) error {
	key, err := keys.ParseMasterKey(value)
	if err != nil {
		return err
	}
	if strings.Trim(value, "A") == "=" {
		return errors.New("is all zeros: make one with mana config new-key")
	}
	*to = &key
	return nil
}

func parseProxies(c *config, value string) error {
	for part := range strings.SplitSeq(value, ",") {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(part))
		if err != nil {
			return errors.New("must be a list of networks such as 10.0.0.0/8")
		}
		c.proxies = append(c.proxies, prefix.Masked())
	}
	return nil
}

func parseOrigins(c *config, value string) error {
	for part := range strings.SplitSeq(value, ",") {
		origin := strings.TrimSpace(part)
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || origin != u.Scheme+"://"+u.Host || strings.Contains(origin, "*") {
			return errors.New("must be a list of exact origins such as https://app.example.com, without wildcards")
		}
		c.corsOrigins = append(c.corsOrigins, origin)
	}
	return nil
}

func parseRSABits(c *config, value string) error {
	switch value {
	case "2048", "3072", "4096":
		c.rsaBits, _ = strconv.Atoi(value)
		return nil
	}
	return errors.New("must be 2048, 3072 or 4096")
}

func parseSigningAlgs(c *config, value string) (err error) {
	c.signingAlgs, err = keys.ParseAlgorithms(value)
	return err
}

func parseKeyRotation(c *config, value string) error {
	if value == "off" {
		c.keyRotation = 0
		return nil
	}
	return durationIn(value, 2*keys.PendingFor, 3650*24*time.Hour, &c.keyRotation)
}

func parseSignup(c *config, value string) error {
	if value != "open" && value != "closed" {
		return errors.New("must be open or closed")
	}
	c.signupOpen = value == "open"
	return nil
}

func parsePublicPeriod(c *config, value string) error {
	seconds := 0
	if err := intUpTo(value, 86400, &seconds); err != nil {
		return err
	}
	c.publicPeriod = time.Duration(seconds) * time.Second
	return nil
}

func parseHashMemory(c *config, value string) error {
	digits, shift := value, 0
	switch value[len(value)-1] {
	case 'K':
		digits, shift = value[:len(value)-1], 10
	case 'M':
		digits, shift = value[:len(value)-1], 20
	case 'G':
		digits, shift = value[:len(value)-1], 30
	}
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || n < 1 {
		return errors.New("must be a size such as 64M")
	}
	c.hashMemory = n << shift
	return nil
}

// intUpTo reads a number of 1 to high.
func intUpTo(value string, high int, to *int) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > high {
		return fmt.Errorf("must be 1 to %d", high)
	}
	*to = n
	return nil
}

// durationIn reads a time within bounds.
func durationIn(value string, low, high time.Duration, to *time.Duration) error {
	d, err := parseDuration(value)
	if err != nil || d < low || d > high {
		return fmt.Errorf("must be a time of %s to %s", span(low), span(high))
	}
	*to = d
	return nil
}

// span writes a time as it is set: in days where it is whole days, without zeros at the end.
func span(d time.Duration) string {
	if d >= 24*time.Hour && d%(24*time.Hour) == 0 {
		return strconv.Itoa(int(d/(24*time.Hour))) + "d"
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// parseDuration reads a Go duration or a number of days ("7d").
func parseDuration(value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if days, isDays := strings.CutSuffix(value, "d"); isDays {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 16)
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil {
		return 0, fmt.Errorf("%q is no time such as 15m or 7d", value)
	}
	return d, nil
}

func isLoopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// distance is the number of inserted, deleted or changed bytes between two names (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
