package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/spf13/cobra"
	"go.opentelemetry.io/otel/trace"

	"mana/keys"
	"mana/ledger"
	"mana/ledger/stripe"
	"mana/provider"
	"mana/storage"
	"mana/storage/postgres"
	"mana/web"
	"mana/web/mail"
	"mana/web/ui"
)

func newServe(own []string) *cobra.Command {
	var anyAddress bool
	var role, origin string
	command := &cobra.Command{
		Use: "serve", Short: "Run the provider", Args: cobra.NoArgs, Long: serveHelp,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if origin != "" {
				own = append(slices.Clone(own), "PRIMARY_URL="+origin)
			}
			environ, err := withDotEnv(own)
			if err != nil {
				return err
			}
			cfg, err := loadConfigAs(role, environ, anyAddress)
			if err != nil {
				return err
			}
			cfg.again = func() (*config, *applyFile, error) { return readSettings(own, role, anyAddress) }
			if cfg.edge {
				return serveEdge(cmd.Context(), cfg, environ, cmd.ErrOrStderr())
			}
			file, err := cfg.readAtStart()
			if err != nil {
				return err
			}
			return serve(cmd.Context(), cfg, environ, file, cmd.ErrOrStderr())
		},
	}
	command.Flags().BoolVar(&anyAddress, "dev", false, "let a loopback issuer listen on all addresses, for a container")
	command.Flags().StringVar(&role, "role", rolePrimary, "primary, or edge: no keys and no database, answers for an origin elsewhere")
	command.Flags().StringVar(&origin, "origin", "", "address of the origin of an edge, instead of PRIMARY_URL")
	return command
}

// errRisk refuses a database that is set for speed.
var errRisk = errors.New("the database may lose what it has committed")

// program is everything that serve starts and stops.
type program struct {
	cfg    *config
	logger *slog.Logger
	text   bool // people read what is said, rather than programs
	unlock func()
	db     *storage.DB
	shared *shared
	site   ui.Site
	server *http.Server
	// Connections are taken by these. The server closes them too.
	listeners []net.Listener
	begin     func(ctx context.Context) // starts what runs beside the requests
	stopping  atomic.Bool
	leaving   atomic.Bool  // connections are told to end with their next answer
	inFlight  atomic.Int64 // requests that handlers are answering
	shop      *stripe.Shop
	failures  atomic.Int64 // requests that failed by our own fault, since they were counted
	jobs      sync.WaitGroup
	runs      runs

	// What is called when another process changed what is kept in memory.
	reloadClients, reloadKeys func(context.Context) error
	forget                    func() // what is kept of access tokens
	ring                      *keys.Ring
	fresh                     bool // a key was made at this start
	serviceKeys               *provider.ServiceKeys

	set     *metrics.Set // what is counted
	metrics net.Listener // nil: none
	traces  trace.TracerProvider
	flush   func(context.Context) error // sends the traces that are left
	credits *ledger.Ledger
	checker *ledger.Checker
	writer  mail.Writer
	reloading
}

// serve runs until ctx ends, then stops in order: readiness, listener, requests, jobs, storage. file is applied
// first; it may be nil.
func serve(ctx context.Context, cfg *config, environ []string, file *applyFile, stderr io.Writer) (err error) {
	begin := time.Now()
	logger, level, text := newLogger(cfg, stderr)
	slog.SetDefault(slog.New(errorOnly{logger.Handler()})) // what libraries say on their own
	limitMemory()
	listeners, err := listen(cfg)
	if err != nil {
		return err
	}
	defer closeAll(listeners)
	p := &program{cfg: cfg, logger: logger, text: text, listeners: listeners}
	defer p.hear(cfg, level)()
	p.begin = func(ctx context.Context) {
		p.startJobs(ctx)
		p.jobs.Go(func() { p.reload(ctx) })
	}
	if p.metrics, err = p.listenMetrics(ctx); err != nil {
		return err
	}
	if p.metrics != nil {
		defer func() { _ = p.metrics.Close() }() // its server has closed it already when it ran
	}
	if p.traces, p.flush, err = exportTraces(ctx, cfg, logger); err != nil {
		return err
	}
	if p.site, err = cfg.site(); err != nil {
		return err
	}
	gate := newGate(cfg, p.site, logger)
	p.server = web.Server(p.counted(gate), logger)
	defer func() { _ = p.server.Close() }() // in order already when it ran
	failed := p.accept(listeners)
	var handler http.Handler
	err = p.untilThere(ctx, gate, func() error {
		handler, err = p.open(ctx, file, dialOwn(listeners))
		return err
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if handler == nil {
		return nil // stopped before there was a database
	}
	for _, warning := range append(cfg.warnings(environ), cfg.keyWarnings(p.ring)...) {
		logger.Warn(warning)
	}
	if err := p.banner(ctx, stderr); err != nil {
		return err
	}
	p.say(stderr, "ready", fmt.Sprintf("Ready in %.1f s. Stop with Ctrl-C.", time.Since(begin).Seconds()))
	gate.open(handler)
	return p.run(ctx, failed, stderr)
}

// open opens the storage and builds what answers. After an error nothing is open.
func (p *program) open(ctx context.Context, file *applyFile, own *http.Client) (handler http.Handler, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if p.unlock, err = p.cfg.prepareDatabase(ctx); err != nil {
		return nil, err
	}
	p.set = metrics.NewSet()
	p.countBuild()
	p.runs.set = p.set
	if p.db, err = storage.Open(ctx, p.cfg.database(), p.logger, p.set); err != nil {
		return nil, err
	}
	if err := p.checkRisks(ctx); err != nil {
		return nil, err
	}
	master, made, err := p.cfg.loadMasterKey(ctx, p.db.Keys())
	if err != nil {
		return nil, err
	}
	p.fresh = p.fresh || made
	if p.shared, err = p.cfg.share(master, p.logger, p.set); err != nil {
		return nil, err
	}
	if err := p.applyAtStart(ctx, file); err != nil {
		return nil, err
	}
	if handler, p.ring, err = p.build(ctx, master, own); err != nil {
		return nil, err
	}
	p.fresh = p.fresh || p.ring.Created
	return handler, nil
}

// checkRisks serves nothing from a database that may lose what it has committed, but in dev mode.
func (p *program) checkRisks(ctx context.Context) error {
	risks, err := p.db.Risks(ctx)
	if err != nil || len(risks) == 0 {
		return err
	}
	if !p.cfg.dev {
		return fmt.Errorf("%w: %s", errRisk, strings.Join(risks, ", "))
	}
	p.logger.Warn("the database may lose what it has committed", "settings", strings.Join(risks, ", "))
	return nil
}

// close closes what open has opened.
func (p *program) close() (err error) {
	if p.shared != nil {
		p.shared.close()
	}
	if p.db != nil {
		err = p.db.Close()
	}
	if p.unlock != nil {
		p.unlock()
	}
	p.shared, p.db, p.unlock = nil, nil, nil
	return err
}

// accept serves on all listeners. What ends that before its time is sent.
func (p *program) accept(listeners []net.Listener) <-chan error {
	failed := make(chan error, len(listeners))
	for _, listener := range listeners {
		go func() { failed <- p.server.Serve(listener) }()
	}
	return failed
}

// run serves until ctx ends.
func (p *program) run(ctx context.Context, failed <-chan error, stderr io.Writer) error {
	jobs, stopJobs := context.WithCancel(context.WithoutCancel(ctx))
	defer stopJobs()
	p.begin(jobs)
	debug.FreeOSMemory() // the start needed more than serving does
	giveBackCode()
	select {
	case err := <-failed:
		stopJobs()
		p.jobs.Wait()
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	begin := time.Now()
	p.say(stderr, "stopping", "Stopping …")
	p.stopping.Store(true)
	time.Sleep(p.cfg.drainTime())
	p.leave(min(p.cfg.drainTime(), leaveFor))
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.cfg.shutdownTime())
	defer cancel()
	err := p.shutdown(limit)
	stopJobs()
	p.jobs.Wait()
	p.endTraces(limit)
	if err != nil {
		return fmt.Errorf("waiting for requests: %w", err)
	}
	p.say(stderr, "stopped", fmt.Sprintf("Stopped in %.1f s.", time.Since(begin).Seconds()))
	return nil
}

// leaveFor is how long connections are used up before they are cut.
const leaveFor = time.Second

// leave takes no more connections, so that a proxy finds others to send to, and lets those that are there end with
// their next answer: what a proxy sends on a connection just while that is cut would be lost.
func (p *program) leave(within time.Duration) {
	if within == 0 {
		return
	}
	p.leaving.Store(true)
	closeAll(p.listeners)
	time.Sleep(within)
}

// quietFor is how long no request may run before connections that never sent one are cut. Browsers open
// such connections in advance, and the server would wait seconds for each.
const quietFor = 250 * time.Millisecond

// shutdown closes the listeners and waits for the requests in flight, while ctx lasts.
func (p *program) shutdown(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- p.server.Shutdown(ctx) }()
	ticker := time.NewTicker(quietFor / 5)
	defer ticker.Stop()
	for quiet := 0; ; {
		select {
		case err := <-done:
			return err
		case <-ticker.C:
			if quiet++; p.inFlight.Load() > 0 {
				quiet = 0
			}
			if quiet > 5 {
				return p.server.Close()
			}
		}
	}
}

// counted counts the requests in flight.
func (p *program) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.inFlight.Add(1)
		defer p.inFlight.Add(-1)
		if p.leaving.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// ready says why the program cannot serve.
func (p *program) ready(ctx context.Context) error {
	if p.stopping.Load() {
		return web.ErrStopping
	}
	return p.db.Ping(ctx)
}

// limitMemory lets the garbage collector know the container's limit.
func limitMemory() {
	if limit := memoryLimit(); limit > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit / 10 * 9)
	}
}

// memoryLimit is that of the cgroup in bytes, 0 if there is none.
func memoryLimit() int64 {
	content, err := os.ReadFile("/sys/fs/cgroup/memory.max")
	if err != nil {
		return 0
	}
	limit, err := strconv.ParseInt(strings.TrimSpace(string(content)), 10, 64)
	if err != nil {
		return 0 // "max"
	}
	return limit
}

// hashSlots is how many passwords may be hashed at once.
func (c *config) hashSlots(perHash int64) int {
	budget := c.hashMemory
	if limit := memoryLimit(); budget == 0 && limit > 0 {
		budget = limit / 4
	}
	slots := runtime.GOMAXPROCS(0)
	if budget > 0 {
		slots = min(slots, int(budget/perHash))
	}
	return max(1, slots)
}

func (c *config) drainTime() time.Duration {
	if c.drain >= 0 {
		return c.drain
	}
	if c.dev {
		return 0
	}
	return 5 * time.Second
}

func (c *config) shutdownTime() time.Duration {
	if c.shutdown > 0 {
		return c.shutdown
	}
	if c.dev {
		return 2 * time.Second
	}
	return 20 * time.Second
}

// database is where the data lies: the URL of a PostgreSQL, or the path of a file.
func (c *config) database() string {
	if path, ok := strings.CutPrefix(c.databaseURL, "sqlite:"); ok {
		return path
	}
	if c.databaseURL != "" {
		return c.databaseURL
	}
	return filepath.Join(c.dataDir, "mana.db")
}

// shownDatabase is the same for people and logs, without a password.
func (c *config) shownDatabase() string {
	if target, err := postgres.ParseURL(c.database()); err == nil && storage.IsPostgres(c.database()) {
		return target.String()
	}
	return c.database()
}

// prepareDatabase keeps a second server off a file, and brings the schema of PostgreSQL up to date. The caller
// unlocks at the end.
func (c *config) prepareDatabase(ctx context.Context) (unlock func(), err error) {
	if !storage.IsPostgres(c.database()) {
		lock, err := lockData(c.database())
		if err != nil {
			return nil, err
		}
		return func() { _ = lock.Close() }, nil // the lock ends with the process in any case
	}
	if c.migrateBy == "on" {
		if _, err := storage.Migrate(ctx, c.database(), c.directURL); err != nil {
			return nil, err
		}
	}
	return func() {}, nil
}

// say tells people a sentence, and programs an event.
func (p *program) say(stderr io.Writer, event, sentence string) {
	if p.text {
		fmt.Fprintln(stderr, sentence)
		return
	}
	p.logger.Info(event)
}

// typedCommand is the program as this reader starts it.
func typedCommand() string {
	executable, err := os.Executable()
	if err == nil && strings.Contains(executable, "go-build") {
		return "go run ."
	}
	return os.Args[0]
}

// loadRing opens the signing keys.
func loadRing(ctx context.Context, cfg *config, db *storage.DB, master keys.MasterKey, set *metrics.Set) (*keys.Ring, error) {
	return keys.Load(ctx, keys.Config{
		Metrics: set,
		Store:   db.Keys(), Master: master, Algorithms: cfg.signingAlgs, RSABits: cfg.rsaBits, Rotation: cfg.keyRotation,
		Now: time.Now, Import: cfg.importKey,
	})
}
