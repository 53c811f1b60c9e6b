package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/joho/godotenv"
	"go.yaml.in/yaml/v3"

	"mana/keys"
	"mana/storage/servers"
)

// composed loads deploy/compose.yaml with all profiles, as Compose does: by its schema, with the values of .env.example, of
// which some are others.
func composed(t *testing.T, others ...string) (*types.Project, map[string]string) {
	t.Helper()
	values, err := godotenv.Read("deploy/.env.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range others {
		name, value, _ := strings.Cut(other, "=")
		values[name] = value
	}
	content, err := os.ReadFile("deploy/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	project, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir: "deploy", Environment: maps.Clone(values), ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: content}},
	}, func(o *loader.Options) {
		o.SetProjectName("mana", true)
		o.Profiles = []string{"*"}
	})
	if err != nil {
		t.Fatal(err)
	}
	return project, values
}

// TestCompose holds the Compose file against its schema, and against what it promises.
func TestCompose(t *testing.T) {
	t.Parallel()
	project, _ := composed(t)
	pinned := regexp.MustCompile(`^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?(@sha256:[0-9a-f]{64})?$`)
	for name, s := range project.Services {
		if !pinned.MatchString(s.Image) {
			t.Errorf("%s: got image %q, want a version", name, s.Image)
		}
		if user := s.User; user == "" || strings.HasPrefix(user, "0:") || strings.HasPrefix(user, "root") {
			t.Errorf("%s: got user %q", name, user)
		}
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || len(s.CapAdd) > 0 || s.Privileged || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s: is not hardened", name)
		}
		if s.Deploy == nil || s.Deploy.Resources.Limits == nil || s.Deploy.Resources.Limits.MemoryBytes == 0 {
			t.Errorf("%s: has no limit of memory", name)
		}
		if s.StopGracePeriod == nil || s.StopGracePeriod.String() != "30s" {
			t.Errorf("%s: got %v to stop", name, s.StopGracePeriod)
		}
		if s.HealthCheck == nil && name != "migrate" && name != "tools" && name != "mailpit" {
			t.Errorf("%s: nobody asks for its health", name)
		}
		for on, wait := range s.DependsOn {
			healthy := project.Services[on].HealthCheck != nil && wait.Condition == types.ServiceConditionHealthy
			if on != "migrate" && on != "prometheus" && !healthy {
				t.Errorf("%s: does not wait for the health of %s", name, on)
			}
		}
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" && name != "traefik" {
				t.Errorf("%s: publishes %s to everybody", name, port.Published)
			}
		}
		for _, v := range s.Volumes {
			if _, err := os.Stat(v.Source); v.Type == types.VolumeTypeBind && err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if build := s.Build; build != nil {
			if _, err := os.Stat(filepath.Join(build.Context, "Dockerfile")); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for name, c := range project.Configs {
		if _, err := os.Stat(c.File); err != nil {
			t.Errorf("config %s: %v", name, err)
		}
	}
	var profiles []string
	for _, s := range project.Services {
		profiles = append(profiles, s.Profiles...)
	}
	slices.Sort(profiles)
	if got := slices.Compact(profiles); !slices.Equal(got, []string{"core", "edge", "mail", "monitoring", "tools"}) {
		t.Errorf("got profiles %v", got)
	}
}

// TestComposeSettings starts from what secrets.sh and .env.example make: every variable is known, and together they are
// settings that the program takes in production.
func TestComposeSettings(t *testing.T) {
	t.Parallel()
	project, values := composed(t)
	known := make(map[string]bool)
	for _, s := range settings() {
		known[s.name], known[s.name+"_FILE"] = true, s.secret
	}
	folder := makeSecrets(t)
	for _, name := range []string{"mana", "migrate", "tools"} {
		var environ []string
		for setting, value := range project.Services[name].Environment {
			if !known[setting] {
				t.Errorf("%s: nobody knows %s", name, setting)
			}
			environ = append(environ, setting+"="+strings.ReplaceAll(*value, "/run/secrets", folder))
			secret, isFile := strings.CutPrefix(*value, "/run/secrets/")
			mounted := slices.ContainsFunc(project.Services[name].Secrets, func(s types.ServiceSecretConfig) bool { return s.Source == secret })
			if isFile && !mounted {
				t.Errorf("%s: %s is not given to it", name, secret)
			}
		}
		if _, err := loadConfig(environ, false); err != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for name, s := range project.Secrets {
		if _, err := os.Stat(filepath.Join(folder, filepath.Base(s.File))); err != nil {
			t.Errorf("secret %s: %v", name, err)
		}
	}
	content, err := os.ReadFile("deploy/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	used := make(map[string]bool)
	for _, match := range regexp.MustCompile(`\$\{([A-Z_]+)`).FindAllSubmatch(content, -1) {
		used[string(match[1])] = true
		if _, there := values[string(match[1])]; !there {
			t.Errorf(".env.example does not tell of %s", match[1])
		}
	}
	for name := range values {
		if !used[name] {
			t.Errorf(".env.example tells of %s, which compose.yaml does not use", name)
		}
	}
}

// TestComposeGivenSecrets: what a mail server and Stripe give reaches the program as files, and no secret is in an environment,
// which the container engine shows to whoever asks.
func TestComposeGivenSecrets(t *testing.T) {
	t.Parallel()
	project, _ := composed(t, "SMTP_HOST=mail.example.com", "SMTP_USER=mana", "SMTP_FROM=mana@example.com", "STRIPE=on")
	folder := makeSecrets(t)
	given := map[string]string{"smtp_password": "of the mail server", "stripe_secret_key": "sk_test_" + strings.Repeat("a", 24), "stripe_webhook_secret": "whsec_" + strings.Repeat("b", 32)}
	for name, value := range given {
		if err := errors.Join(os.Chmod(filepath.Join(folder, name), 0o600), os.WriteFile(filepath.Join(folder, name), []byte(value), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	var environ []string
	for setting, value := range project.Services["mana"].Environment {
		environ = append(environ, setting+"="+strings.ReplaceAll(*value, "/run/secrets", folder))
	}
	c, err := loadConfig(environ, false)
	if err != nil {
		t.Fatal(err)
	}
	if c.smtp.Password != given["smtp_password"] {
		t.Error("got another password of the mail server")
	}
	for name, s := range project.Services {
		for given, value := range s.Environment {
			secret := slices.ContainsFunc(settings(), func(s setting) bool { return s.secret && s.name == given })
			if secret && value != nil {
				t.Errorf("%s: %s is in the environment", name, given)
			}
		}
	}
}

// makeSecrets runs secrets.sh in a folder of its own.
func makeSecrets(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "secrets")
	runSecrets(t, folder)
	return folder
}

func runSecrets(t *testing.T, folder string) string {
	t.Helper()
	group, err := exec.CommandContext(t.Context(), "id", "-g").Output()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "sh", "deploy/secrets.sh")
	command.Env = append(os.Environ(), "SECRETS_DIR="+folder, "SECRETS_GROUP="+strings.TrimSpace(string(group)))
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// TestSecrets makes secrets once, and not again.
func TestSecrets(t *testing.T) {
	t.Parallel()
	folder := makeSecrets(t)
	read := func() map[string]string {
		found := make(map[string]string)
		err := fs.WalkDir(os.DirFS(folder), ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			if info.Mode().Perm()&0o007 != 0 {
				t.Errorf("%s: got mode %v", path, info.Mode())
			}
			content, err := os.ReadFile(filepath.Join(folder, path))
			found[path] = string(content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	first := read()
	if got := runSecrets(t, folder); strings.Contains(got, "made") {
		t.Errorf("got %s the second time", got)
	}
	for name, want := range first {
		if got := read()[name]; got != want {
			t.Errorf("%s: got another value the second time", name)
		}
	}
	if _, err := keys.ParseMasterKey(first["master_key"]); err != nil {
		t.Errorf("got %v of the master key", err)
	}
	seen := make(map[string]bool)
	for name, value := range first {
		if strings.HasSuffix(name, "_password") && name != "smtp_password" && (len(value) != 64 || seen[value]) {
			t.Errorf("%s: got %d characters, or those of another", name, len(value))
		}
		seen[value] = true
	}
	if strings.Contains(first["valkey_users"], first["valkey_password"]) {
		t.Error("got the password of Valkey in its users, want its hash")
	}
}

// TestTraefik reads the files strictly, as far as we use them, and follows what they name.
func TestTraefik(t *testing.T) {
	t.Parallel()
	var static struct {
		EntryPoints map[string]struct {
			Address   string
			AsDefault bool `yaml:"asDefault"`
			HTTP      struct {
				Redirections struct {
					EntryPoint struct {
						To, Scheme string
						Permanent  bool
					} `yaml:"entryPoint"`
				}
				TLS struct {
					CertResolver string `yaml:"certResolver"`
				}
			} `yaml:"http"`
			Transport struct {
				Timeouts struct {
					Read  string `yaml:"readTimeout"`
					Write string `yaml:"writeTimeout"`
					Idle  string `yaml:"idleTimeout"`
				} `yaml:"respondingTimeouts"`
				LifeCycle struct {
					Accept string `yaml:"requestAcceptGraceTimeout"`
					Grace  string `yaml:"graceTimeOut"`
				} `yaml:"lifeCycle"`
			}
		} `yaml:"entryPoints"`
		Ping struct {
			EntryPoint string `yaml:"entryPoint"`
		}
		Resolvers map[string]struct {
			ACME struct {
				Storage      string
				TLSChallenge map[string]any `yaml:"tlsChallenge"`
			}
		} `yaml:"certificatesResolvers"`
		Providers struct {
			File struct {
				Directory string
				Watch     bool
			}
		}
		Log    struct{ Level, Format string }
		Global struct {
			Check bool `yaml:"checkNewVersion"`
			Send  bool `yaml:"sendAnonymousUsage"`
		}
	}
	var dynamic struct {
		HTTP struct {
			Routers map[string]struct {
				Rule        string
				EntryPoints []string `yaml:"entryPoints"`
				Service     string
				Middlewares []string
			}
			Middlewares map[string]struct {
				Headers struct {
					Request map[string]string `yaml:"customRequestHeaders"`
				}
			}
			Services map[string]struct {
				LoadBalancer struct {
					PassHostHeader bool `yaml:"passHostHeader"`
					Servers        []struct{ URL string }
				} `yaml:"loadBalancer"`
			}
		} `yaml:"http"`
		TLS struct {
			Options map[string]struct {
				MinVersion string `yaml:"minVersion"`
				SNIStrict  bool   `yaml:"sniStrict"`
			}
		}
	}
	readYAML(t, "deploy/traefik/traefik.yaml", &static)
	readYAML(t, "deploy/traefik/mana.yaml", &dynamic)
	web, secure := static.EntryPoints["web"], static.EntryPoints["websecure"]
	if to := web.HTTP.Redirections.EntryPoint; static.EntryPoints[to.To].Address != ":443" || to.Scheme != "https" || web.Address != ":80" {
		t.Errorf("got %+v, want HTTP led to HTTPS", web)
	}
	resolver, ok := static.Resolvers[secure.HTTP.TLS.CertResolver]
	if !ok || resolver.ACME.Storage != "/acme/acme.json" || resolver.ACME.TLSChallenge == nil {
		t.Errorf("got %+v, want certificates by ACME", static.Resolvers)
	}
	if at := static.EntryPoints[static.Ping.EntryPoint].Address; !strings.HasPrefix(at, "127.0.0.1:") {
		t.Errorf("got ping at %q", at)
	}
	router := dynamic.HTTP.Routers["mana"]
	for _, at := range router.EntryPoints {
		if _, ok := static.EntryPoints[at]; !ok {
			t.Errorf("got no entry point %s", at)
		}
	}
	strangers := dynamic.HTTP.Middlewares["strangers"].Headers.Request
	if value, ok := strangers["Traceparent"]; !ok || value != "" || !slices.Equal(router.Middlewares, []string{"strangers"}) {
		t.Errorf("got %v by %v, want traces of strangers taken away", strangers, router.Middlewares)
	}
	to := dynamic.HTTP.Services[router.Service].LoadBalancer
	if len(to.Servers) != 1 || to.Servers[0].URL != "http://mana:3001" || !to.PassHostHeader {
		t.Errorf("got %+v", to)
	}
	if router.Rule != "Host(`{{ env \"MANA_HOST\" }}`)" {
		t.Errorf("got rule %s", router.Rule)
	}
	project, _ := composed(t)
	if _, ok := project.Services["traefik"].Environment["MANA_HOST"]; !ok {
		t.Error("got no MANA_HOST for Traefik")
	}
}

// readYAML reads a file, and refuses what to has no field for.
func readYAML(t *testing.T, path string, to any) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(to); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// TestSystemd has the unit verified by systemd, and its exposure measured.
func TestSystemd(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("deploy/systemd/mana.service")
	if err != nil {
		t.Fatal(err)
	}
	known := make(map[string]bool)
	for _, s := range settings() {
		known[s.name], known[s.name+"_FILE"] = true, s.secret
	}
	for _, match := range regexp.MustCompile(`(?m)^Environment=([A-Z_]+)=`).FindAllSubmatch(content, -1) {
		if !known[string(match[1])] {
			t.Errorf("nobody knows %s", match[1])
		}
	}
	program, err := exec.LookPath("systemd-analyze")
	if err != nil {
		servers.Need(t, servers.ErrMissing)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "mana.service")
	if err := os.WriteFile(unit, bytes.Replace(content, []byte("/usr/local/bin/mana serve"), []byte(self), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"verify", "--man=no", unit}, {"security", "--offline=true", "--threshold=20", unit}} {
		if out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil || args[0] == "verify" && len(out) > 0 {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}

// TestDockerfile looks at what the image promises.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"FROM scratch", "USER 65532:65532", "CGO_ENABLED=0", "-trimpath", "-X main.version=${VERSION}", `HEALTHCHECK`, "VOLUME /data",
		"org.opencontainers.image.version", "-buildvcs=false",
	} {
		if !strings.Contains(string(content), want) {
			t.Errorf("got no %q", want)
		}
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\S+)$`).FindSubmatch(mod)[1]
	if !strings.Contains(string(content), "FROM golang:"+string(version)+"-") {
		t.Errorf("got another Go than %s of go.mod", version)
	}
}

// dashboards reads the dashboards by file name.
func dashboards(t *testing.T) map[string]dashboard {
	t.Helper()
	files, err := filepath.Glob("deploy/grafana/dashboards/*.json")
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]dashboard)
	for _, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var d dashboard
		if err := json.Unmarshal(content, &d); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		found[strings.TrimSuffix(filepath.Base(path), ".json")] = d
	}
	return found
}

// dashboard is what we read of one.
type dashboard struct {
	UID, Title string
	Editable   bool
	Panels     []struct {
		ID         int
		Title      string
		Datasource struct{ UID string }
		Targets    []struct{ Expr, LegendFormat string }
		GridPos    struct{ X, Y, W, H int }
	}
}
