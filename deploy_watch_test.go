package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mana/storage/servers"
)

// alertRules is what we read of deploy/prometheus/alerts.yaml.
type alertRules struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert, Expr, For    string
			Labels, Annotations map[string]string
		}
	}
}

// promtool runs Prometheus' own checker, and gives what it says.
func promtool(t *testing.T, args ...string) string {
	t.Helper()
	program, err := exec.LookPath("promtool")
	if err != nil {
		servers.Need(t, fmt.Errorf("promtool: %w", servers.ErrMissing))
	}
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	if err != nil {
		t.Errorf("promtool %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// TestAlerts has Prometheus check its files and run the rules over histories, and looks for a runbook for each alert.
func TestAlerts(t *testing.T) {
	t.Parallel()
	var rules alertRules
	readYAML(t, "deploy/prometheus/alerts.yaml", &rules)
	manual, err := os.ReadFile("deploy/docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	headings := make(map[string]bool)
	for _, match := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(manual), -1) {
		anchor := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(match[1]), "")
		headings[strings.ReplaceAll(anchor, " ", "-")] = true
	}
	for _, r := range rules.Groups[0].Rules {
		anchor, ok := strings.CutPrefix(r.Annotations["runbook"], "docs/operations.md#")
		if !ok || !headings[anchor] {
			t.Errorf("%s: got runbook %q, want a heading of the operations guide", r.Alert, r.Annotations["runbook"])
		}
		if !strings.Contains(string(manual), "`"+r.Alert+"`") {
			t.Errorf("%s: the operations guide does not name it", r.Alert)
		}
		if r.Labels["severity"] != "page" && r.Labels["severity"] != "warn" || r.Annotations["summary"] == "" {
			t.Errorf("%s: got %v %v", r.Alert, r.Labels, r.Annotations)
		}
	}
	promtool(t, "check", "config", "deploy/prometheus/prometheus.yml")
	if got := promtool(t, "check", "rules", "deploy/prometheus/alerts.yaml"); !strings.Contains(got, strconv.Itoa(len(rules.Groups[0].Rules))+" rules found") {
		t.Errorf("got %s", got)
	}
	promtool(t, "test", "rules", "deploy/prometheus/alerts_test.yaml")
}

// series is what is known of one metric: its labels, and for a label the values that were seen.
type series map[string]map[string]bool

// TestWatched compares every expression of dashboards and alerts with what a started program counts and what its sources
// declare: names, labels and values of labels. It lists what is counted and nobody looks at.
func TestWatched(t *testing.T) {
	t.Parallel()
	expressions := make(map[string]string)
	for name, d := range dashboards(t) {
		if d.UID != "mana-"+name || d.Editable || d.Title == "" {
			t.Errorf("%s: got uid %q, editable %v", name, d.UID, d.Editable)
		}
		for _, p := range d.Panels {
			if p.Datasource.UID != "prometheus" || len(p.Targets) == 0 || p.GridPos.X+p.GridPos.W > 24 {
				t.Errorf("%s: %s: got %+v", name, p.Title, p)
			}
			for i, target := range p.Targets {
				expressions[fmt.Sprintf("%s: %s: %d", name, p.Title, i)] = strings.ReplaceAll(target.Expr, "$__rate_interval", "1m")
			}
		}
	}
	if got := slices.Sorted(maps.Keys(dashboards(t))); !slices.Equal(got, []string{"credits", "edge", "overview", "sign-in", "storage", "tokens"}) {
		t.Errorf("got dashboards %v", got)
	}
	checkExpressions(t, expressions)
	var rules alertRules
	readYAML(t, "deploy/prometheus/alerts.yaml", &rules)
	for _, r := range rules.Groups[0].Rules {
		expressions["alert "+r.Alert] = r.Expr
	}
	known := everyMetric(t)
	looked := make(map[string]bool)
	for where, expression := range expressions {
		for metric, labels := range metricsIn(expression) {
			name := baseName(metric, known)
			looked[name] = true
			if known[name] == nil {
				t.Errorf("%s: nobody counts %s", where, metric)
				continue
			}
			for label, values := range labels {
				seen, ok := known[name][label]
				if !ok && label != "job" && label != "instance" {
					t.Errorf("%s: %s has no label %s", where, metric, label)
				}
				for value := range values {
					if label != "job" && len(seen) > 0 && !seen[value] && !strings.Contains(value, "..") {
						t.Errorf("%s: %s{%s} is never %q", where, metric, label, value)
					}
				}
			}
		}
	}
	for name := range known {
		if !looked[name] && !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") && name != "up" {
			t.Logf("nobody looks at %s", name)
		}
	}
}

// checkExpressions has Prometheus parse them.
func checkExpressions(t *testing.T, expressions map[string]string) {
	t.Helper()
	var out strings.Builder
	out.WriteString("groups:\n  - name: dashboards\n    rules:\n")
	for i, where := range slices.Sorted(maps.Keys(expressions)) {
		fmt.Fprintf(&out, "      - { record: 'panel:%d', expr: %s }\n", i, strconv.Quote(expressions[where]))
	}
	path := filepath.Join(t.TempDir(), "dashboards.yaml")
	if err := os.WriteFile(path, []byte(out.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := promtool(t, "check", "rules", path); !strings.Contains(got, strconv.Itoa(len(expressions))+" rules found") {
		t.Errorf("got %s", got)
	}
}

// everyMetric is every metric: those of a program in which something happened, with their values, and those that the sources
// declare, with their labels.
func everyMetric(t *testing.T) map[string]series {
	t.Helper()
	address := "127.0.0.1:" + freePort(t)
	s := start(t, "METRICS_ADDR="+address)
	s.person(t, "ada@example.com")
	for _, path := range []string{"/jwks", "/.well-known/openid-configuration"} {
		s.ask(t, http.MethodGet, path, "")
	}
	s.ask(t, http.MethodPost, "/token", "grant_type=made-up", "Content-Type", "application/x-www-form-urlencoded")
	s.ask(t, http.MethodGet, "/jwks", "", "If-None-Match", s.ask(t, http.MethodGet, "/jwks", "").Header.Get("ETag"))
	text := ""
	eventually(t, "the count of people", func() bool {
		text = metricsOf(t, address)
		return strings.Contains(text, "auth_sessions_active")
	})
	known := declaredMetrics(t)
	known["up"] = series{}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for metric, labels := range metricsIn(line[:strings.LastIndexByte(line, ' ')]) {
			name := baseName(metric, known)
			if known[name] == nil {
				known[name] = series{}
			}
			for label, values := range labels {
				if known[name][label] == nil {
					known[name][label] = make(map[string]bool)
				}
				maps.Copy(known[name][label], values)
			}
		}
	}
	openValues(known)
	return known
}

// openValues forgets the values of labels of which a short life does not see all.
func openValues(known map[string]series) {
	for name, of := range known {
		for label := range of {
			if !slices.Contains([]string{"auth_logins_total result", "auth_refreshes_total result", "job_runs_total result", "keys_age_seconds state", "store_seconds op"}, name+" "+label) {
				of[label] = nil
			}
		}
	}
}

var (
	declaration = regexp.MustCompile(`^([a-z]+_[a-z_]+)(?:\{(.*))?$`)
	labelOf     = regexp.MustCompile(`([a-z]+)=`)
	makers      = regexp.MustCompile(`^(GetOrCreate|New)(PrometheusHistogramExt|PrometheusHistogram|Gauge|Counter)$`)
)

// declaredMetrics reads the sources for what is registered: the first argument of each maker of a metric.
func declaredMetrics(t *testing.T) map[string]series {
	t.Helper()
	known := make(map[string]series)
	err := fs.WalkDir(os.DirFS("."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "node_modules") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			if maker, ok := call.Fun.(*ast.SelectorExpr); !ok || !makers.MatchString(maker.Sel.Name) {
				return true
			}
			ast.Inspect(call.Args[0], func(n ast.Node) bool {
				literal, ok := n.(*ast.BasicLit)
				if !ok || literal.Kind != token.STRING {
					return true
				}
				text, _ := strconv.Unquote(literal.Value)
				if found := declaration.FindStringSubmatch(text); found != nil {
					if known[found[1]] == nil {
						known[found[1]] = series{}
					}
					for _, label := range labelOf.FindAllStringSubmatch(found[2], -1) {
						known[found[1]][label[1]] = nil
					}
				}
				return true
			})
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(known) < 25 {
		t.Fatalf("got %d metrics in the sources", len(known))
	}
	return known
}

// baseName is the name of a histogram without the endings of its series.
func baseName(metric string, known map[string]series) string {
	for _, end := range []string{"_bucket", "_sum", "_count"} {
		if base, ok := strings.CutSuffix(metric, end); ok && known[base] != nil {
			return base
		}
	}
	return metric
}

var (
	grouping = regexp.MustCompile(`\b(by|on|without|ignoring|group_left|group_right) \([^)]*\)`)
	selector = regexp.MustCompile(`([a-z_][a-z0-9_]*)(\{[^}]*\})?`)
	matcher  = regexp.MustCompile(`([a-z_]+)(=~|!~|!=|=)"([^"]*)"`)
)

// metricsIn finds the metrics of an expression, with the labels that it selects by and their values.
func metricsIn(expression string) map[string]map[string]map[string]bool {
	found := make(map[string]map[string]map[string]bool)
	expression = grouping.ReplaceAllString(expression, "")
	for _, at := range selector.FindAllStringSubmatchIndex(expression, -1) {
		name := expression[at[2]:at[3]]
		if rest := expression[at[1]:]; strings.HasPrefix(rest, "(") || strings.HasPrefix(rest, " (") || !strings.Contains(name, "_") && name != "up" {
			continue // a function or a keyword
		}
		if found[name] == nil {
			found[name] = make(map[string]map[string]bool)
		}
		if at[4] < 0 {
			continue
		}
		for _, m := range matcher.FindAllStringSubmatch(expression[at[4]:at[5]], -1) {
			if found[name][m[1]] == nil {
				found[name][m[1]] = make(map[string]bool)
			}
			for value := range strings.SplitSeq(m[3], "|") {
				found[name][m[1]][value] = true
			}
		}
	}
	return found
}
