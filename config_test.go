package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mana/keys"
)

func TestProductionDemands(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	var stderr bytes.Buffer
	code := run(t.Context(), []string{"serve"}, []string{
		"ISSUER=http://id.example.com", "PORT=99999", "DATA_DIR=" + dir, "CORS_ORIGINS=*", "DEV_BYPASS_AUTH=1",
		"RATE_LIMIT_CLASSES=nothing=1/1", "JWT_PRIVATE_KEY=x", "LISTEN=127.0.0.1:99999", "SMTP_HOST=mail.example.com",
	}, io.Discard, &stderr)
	if code != 1 {
		t.Errorf("got exit code %d, want 1", code)
	}
	for _, want := range []string{
		"8 settings need attention, nothing was started",
		"ISSUER              http://id.example.com: must be https, since it is not a loopback address",
		"PORT                99999: must be 1 to 65535", "CORS_ORIGINS        *: must be a list", "DEV_BYPASS_AUTH",
		`RATE_LIMIT_CLASSES  class "nothing" does not exist; there are account, admin, authorize,`, "JWT_PRIVATE_KEY     is not PEM",
		"LISTEN              127.0.0.1:99999: must be 1 to 65535", "SMTP_FROM           not set",
	} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("got no %q in\n%s", want, &stderr)
		}
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("got %v, want no file touched", err)
	}
}

func TestConfigFaults(t *testing.T) {
	t.Parallel()
	key := keys.NewMasterKey().Encode()
	shared := filepath.Join(t.TempDir(), "shared.key")
	if err := os.WriteFile(shared, []byte(key), 0o644); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "empty.key")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		env  []string
		dev  bool
		want string // empty: fine
	}{
		"nothing":                     {nil, false, ""},
		"production":                  {[]string{"ISSUER=https://id.example.com", "MASTER_KEY=" + key}, false, ""},
		"no master key":               {[]string{"ISSUER=https://id.example.com"}, false, "MASTER_KEY_FILE"},
		"traces to no address":        {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318"}, false, "OTEL_EXPORTER_OTLP_ENDPOINT"},
		"traces with a password":      {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://a:b@collector"}, false, "OTEL_EXPORTER_OTLP_ENDPOINT"},
		"more than all traces":        {[]string{"OTEL_TRACES_SAMPLER_ARG=1.1"}, false, "OTEL_TRACES_SAMPLER_ARG"},
		"traces by half":              {[]string{"OTEL_TRACES_SAMPLER_ARG=NaN"}, false, "OTEL_TRACES_SAMPLER_ARG"},
		"short master key":            {[]string{"MASTER_KEY=abcd"}, false, "MASTER_KEY"},
		"key and file":                {[]string{"MASTER_KEY=" + key, "MASTER_KEY_FILE=" + shared}, false, "both set"},
		"key file for all to read":    {[]string{"MASTER_KEY_FILE=" + shared}, false, "can be read by everybody"},
		"empty file of a secret":      {[]string{"DATABASE_URL_FILE=" + empty}, false, "is empty"},
		"any secret for all to read":  {[]string{"DATABASE_URL_FILE=" + shared}, false, "can be read by everybody"},
		"password API off":            {[]string{"PASSWORD_API=off"}, false, "PASSWORD_API"},
		"password API on":             {[]string{"PASSWORD_API=on"}, false, ""},
		"no list of breaches":         {[]string{"BREACH_CHECK=" + empty + ".txt"}, false, "BREACH_CHECK"},
		"empty list of breaches":      {[]string{"BREACH_CHECK=" + empty}, false, "not a sorted list"},
		"breaches off":                {[]string{"BREACH_CHECK=off"}, false, ""},
		"trailing slash":              {[]string{"ISSUER=https://id.example.com/", "MASTER_KEY=" + key}, false, "ISSUER"},
		"query":                       {[]string{"ISSUER=https://id.example.com?x", "MASTER_KEY=" + key}, false, "ISSUER"},
		"default port":                {[]string{"ISSUER=https://id.example.com:443", "MASTER_KEY=" + key}, false, "ISSUER"},
		"upper case":                  {[]string{"ISSUER=https://ID.example.com", "MASTER_KEY=" + key}, false, "ISSUER"},
		"loopback on all addresses":   {[]string{"LISTEN=0.0.0.0:3001"}, false, "LISTEN"},
		"the same with --dev":         {[]string{"LISTEN=0.0.0.0:3001"}, true, ""},
		"--dev with a public issuer":  {[]string{"ISSUER=https://id.example.com", "MASTER_KEY=" + key}, true, "--dev"},
		"access token too long":       {[]string{"JWT_ACCESS_TOKEN_EXPIRY=2h"}, false, "JWT_ACCESS_TOKEN_EXPIRY"},
		"days":                        {[]string{"JWT_REFRESH_TOKEN_EXPIRY=30d"}, false, ""},
		"bonus of 0":                  {[]string{"CREDITS_SIGNUP_BONUS=0"}, false, ""},
		"negative bonus":              {[]string{"CREDITS_SIGNUP_BONUS=-1"}, false, "CREDITS_SIGNUP_BONUS"},
		"algorithms":                  {[]string{"SIGNING_ALGS=ES256,RS256", "CREDITS_TOKEN_ALG=ES256"}, false, ""},
		"algorithms without RS256":    {[]string{"SIGNING_ALGS=ES256", "CREDITS_TOKEN_ALG=ES256"}, false, "SIGNING_ALGS"},
		"unknown algorithm":           {[]string{"SIGNING_ALGS=RS256,HS256"}, false, "SIGNING_ALGS"},
		"credits by another":          {[]string{"CREDITS_TOKEN_ALG=ES256"}, false, "CREDITS_TOKEN_ALG"},
		"no rotation":                 {[]string{"KEY_ROTATION=off"}, false, ""},
		"rotation too quick":          {[]string{"KEY_ROTATION=24h"}, false, "KEY_ROTATION"},
		"postgres without an owner":   {[]string{"DATABASE_URL=postgres://app@localhost/mana"}, false, "DATABASE_DIRECT_URL"},
		"postgres, migrated before":   {[]string{"DATABASE_URL=postgres://app@localhost/mana", "MIGRATE=off"}, false, ""},
		"postgres served by an owner": {[]string{"DATABASE_URL=postgres://app@localhost/mana", "DATABASE_DIRECT_URL=postgres://app@localhost/mana"}, false, "owns nothing"},
		"postgres by a wrong URL":     {[]string{"DATABASE_URL=postgres://app@localhost:x/mana"}, false, "cannot be read"},
		"postgres far away, in clear": {[]string{"ISSUER=https://id.example.com", "MASTER_KEY=" + key, "MIGRATE=off", "DATABASE_URL=postgres://app@db.example/mana"}, false, "without TLS"},
		"postgres far away, allowed":  {[]string{"ISSUER=https://id.example.com", "MASTER_KEY=" + key, "MIGRATE=off", "DATABASE_URL=postgres://app@db.example/mana", "ALLOW_PLAIN_STORES=database"}, false, ""},
		"postgres far away, by TLS":   {[]string{"ISSUER=https://id.example.com", "MASTER_KEY=" + key, "MIGRATE=off", "DATABASE_URL=postgres://app@db.example/mana?sslmode=verify-full"}, false, ""},
		"mysql":                       {[]string{"DATABASE_URL=mysql://x"}, false, "DATABASE_URL"},
		"all zeros":                   {[]string{"MASTER_KEY=" + strings.Repeat("A", 43) + "="}, false, "all zeros"},
		"unknown class of limits":     {[]string{"RATE_LIMIT_CLASSES=nothing=1/1"}, false, "RATE_LIMIT_CLASSES"},
		"limits without a number":     {[]string{"RATE_LIMIT_CLASSES=spend"}, false, "RATE_LIMIT_CLASSES"},
		"private key":                 {[]string{"JWT_PRIVATE_KEY=zzz"}, false, "JWT_PRIVATE_KEY"},
		"port out of range":           {[]string{"LISTEN=127.0.0.1:99999"}, false, "LISTEN"},
		"no port":                     {[]string{"LISTEN=127.0.0.1"}, false, "LISTEN"},
		"mail verification":           {[]string{"REQUIRE_EMAIL_VERIFICATION=true", "ISSUER=https://id.example.com", "MASTER_KEY=" + key}, false, "needs SMTP_HOST"},
		"no mail verification":        {[]string{"REQUIRE_EMAIL_VERIFICATION=false"}, false, ""},
		"support":                     {[]string{"SUPPORT_EMAIL=zzz"}, false, "SUPPORT_EMAIL"},
		"accent":                      {[]string{"BRAND_ACCENT=green"}, false, "green: not a colour such as #2f4bc7"},
		"logo away":                   {[]string{"BRAND_LOGO_FILE=/nowhere.png"}, false, "/nowhere.png: cannot be read"},
		"logo of another kind":        {[]string{"BRAND_LOGO_FILE=go.mod"}, false, "go.mod: is neither a PNG nor an SVG picture"},
		"log level":                   {[]string{"LOG_LEVEL=loud"}, false, "must be debug, info, warn or error"},
		"drain":                       {[]string{"DRAIN=5"}, false, "must be a time of 0s to 1m"},
		"refresh time":                {[]string{"JWT_REFRESH_TOKEN_EXPIRY=1m"}, false, "must be a time of 1h to 90d"},
		"audience of a client":        {[]string{"JWT_AUDIENCE=mc_notes"}, false, "JWT_AUDIENCE"},
		"audience of the issuer":      {[]string{"JWT_AUDIENCE=http://localhost:3001"}, false, "JWT_AUDIENCE"},
		"public key alone":            {[]string{"JWT_PUBLIC_KEY=x"}, false, "JWT_PUBLIC_KEY"},
		"empty secret means not set":  {[]string{"MASTER_KEY="}, false, ""},
		"proxies":                     {[]string{"TRUSTED_PROXIES=10.0.0.0/8, ::1/128"}, false, ""},
		"proxies without prefix":      {[]string{"TRUSTED_PROXIES=10.0.0.1"}, false, "TRUSTED_PROXIES"},
		"valkey":                      {[]string{"VALKEY_URL=valkeys://mana:secret@cache.example.com:6379/1"}, false, ""},
		"valkey of another scheme":    {[]string{"VALKEY_URL=http://:secret@cache.example.com"}, false, "VALKEY_URL  must be valkey://"},
		"valkey port":                 {[]string{"VALKEY_URL=valkey://cache.example.com:0"}, false, "VALKEY_URL"},
		"valkey in production":        {[]string{"ISSUER=https://id.example.com", "MASTER_KEY=" + key, "VALKEY_URL=valkey://:secret@cache"}, false, ""},
		"valkey without a password":   {[]string{"ISSUER=https://id.example.com", "MASTER_KEY=" + key, "VALKEY_URL=valkey://cache"}, false, "VALKEY_URL  has no password"},
		"redis without a password":    {[]string{"ISSUER=https://id.example.com", "MASTER_KEY=" + key, "REDIS_HOST=cache"}, false, "REDIS_HOST  has no password"},
		"valkey that is plain":        {[]string{"ISSUER=https://id.example.com", "MASTER_KEY=" + key, "VALKEY_URL=valkey://cache", "ALLOW_PLAIN_STORES=valkey, database"}, false, ""},
		"plain stores":                {[]string{"ALLOW_PLAIN_STORES=all"}, false, "ALLOW_PLAIN_STORES"},
		"redis":                       {[]string{"REDIS_HOST=cache", "REDIS_PORT=6380", "REDIS_PASSWORD=s:/@?"}, false, ""},
		"redis port":                  {[]string{"REDIS_HOST=cache", "REDIS_PORT=x"}, false, "REDIS_HOST"},
		"hash memory":                 {[]string{"HASH_MEMORY=64M"}, false, ""},
		"hash memory without a digit": {[]string{"HASH_MEMORY=M"}, false, "HASH_MEMORY"},
	} {
		_, err := loadConfig(c.env, c.dev)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	for _, env := range [][]string{
		{"MASTER_KEY_FILE=" + shared},
		{"MASTER_KEY_FILE=" + shared, "MASTER_KEY=x"},
		{"MASTER_KEY_FILE=" + shared + ".none"},
		{"MASTER_KEY_FILE=" + empty},
		{"MASTER_KEY=x"},
		nil,
	} {
		_, err := loadConfig(append(env, "ISSUER=https://id.example.com"), false)
		if faults := new(configError); !errors.As(err, &faults) || len(faults.faults) != 1 {
			t.Errorf("%v: got %v, want one fault", env, err)
		}
	}
	if c, err := loadConfig([]string{"LISTEN=127.0.0.1:4571"}, false); err != nil || c.issuer.String() != "http://localhost:4571" {
		t.Errorf("got %v, %v, want the issuer at the port of LISTEN", c, err)
	}
	if _, err := loadConfig([]string{"MASTER_KEY=hunter2"}, false); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v, want the secret kept out", err)
	}
	cfg, err := loadConfig([]string{"ISUER=x"}, false)
	if err != nil {
		t.Fatal(err)
	}
	if warnings := cfg.warnings([]string{"ISUER=x", "JWT_ISSUER=y"}); len(warnings) != 1 || warnings[0] != "ISUER: did you mean ISSUER?" {
		t.Errorf("got %q", warnings)
	}
}

// TestValkeyAddress reads where Valkey is: the names of the original service count when VALKEY_URL is empty.
func TestValkeyAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		env  []string
		want string // empty: none
	}{
		{nil, ""},
		{[]string{"REDIS_PORT=6380"}, ""},
		{[]string{"REDIS_PASSWORD=alone"}, ""},
		{[]string{"REDIS_HOST=cache"}, "cache:6379"},
		{[]string{"REDIS_HOST=::1", "REDIS_PORT=6380", "REDIS_PASSWORD=s:/@?"}, "[::1]:6380"},
		{[]string{"REDIS_HOST=cache", "VALKEY_URL=redis://other"}, "other:6379"},
	} {
		cfg, err := loadConfig(c.env, false)
		if err != nil {
			t.Errorf("%v: %v", c.env, err)
			continue
		}
		unused := slices.ContainsFunc(cfg.warnings(nil), func(note string) bool { return strings.HasPrefix(note, "REDIS_") })
		if want := c.want == "other:6379" || slices.Contains(c.env, "REDIS_PASSWORD=alone"); unused != want {
			t.Errorf("%v: got noted as unused %v, want %v", c.env, unused, want)
		}
		got := ""
		if cfg.valkey != nil {
			got = cfg.valkey.String()
		}
		if got != c.want {
			t.Errorf("%v: got %s, want %s", c.env, got, c.want)
		}
	}
}

// TestReadmeSettings holds the README's table against the program's.
func TestReadmeSettings(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range settings() {
		name := s.name
		if s.secret {
			name += "`, `" + s.name + "_FILE"
		}
		line := "| `" + name + "` | " + s.fallback
		if !strings.Contains(string(readme), line) {
			t.Errorf("got no line %q in the README", line)
		}
	}
}

// TestProductionSurface runs behind a name, as a proxy would call it.
func TestProductionSurface(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	var key bytes.Buffer
	if code := run(t.Context(), []string{"config", "new-key"}, nil, &key, io.Discard); code != 0 {
		t.Fatal("got no key")
	}
	s := start(t, "ISSUER=https://id.example.com", "PORT="+port, "LISTEN=127.0.0.1:"+port, "MASTER_KEY="+strings.TrimSpace(key.String()), "DRAIN=0s")
	get := func(path, host string) *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:"+port+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		jar, _ := cookiejar.New(nil)
		client := &http.Client{Jar: jar, Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response
	}
	for _, path := range []string{"/dev/demo", "/dev/demo/callback", "/dev"} {
		if got := get(path, "id.example.com"); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, got.StatusCode)
		}
	}
	login := get("/login", "id.example.com")
	cookie := login.Header.Get("Set-Cookie")
	if login.StatusCode != 200 || !strings.HasPrefix(cookie, "__Host-mana_browser=") || !strings.Contains(cookie, "Secure") ||
		login.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("got %d, cookie %q", login.StatusCode, cookie)
	}
	if got := get("/login", "evil.example"); got.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("got %d for another host, want 421", got.StatusCode)
	}
	if got := get("/.well-known/openid-configuration", "evil.example"); got.StatusCode != 200 {
		t.Errorf("got %d for metadata by another host, want 200", got.StatusCode)
	}
	_ = s
}

// TestImportedKey makes the original service's key the first signing key, and refuses what does not fit.
func TestImportedKey(t *testing.T) {
	t.Parallel()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)}))
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	s := start(t, "JWT_PRIVATE_KEY="+strings.ReplaceAll(pkcs1, "\n", `\n`), "JWT_PUBLIC_KEY="+public)
	_, set, _ := s.api(t, "GET", "/jwks", "", nil)
	first := set["keys"].([]any)[0].(map[string]any)
	if want := base64.RawURLEncoding.EncodeToString(private.N.Bytes()); first["n"] != want {
		t.Errorf("got another key than the imported one")
	}
	if want, err := keys.Thumbprint(&private.PublicKey); err != nil || first["kid"] != want {
		t.Errorf("got kid %v, want the thumbprint %s, %v", first["kid"], want, err)
	}
	if _, token := s.person(t, "ada@example.com"); token == "" {
		t.Error("got no token signed by the imported key")
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Skip("this Go makes no weak keys")
	}
	weakPEM := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(weak)}))
	for name, env := range map[string][]string{
		"weak":         {"JWT_PRIVATE_KEY=" + weakPEM},
		"not a key":    {"JWT_PRIVATE_KEY=x"},
		"other public": {"JWT_PRIVATE_KEY=" + weakPEM, "JWT_PUBLIC_KEY=" + public},
	} {
		var stderr lockedBuffer
		env = append(env, "PORT="+freePort(t), "DATA_DIR="+t.TempDir())
		if code := run(t.Context(), []string{"serve"}, env, io.Discard, &stderr); code != 1 || !strings.Contains(stderr.String(), "JWT_PRIVATE_KEY") {
			t.Errorf("%s: got %d, %s", name, code, &stderr)
		}
	}
}

func TestSignupClosed(t *testing.T) {
	t.Parallel()
	s := start(t, "SIGNUP=closed", "BRAND_NAME=Notes & Co", "IMPRINT_URL=https://example.com/imprint")
	page := s.browser(t).get("/signup")
	if page.StatusCode != http.StatusForbidden || !strings.Contains(page.body, "Notes &amp; Co") || !strings.Contains(page.body, "https://example.com/imprint") {
		t.Errorf("got %d\n%s", page.StatusCode, page.body)
	}
	if login := s.browser(t).get("/login"); strings.Contains(login.body, `id="signup"`) {
		t.Error("got a link to a sign-up that is closed")
	}
	status, body, _ := s.api(t, "POST", "/api/v1/auth/register", "", map[string]string{"email": "a@b.de", "password": testPassword})
	wantError(t, "closed", status, body, 404, "NOT_FOUND")
}

// TestSignupFaults names all that is wrong with a sign-up at once, each at its field.
func TestSignupFaults(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t)
	page := b.submit(b.get("/signup"), "/signup", "name", strings.Repeat("x", 256), "email", "ada", "password", "short")
	if page.StatusCode != http.StatusUnprocessableEntity || strings.Count(page.body, "autofocus") != 1 {
		t.Errorf("got %d, %d fields ask for the focus", page.StatusCode, strings.Count(page.body, "autofocus"))
	}
	for _, field := range []string{"name", "email", "password"} {
		if !strings.Contains(page.body, `<a href="#`+field+`">`) || !strings.Contains(page.body, `id="`+field+`-fault"`) {
			t.Errorf("got nothing that is wrong with %s\n%s", field, page.body)
		}
	}
}

// TestConfigCheck warns of what has no effect, as serve does, and knows its switch.
func TestConfigCheck(t *testing.T) {
	t.Parallel()
	check := func(env []string, args ...string) (int, string) {
		var stderr bytes.Buffer
		return run(t.Context(), append([]string{"config", "check"}, args...), env, io.Discard, &stderr), stderr.String()
	}
	code, got := check([]string{"ISUER=x", "JWT_ISSUER=y"})
	if want := "note: JWT_ISSUER is not used: tokens carry http://localhost:3001\nnote: ISUER: did you mean ISSUER?\n"; code != exitDone || got != want {
		t.Errorf("got %d, %s", code, got)
	}
	if code, got := check([]string{"LISTEN=0.0.0.0:3001"}); code != exitProblem {
		t.Errorf("got %d, %s", code, got)
	}
	if code, got := check([]string{"LISTEN=0.0.0.0:3001"}, "--dev"); code != exitDone {
		t.Errorf("got %d, %s", code, got)
	}
}

// TestConfigEnv takes the printed file as it is, with every line uncommented.
func TestConfigEnv(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if code := run(t.Context(), []string{"config", "env"}, nil, &out, io.Discard); code != exitDone {
		t.Fatalf("got exit code %d", code)
	}
	var env []string
	for line := range strings.Lines(out.String()) {
		if entry, ok := strings.CutPrefix(strings.TrimSpace(line), "#"); ok && !strings.HasPrefix(entry, " ") {
			env = append(env, entry)
		}
	}
	cfg, err := loadConfig(env, false)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "MASTER_KEY_FILE") || len(env) != len(settings()) || len(cfg.warnings(env)) > 0 {
		t.Errorf("got %v, warnings %v", env, cfg.warnings(env))
	}
}

// TestListen lets the issuer follow the port of LISTEN, and its advice too; healthcheck asks there.
func TestListen(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	s := start(t, "PORT="+port, "LISTEN=127.0.0.1:"+port)
	env := append(s.env[1:], "LISTEN=127.0.0.1:"+port) // without PORT
	cfg, err := loadConfig(env, false)
	if err != nil || cfg.issuer.String() != s.issuer {
		t.Errorf("got %v, %v, want the issuer %s", cfg, err, s.issuer)
	}
	var stderr bytes.Buffer
	if code := run(t.Context(), []string{"healthcheck"}, env, io.Discard, &stderr); code != exitDone {
		t.Errorf("got %d, %s", code, &stderr)
	}
	if code := run(t.Context(), []string{"serve"}, env, io.Discard, &stderr); code != exitFailed ||
		!strings.Contains(stderr.String(), "127.0.0.1:"+port+" is in use; choose another with LISTEN=127.0.0.1:") {
		t.Errorf("got %d, %s", code, &stderr)
	}
}

// TestConfigCheckJSON gives one object, for programs, whatever comes of it.
func TestConfigCheckJSON(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  string
		code int
		out  string
	}{
		"fine":    {"DATA_DIR=x", exitDone, `{"fine":true}`},
		"noted":   {"JWT_ISSUER=manacore", exitDone, `{"fine":true,"notes":["JWT_ISSUER is not used: tokens carry http://localhost:3001"]}`},
		"problem": {"PORT=99999", exitProblem, ""},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), []string{"config", "check", "--json"}, []string{c.env}, &stdout, &stderr)
		if code != c.code || strings.TrimSpace(stdout.String()) != c.out {
			t.Errorf("%s: got %d %s%s, want %d %s", name, code, &stdout, &stderr, c.code, c.out)
		}
		var problem struct{ Title, Detail string }
		if c.code == exitProblem && (json.Unmarshal(stderr.Bytes(), &problem) != nil || !strings.Contains(problem.Detail, "PORT")) {
			t.Errorf("%s: got %s, want one object that names the setting", name, &stderr)
		}
	}
}
