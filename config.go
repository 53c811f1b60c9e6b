package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"mana/keys"
	"mana/ledger"
	"mana/ledger/stripe"
	"mana/provider"
	"mana/provider/identity"
	"mana/provider/upstream"
	"mana/storage/valkey"
	"mana/web"
	"mana/web/mail"
	"mana/web/ui"
)

// setting is one line of the table that drives parsing, the README's table and suggestions.
type setting struct {
	name, fallback, meaning string
	secret                  bool // may come as NAME_FILE
	parse                   func(c *config, value string) error
}

// config is what the environment says, read once.
type config struct {
	issuer        *url.URL
	port          int
	listen        string   // empty: derived
	dev           bool     // the issuer is a loopback address and so is the listener
	edge          bool     // the role is edge
	primary       *url.URL // the origin of an edge; nil: none
	edgeTokens    []string // what edges prove themselves by; an edge shows the first
	dataDir       string
	databaseURL   string
	directURL     string         // connects as the owner of PostgreSQL's schema; empty: none
	migrateBy     string         // "on": at start; "off": by command only
	valkey        *valkey.Server // nil: none
	redisHost     string
	redisPort     string
	redisPassword string
	plainStores   []string
	masterKey     *keys.MasterKey // nil: made or read in DATA_DIR in dev mode
	masterKeyOld  *keys.MasterKey // nil: none; the one before, until mana keys rewrap
	proxies       []netip.Prefix
	corsOrigins   []string // nil: the default of the mode
	audience      string
	importKey     *rsa.PrivateKey  // nil: none
	publicKey     crypto.PublicKey // compared only; nil: none
	jwtIssuer     string
	accessTTL     time.Duration
	refreshTTL    time.Duration
	sessionMax    time.Duration
	retention     time.Duration
	rsaBits       int
	signingAlgs   []string      // RS256 first
	keyRotation   time.Duration // 0: by command only
	creditsAlg    string
	signupOpen    bool
	signupWork    int                // bits; 0: none
	verified      bool               // nobody signs in before the address is proven
	breaches      *identity.Breaches // nil: none
	smtp          mail.SMTP          // no host: none
	signupBonus   ledger.Amount
	bonusProven   bool // the bonus waits for the proof of the address
	dailyFree     ledger.Amount
	limitClasses  string
	limits        web.Limits
	publicMax     int
	publicPeriod  time.Duration
	validateSlots int
	hashMemory    int64 // bytes; 0: a quarter of the memory limit
	logLevel      slog.Level
	logFormat     string
	metricsAddr   string        // off: none
	tracesTo      *url.URL      // nil: no traces
	tracesShare   float64       // of the traces that are kept
	drain         time.Duration // negative: the default of the mode
	shutdown      time.Duration // 0: the default of the mode
	brand         string
	theme         ui.Theme
	accentShown   string // BRAND_ACCENT as it had to be corrected; empty: as it was given
	imprintURL    string
	privacyURL    string
	termsURL      string
	supportEmail  string
	applyFile     string
	stripeKey     stripe.Secret
	stripeSecrets []stripe.Secret
	stripeURL     string            // a stand-in for Stripe's API; empty: none
	upstreams     []upstream.Config // what people may sign in with, by name

	set   map[string]string                   // what was given, by name
	again func() (*config, *applyFile, error) // reads all of it anew
}

// settings is the one table of everything that can be set.
func settings() []setting {
	return append([]setting{
		{"ISSUER", "http://localhost:{PORT}", "issuer, base of links and cookies; https, or http on a loopback address", false, parseIssuer},
		{"PORT", "3001", "public port", false, func(c *config, v string) error { return intUpTo(v, 65535, &c.port) }},
		{"LISTEN", "", "host:port, beats PORT; default 127.0.0.1 and [::1] in dev mode, else all addresses", false, parseListen},
		{"DATA_DIR", "./data", "folder of the embedded database and the dev master key", false, text(func(c *config) *string { return &c.dataDir })},
		{"DATABASE_URL", "", "sqlite:PATH, or postgres://ROLE:PASSWORD@HOST/NAME for the role that owns nothing; empty: mana.db in DATA_DIR", true, parseDatabaseURL},
		{"DATABASE_DIRECT_URL", "", "postgres:// as the role that owns the schema, past PgBouncer, for migrations", true, parseDirectURL},
		{"MIGRATE", "on", "on: PostgreSQL's schema is brought up to date at each start; off: by `mana migrate up` only", false, oneOf(func(c *config) *string { return &c.migrateBy }, "on", "off")},
		{"VALKEY_URL", "", "valkey://USER:PASSWORD@HOST:PORT (valkeys:// for TLS), what several processes share; empty: memory, one process", true, parseValkeyURL},
		{"REDIS_HOST", "", "makes up VALKEY_URL when that is empty", false, text(func(c *config) *string { return &c.redisHost })},
		{"REDIS_PORT", "6379", "goes with REDIS_HOST", false, text(func(c *config) *string { return &c.redisPort })},
		{"REDIS_PASSWORD", "", "goes with REDIS_HOST", true, text(func(c *config) *string { return &c.redisPassword })},
		{"ALLOW_PLAIN_STORES", "", "list of database, valkey, primary: what may be without TLS or password in production", false, parsePlainStores},
		{"MASTER_KEY", "", "32 bytes in base64, seals signing keys; made in DATA_DIR in dev mode, else required", true, parseMasterKey},
		{"MASTER_KEY_OLD", "", "the master key before, which opens what MASTER_KEY does not, until mana keys rewrap has run", true, parseMasterKeyOld},
		{"TRUSTED_PROXIES", "", "networks (CIDR, comma list) whose X-Forwarded-For counts", false, parseProxies},
		{"CORS_ORIGINS", "", "exact origins of the JSON API, comma list; in dev mode http://localhost:3000,http://localhost:8081", false, parseOrigins},
		{"JWT_AUDIENCE", "manacore", "aud of tokens of the REST login", false, text(func(c *config) *string { return &c.audience })},
		{"JWT_PRIVATE_KEY", "", "PEM, becomes the first RS256 key of an empty store", true, parseImportKey},
		{"JWT_PUBLIC_KEY", "", "PEM, compared with JWT_PRIVATE_KEY", true, parsePublicKey},
		{"JWT_ISSUER", "", "not used: tokens carry ISSUER; another value gives a warning", false, text(func(c *config) *string { return &c.jwtIssuer })},
		{"JWT_ACCESS_TOKEN_EXPIRY", "15m", "life of access tokens, 1m to 1h", false, func(c *config, v string) error { return durationIn(v, time.Minute, time.Hour, &c.accessTTL) }},
		{"JWT_REFRESH_TOKEN_EXPIRY", "7d", "life of a refresh token of the REST login, 1h to 90d", false, func(c *config, v string) error { return durationIn(v, time.Hour, 90*24*time.Hour, &c.refreshTTL) }},
		{"SESSION_MAX_AGE", "90d", "longest life of a REST session, and of the refresh tokens of an app; 1h to 365d", false, func(c *config, v string) error { return durationIn(v, time.Hour, 365*24*time.Hour, &c.sessionMax) }},
		{"RETENTION", "365d", "security events and ended sessions older than this are deleted; 30d to 3650d", false, func(c *config, v string) error {
			return durationIn(v, 30*24*time.Hour, 3650*24*time.Hour, &c.retention)
		}},
		{"RSA_BITS", "2048", "size of a new signing key: 2048, 3072 or 4096", false, parseRSABits},
		{"SIGNING_ALGS", "RS256", "algorithms that sign, comma list of RS256, PS256, ES256, EdDSA; RS256 always", false, parseSigningAlgs},
		{"KEY_ROTATION", "90d", "life of a signing key, 2d to 3650d; off: keys change by command only", false, parseKeyRotation},
		{"CREDITS_TOKEN_ALG", "RS256", "signs access tokens for the credits API; one of SIGNING_ALGS", false, text(func(c *config) *string { return &c.creditsAlg })},
		{"SIGNUP", "open", "open or closed", false, parseSignup},
		{"SIGNUP_WORK", "off", "1 to 22: work that a browser does before it signs somebody up, in bits (16 takes about a second); closes sign-up by the API", false, parseSignupWork},
		{"REQUIRE_EMAIL_VERIFICATION", "false", "true: nobody signs in before the e-mail address is proven", false, onOff(func(c *config) *bool { return &c.verified })},
		{"SMTP_HOST", "", "mail server; empty: mails stay in the outbox, and are shown at /dev/mail in dev mode", false, text(func(c *config) *string { return &c.smtp.Host })},
		{"SMTP_PORT", "587", "465: TLS from the start; else STARTTLS is required, but on a loopback address in dev mode", false, func(c *config, v string) error { return intUpTo(v, 65535, &c.smtp.Port) }},
		{"SMTP_USER", "", "name at the mail server; empty: no authentication", false, text(func(c *config) *string { return &c.smtp.User })},
		{"SMTP_PASSWORD", "", "goes with SMTP_USER", true, text(func(c *config) *string { return &c.smtp.Password })},
		{"SMTP_FROM", "", "address that mails come from; required with SMTP_HOST", false, parseSender},
		{"CREDITS_SIGNUP_BONUS", "150", "free credits of a new account", false, func(c *config, v string) error { return parseCredits(v, &c.signupBonus) }},
		{"CREDITS_SIGNUP_BONUS_VERIFIED", "false", "true: the bonus comes when the e-mail address is proven", false, onOff(func(c *config) *bool { return &c.bonusProven })},
		{"CREDITS_DAILY_FREE", "5", "free credits each 24 hours", false, func(c *config, v string) error { return parseCredits(v, &c.dailyFree) }},
		{"RATE_LIMIT_MAX", "100", "calls of an address to a public route per RATE_LIMIT_TTL", false, func(c *config, v string) error { return intUpTo(v, 1_000_000_000, &c.publicMax) }},
		{"RATE_LIMIT_TTL", "60", "seconds of RATE_LIMIT_MAX", false, parsePublicPeriod},
		{"RATE_LIMIT_CLASSES", "", "other limits as count/seconds, such as signup=10/3600,spend=100/60", false, text(func(c *config) *string { return &c.limitClasses })},
		{"VALIDATE_CONCURRENCY", "256", "token checks at work at once", false, func(c *config, v string) error { return intUpTo(v, 100_000, &c.validateSlots) }},
		{"HASH_MEMORY", "", "bytes for password hashing (suffix K, M, G); default a quarter of the memory limit", false, parseHashMemory},
		{"BREACH_CHECK", "off", "path of a sorted file of SHA-1 hashes of breached passwords, which nobody may choose", false, parseBreaches},
		{"STRIPE_SECRET_KEY", "", "key of Stripe's API, sk_... or rk_...; empty: nothing can be bought, all else works", true, parseStripeKey},
		{"STRIPE_WEBHOOK_SECRET", "", "signs Stripe's events, whsec_...; a comma list while it changes; required with STRIPE_SECRET_KEY", true, parseStripeSecrets},
		{"STRIPE_API_URL", "", "in dev mode, a stand-in for Stripe's API on a loopback address, for tests", false, parseStripeURL},
		{"APPLY_FILE", "", "file of `mana apply`, applied at each start", false, text(func(c *config) *string { return &c.applyFile })},
		{"LOG_LEVEL", "info", "debug, info, warn or error", false, parseLogLevel},
		{"LOG_FORMAT", "auto", "text, json, or auto: text on a terminal and in dev mode", false, oneOf(func(c *config) *string { return &c.logFormat }, "auto", "text", "json")},
		{"METRICS_ADDR", "127.0.0.1:9464", "private listener of /metrics; off: none; in dev mode it may be taken", false, parseMetricsAddr},
		{"DRAIN", "", "time between readiness off and listener closed; 5s, 0s in dev mode", false, func(c *config, v string) error { return durationIn(v, 0, time.Minute, &c.drain) }},
		{"SHUTDOWN_TIMEOUT", "", "longest wait for requests in flight; 20s, 2s in dev mode", false, func(c *config, v string) error { return durationIn(v, time.Second, 10*time.Minute, &c.shutdown) }},
	}, slices.Concat(tracesSettings(), edgeSettings(), brandSettings())...)
}

// brandSettings are those of how the pages look.
func brandSettings() []setting {
	return []setting{
		{"BRAND_NAME", "Mana", "name on the pages", false, text(func(c *config) *string { return &c.brand })},
		{"BRAND_ACCENT", "#2f4bc7", "colour of links and buttons, as #rrggbb; darkened or lightened until it can be read", false, parseAccent},
		{"BRAND_LOGO_FILE", "", "PNG or SVG file of at most 64 KiB, shown 32 px high in place of our sign", false, parseLogo},
		{"IMPRINT_URL", "", "link in the footer", false, link(func(c *config) *string { return &c.imprintURL })},
		{"PRIVACY_URL", "", "link in the footer", false, link(func(c *config) *string { return &c.privacyURL })},
		{"TERMS_URL", "", "link in the footer", false, link(func(c *config) *string { return &c.termsURL })},
		{"SUPPORT_EMAIL", "", "address in the footer, and in /.well-known/security.txt", false, parseSupportEmail},
	}
}

// settingFault is one thing that is wrong with the settings.
type settingFault struct{ name, text string }

// configError lists everything that is wrong, so that it is mended in one go.
type configError struct{ faults []settingFault }

// Error implements error.
func (e *configError) Error() string {
	var out strings.Builder
	noun, verb := "settings", "need"
	if len(e.faults) == 1 {
		noun, verb = "setting", "needs"
	}
	fmt.Fprintf(&out, "%d %s %s attention, nothing was started\n\n", len(e.faults), noun, verb)
	width := 0
	for _, f := range e.faults {
		width = max(width, len(f.name))
	}
	for _, f := range e.faults {
		fmt.Fprintf(&out, "  %-*s  %s\n", width, f.name, f.text)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// loadConfig reads the environment once. anyAddress (--dev) lets a loopback issuer listen on all addresses.
func loadConfig(environ []string, anyAddress bool) (*config, error) {
	return loadConfigAs(rolePrimary, environ, anyAddress)
}

// loadConfigAs is [loadConfig] for a role.
func loadConfigAs(role string, environ []string, anyAddress bool) (*config, error) {
	c := &config{set: make(map[string]string), drain: -1, edge: role == roleEdge}
	if role != rolePrimary && role != roleEdge {
		return nil, usageError{fmt.Errorf("--role is %q, want %s or %s", role, rolePrimary, roleEdge)}
	}
	given := make(map[string]string)
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		given[name] = value
	}
	var faults []settingFault
	for _, s := range settings() {
		value, err := valueOf(s, given)
		if err == nil && value != "" {
			c.set[s.name] = value
		} else if err == nil {
			value = strings.ReplaceAll(s.fallback, "{PORT}", strconv.Itoa(portOrDefault(given)))
		}
		if err == nil && value != "" {
			err = s.parse(c, value)
		}
		if err != nil {
			faults = append(faults, settingFault{s.name, faultText(s, value, err)})
		}
	}
	faults = append(faults, c.check(given, anyAddress)...)
	if len(faults) > 0 {
		return nil, &configError{faults}
	}
	return c, nil
}

// valueOf finds the value of a setting: the variable itself, or the content of the file that NAME_FILE names.
func valueOf(s setting, given map[string]string) (string, error) {
	value, path := given[s.name], given[s.name+"_FILE"]
	switch {
	case !s.secret || path == "":
		return value, nil
	case value != "":
		return "", fmt.Errorf("%s and %s_FILE are both set", s.name, s.name)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%s_FILE: %w", s.name, err)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o004 != 0 && s.name != "JWT_PUBLIC_KEY" {
		return "", fmt.Errorf("%s_FILE %s can be read by everybody: chmod o-r %s", s.name, path, path)
	}
	if value = strings.TrimSpace(string(content)); value == "" {
		return "", fmt.Errorf("%s_FILE %s is empty", s.name, path)
	}
	return value, nil
}

// portOrDefault is the port of the default issuer: that of LISTEN, which beats PORT.
func portOrDefault(given map[string]string) int {
	if _, listen, err := net.SplitHostPort(given["LISTEN"]); err == nil {
		if port, err := strconv.Atoi(listen); err == nil {
			return port
		}
	}
	if port, err := strconv.Atoi(given["PORT"]); err == nil {
		return port
	}
	return defaultPort
}

const defaultPort = 3001

// faultText never repeats a secret.
func faultText(s setting, value string, err error) string {
	if s.secret || value == "" {
		return err.Error()
	}
	return value + ": " + err.Error()
}

// check holds the settings against each other.
func (c *config) check(given map[string]string, anyAddress bool) []settingFault {
	var faults []settingFault
	add := func(name, text string) { faults = append(faults, settingFault{name, text}) }
	if given["DEV_BYPASS_AUTH"] != "" {
		add("DEV_BYPASS_AUTH", "does not exist here, and no switch turns authentication off: unset it")
	}
	if c.signingAlgs != nil && !slices.Contains(c.signingAlgs, c.creditsAlg) {
		add("CREDITS_TOKEN_ALG", c.creditsAlg+": must be one of SIGNING_ALGS")
	}
	if fault := c.checkKeyPair(given); fault != "" {
		add("JWT_PUBLIC_KEY", fault)
	}
	var err error
	if c.limits, err = web.ParseLimits(c.limitClasses, c.publicMax, c.publicPeriod); err != nil {
		add("RATE_LIMIT_CLASSES", err.Error())
	}
	faults = append(faults, c.checkEdge(given)...)
	faults = append(faults, c.checkValkey(given)...)
	faults = append(faults, c.parseUpstreams(given)...)
	faults = append(faults, unsupported(given)...)
	if fault := c.checkDirectURL(); fault != "" {
		add("DATABASE_DIRECT_URL", fault)
	}
	if c.issuer != nil {
		faults = append(faults, c.checkIssuer(given, anyAddress)...)
	}
	faults = append(faults, c.checkMail(given)...)
	faults = append(faults, c.checkStripe(given)...)
	if anyAddress && c.listen == "" {
		c.listen = ":" + strconv.Itoa(c.port)
	}
	return faults
}

// checkIssuer holds the other settings against the issuer, and finds the mode.
func (c *config) checkIssuer(given map[string]string, anyAddress bool) []settingFault {
	var faults []settingFault
	add := func(name, text string) { faults = append(faults, settingFault{name, text}) }
	loopback := isLoopbackHost(c.issuer.Hostname())
	c.dev = loopback && (anyAddress || c.listensOnLoopback())
	switch {
	case anyAddress && !loopback:
		add("--dev", "is for a loopback issuer only")
	case loopback && !c.dev:
		add("LISTEN", c.listen+": a loopback issuer listens on a loopback address; --dev allows all addresses, for a container")
	}
	if !loopback && !c.edge && c.masterKey == nil && given["MASTER_KEY"] == "" && given["MASTER_KEY_FILE"] == "" {
		add("MASTER_KEY_FILE", "not set: seals signing keys; make one: (umask 077; mana config new-key > master.key)")
	}
	for name, place := range map[string]string{"DATABASE_URL": c.databaseURL, "DATABASE_DIRECT_URL": c.directURL} {
		if c.refusesPlain() && plain(place) {
			add(name, "reaches another host without TLS: add sslmode=verify-full, or set ALLOW_PLAIN_STORES=database")
		}
	}
	if issuer := c.issuer.String(); c.audience == issuer || c.audience == issuer+provider.PathCredits || strings.HasPrefix(c.audience, "mc_") {
		add("JWT_AUDIENCE", c.audience+": must be neither the issuer, nor its credits API, nor a client id")
	}
	return faults
}

func (c *config) listensOnLoopback() bool {
	if c.listen == "" {
		return true
	}
	at := strings.LastIndexByte(c.listen, ':')
	return at > 0 && isLoopbackHost(strings.Trim(c.listen[:at], "[]"))
}

// secure reports whether the issuer is https.
func (c *config) secure() bool { return c.issuer.Scheme == "https" }

// origins are the origins of the JSON API.
func (c *config) origins() []string {
	if c.corsOrigins == nil && c.dev {
		return []string{"http://localhost:3000", "http://localhost:8081"}
	}
	return c.corsOrigins
}

// unsupported lists settings of the original service, or of the specification, that this version cannot honour: their
// silence would be believed.
func unsupported(given map[string]string) []settingFault {
	var faults []settingFault
	for _, name := range []string{
		"PASSWORD_API",
	} {
		asItIs := map[string]string{"PASSWORD_API": "on"}[name]
		if value := given[name]; value != "" && value != asItIs {
			faults = append(faults, settingFault{name, "is not supported by this version: unset it"})
		}
	}
	return faults
}

// warnings are notices that stop nothing: names that look like typing errors, settings without effect.
func (c *config) warnings(environ []string) []string {
	var out []string
	if c.jwtIssuer != "" && c.jwtIssuer != c.issuer.String() {
		out = append(out, "JWT_ISSUER is not used: tokens carry "+c.issuer.String())
	}
	if c.accentShown != "" {
		out = append(out, "BRAND_ACCENT cannot be read on our pages (4.5:1): light ones show "+c.accentShown)
	}
	if c.primary != nil && !c.edge {
		out = append(out, "PRIMARY_URL is not used without --role=edge")
	}
	if c.smtp.Host == "" && !c.dev && !c.edge {
		out = append(out, "SMTP_HOST is not set: mails stay in the outbox, and nobody can reset a password")
	}
	if c.tracesTo != nil && !tracesBuilt {
		out = append(out, "OTEL_EXPORTER_OTLP_ENDPOINT is not used: this program was built without the tag otlp, and sends no traces")
	}
	out = append(out, c.stripeWarnings()...)
	for _, name := range []string{"REDIS_HOST", "REDIS_PASSWORD"} {
		if c.set[name] != "" && (c.set["VALKEY_URL"] != "" || c.redisHost == "") {
			out = append(out, name+" is not used: REDIS_HOST makes up an empty VALKEY_URL")
		}
	}
	known := make([]string, 0, 2*len(settings()))
	for _, s := range settings() {
		known = append(known, s.name, s.name+"_FILE")
	}
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if slices.Contains(known, name) || len(name) < 5 {
			continue
		}
		for _, s := range settings() {
			if len(s.name) >= 5 && distance(name, s.name) <= 2 {
				out = append(out, fmt.Sprintf("%s: did you mean %s?", name, s.name))
				break
			}
		}
	}
	return out
}

const masterKeyFile = "master.key"

// loadMasterKey gives the master key; in dev mode it is made once and kept beside the database, while no signing
// key is stored. It reports whether it was made.
func (c *config) loadMasterKey(ctx context.Context, store keys.Store) (keys.MasterKey, bool, error) {
	if c.masterKey != nil {
		return c.masterKey.After(c.masterKeyOld), false, nil
	}
	path := filepath.Join(c.dataDir, masterKeyFile)
	content, err := os.ReadFile(path)
	if err == nil {
		key, err := keys.ParseMasterKey(string(bytes.TrimSpace(content)))
		if err != nil {
			return keys.MasterKey{}, false, fmt.Errorf("reading %s: %w", path, err)
		}
		return key, false, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return keys.MasterKey{}, false, fmt.Errorf("reading the master key: %w", err)
	}
	sealed, err := store.SigningKeys(ctx)
	if err != nil {
		return keys.MasterKey{}, false, err
	}
	if len(sealed) > 0 {
		return keys.MasterKey{}, false, fmt.Errorf("%s is missing, and the stored signing keys cannot be opened without it: "+
			"put it back, or set MASTER_KEY_FILE", path)
	}
	key, err := makeMasterKey(path)
	return key, err == nil, err
}

// makeMasterKey makes a master key and keeps it in a file that does not exist yet.
func makeMasterKey(path string) (keys.MasterKey, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return keys.MasterKey{}, fmt.Errorf("making the data folder: %w", err)
	}
	key := keys.NewMasterKey()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return keys.MasterKey{}, fmt.Errorf("storing the master key: %w", err)
	}
	if _, err := file.WriteString(key.Encode() + "\n"); err != nil {
		return keys.MasterKey{}, errors.Join(fmt.Errorf("storing the master key: %w", err), file.Close())
	}
	return key, errors.Join(file.Sync(), file.Close())
}
