package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"mana/keys"
	"mana/ledger/stripe"
	"mana/storage"
	"mana/storage/postgres"
	"mana/storage/sqlite"
	"mana/storage/valkey"
	"mana/web/mail"
)

// clockApart is how far two clocks may be apart.
const clockApart = 60 * time.Second

// checkDatabase looks at the way to the database, then at what is in it.
func (d *doctor) checkDatabase(ctx context.Context) {
	if storage.IsPostgres(d.cfg.database()) && !d.checkWay(ctx) || !d.checkSchema(ctx) {
		return
	}
	const check = "database"
	db, err := openQuietly(ctx, d.cfg)
	if errors.Is(err, postgres.ErrRole) {
		d.problem(check, err.Error(), "let DATABASE_URL name the role that deploy/postgres/roles.sql makes for the program")
		return
	}
	if err != nil {
		d.problem(check, err.Error(), "")
		return
	}
	defer func() { _ = db.Close() }() // nothing was written
	if err := db.Ping(ctx); err != nil {
		d.problem(check, err.Error(), "look at its disk, and whether it is a standby")
		return
	}
	risks, err := db.Risks(ctx)
	if err != nil || len(risks) > 0 {
		d.graver(check, "may lose what it has committed ("+strings.Join(risks, ", ")+")", "turn these settings of PostgreSQL on again")
	}
	d.ok(check, d.cfg.shownDatabase()+" takes writes")
	d.stored = true
	d.checkContent(ctx, db)
}

// checkContent looks at keys, people and wallets.
func (d *doctor) checkContent(ctx context.Context, db *storage.DB) {
	d.checkKeys(ctx, db)
	found, err := db.Identity().HasAdministrator(ctx)
	switch {
	case err != nil:
		d.problem("administrator", err.Error(), "")
	case !found:
		d.graver("administrator", "there is none yet", "mana setup-link")
	default:
		d.ok("administrator", "there is one")
	}
	frozen, err := db.Ledger().FrozenWallets(ctx, 1)
	switch {
	case err != nil:
		d.problem("ledger", err.Error(), "")
	case len(frozen) > 0:
		d.problem("ledger", "wallet "+frozen[0].String()+" is frozen, since it did not add up", "mana credits verify")
	default:
		d.ok("ledger", "no wallet is frozen")
	}
}

// checkKeys opens the signing keys and looks at their age.
func (d *doctor) checkKeys(ctx context.Context, db *storage.DB) {
	const check = "keys"
	stored, err := db.Keys().SigningKeys(ctx)
	if err != nil {
		d.problem(check, err.Error(), "")
		return
	}
	if err := d.cfg.checkMasterKey(ctx, db.Keys()); err != nil {
		d.problem(check, err.Error(), "give the master key that they were sealed with")
		return
	}
	active := 0
	for _, k := range stored {
		if k.State != keys.Active {
			continue
		}
		active++
		if age := time.Since(k.ActivatedAt); d.cfg.keyRotation > 0 && age > d.cfg.keyRotation+keys.PendingFor {
			d.note(check, fmt.Sprintf("%s signs since %s, which is longer than KEY_ROTATION", k.Algorithm, k.ActivatedAt.Format(time.DateOnly)), "mana keys rotate")
		}
	}
	if active == 0 {
		d.note(check, "there are none yet", "serve makes them")
		return
	}
	d.ok(check, fmt.Sprintf("%d sign, and the master key opens all", active))
}

// checkKeySet holds the keys that apps see against those of the database.
func (d *doctor) checkKeySet(ctx context.Context, seen jose.JSONWebKeySet) {
	const check = "ISSUER"
	if !d.stored { // opening it would make one
		return
	}
	db, err := openQuietly(ctx, d.cfg)
	if err != nil {
		return // said already
	}
	defer func() { _ = db.Close() }() // nothing was written
	stored, err := db.Keys().SigningKeys(ctx)
	if err != nil {
		return
	}
	for _, k := range stored {
		if k.State == keys.Active && len(seen.Key(k.ID)) == 0 {
			d.problem(check, "its key set lacks "+k.ID+", which signs here", "another installation answers there, or a cache is in the way: lead it here")
			return
		}
	}
	d.ok(check, d.cfg.issuer.String()+" serves our document and our keys")
}

// checkWay looks at PostgreSQL, its clock and what stands before it. It reports whether it can be used.
func (d *doctor) checkWay(ctx context.Context) bool {
	const check = "DATABASE_URL"
	view, err := postgres.Look(ctx, d.cfg.database())
	if err != nil {
		d.problem(check, reason(err), "start PostgreSQL, and look at host, port, role and password")
		return false
	}
	if view.Ahead.Abs() > clockApart {
		d.problem("clock", fmt.Sprintf("the database's is %s from ours", view.Ahead.Round(time.Second)), "set both machines by NTP")
	}
	switch {
	case view.Mode == postgres.PoolStatement:
		d.problem(check, "PgBouncer pools statements, so that no transaction is possible", "set pool_mode = transaction in pgbouncer.ini")
		return false
	case view.Refuses:
		d.problem(check, "asks for cache_statement, and the pooler forgets prepared statements",
			"take default_query_exec_mode=cache_statement out of the URL, or run PgBouncer 1.21 or newer with max_prepared_statements")
	case view.Mode == postgres.PoolSession:
		d.problem(check, "the pooler gives each connection one of the server's for itself", "set pool_mode = transaction in pgbouncer.ini")
	default:
		d.ok(check, "PostgreSQL "+view.Version+", clocks agree")
	}
	d.checkDirect(ctx, view)
	return true
}

// checkDirect looks at the owner's way to the database.
func (d *doctor) checkDirect(ctx context.Context, ours postgres.View) {
	const check = "DATABASE_DIRECT_URL"
	if d.cfg.directURL == "" {
		d.note(check, "not set", "commands that change the schema and back up need it")
		return
	}
	view, err := postgres.Look(ctx, d.cfg.directURL)
	switch {
	case err != nil:
		d.problem(check, reason(err), "look at host, port, role and password of the owner")
	case view.Pooled && view.Mode != postgres.PoolSession:
		d.problem(check, "leads to a pooler, which loses the lock of migrations", "name PostgreSQL itself")
	case view.Identity != ours.Identity:
		d.problem(check, "leads to another database than DATABASE_URL", "name the same host and database in both")
	default:
		d.ok(check, "leads to the same database")
	}
}

// checkSchema compares the schema with what this program knows. It reports whether there is one to look into.
func (d *doctor) checkSchema(ctx context.Context) bool {
	const check = "schema"
	steps, err := d.cfg.migrationStatus(ctx)
	if errors.Is(err, sqlite.ErrSchema) || errors.Is(err, postgres.ErrSchema) {
		d.problem(check, err.Error(), "run the newer program, or restore the backup from before its migration")
		return false
	}
	if err != nil {
		cure := "look at the log of the database"
		if !storage.IsPostgres(d.cfg.database()) {
			cure = "the file is damaged, or of another program: move it away, and mana restore the last backup"
		}
		d.problem(check, err.Error(), cure)
		return false
	}
	missing := 0
	for _, step := range steps {
		if step.AppliedAt.IsZero() {
			missing++
		}
	}
	text := fmt.Sprintf("%d of %d migrations are missing", missing, len(steps))
	switch {
	case missing == 0:
		d.ok(check, fmt.Sprintf("has all %d migrations", len(steps)))
	case storage.IsPostgres(d.cfg.database()) && d.cfg.migrateBy == "off":
		d.problem(check, text, "mana migrate up")
	default:
		d.note(check, text, "serve applies them at its start")
	}
	return missing == 0
}

// checkValkey looks at what several processes share.
func (d *doctor) checkValkey(ctx context.Context) {
	const check = "VALKEY_URL"
	if d.cfg.valkey == nil {
		return
	}
	view, err := valkey.Look(ctx, *d.cfg.valkey)
	if err != nil {
		d.problem(check, reason(err), "start Valkey, and look at host, port, user and password; until then each process counts for itself")
		return
	}
	switch {
	case view.Policy != "" && view.Policy != "noeviction":
		d.problem(check, "gives up values when its memory is full ("+view.Policy+")", "set maxmemory-policy noeviction")
	case !d.cfg.valkey.HasPassword():
		d.graver(check, "has no password", "set requirepass or a user in Valkey, and name it in VALKEY_URL")
	case view.Policy == "":
		d.ok(check, d.cfg.valkey.String()+" answers; this user may not ask whether it gives up values (maxmemory-policy)")
	default:
		d.ok(check, d.cfg.valkey.String()+" answers and gives up no values, version "+view.Version)
	}
}

// checkMail signs in to the mail server.
func (d *doctor) checkMail(ctx context.Context) {
	const check = "SMTP_HOST"
	if d.cfg.smtp.Host == "" {
		return // which the settings say
	}
	server := d.cfg.sender()
	if err := server.Check(ctx); err != nil {
		d.problem(check, fmt.Sprintf("%s:%d refuses: %s", server.Host, server.Port, reason(err)), "look at SMTP_PORT, SMTP_USER, SMTP_PASSWORD and the server's certificate")
		return
	}
	d.ok(check, fmt.Sprintf("%s:%d lets us in", server.Host, server.Port))
	if !d.online {
		return
	}
	if err := server.Send(ctx, testMail(d.cfg)); err != nil {
		d.problem(check, "took no test mail: "+reason(err), "let it send as "+server.From)
		return
	}
	d.ok(check, "took a test mail to "+server.From)
}

// testMail is one to the operator.
func testMail(c *config) mail.Message {
	text := "This mail was sent by mana doctor --online of " + c.issuer.String() + "."
	return mail.Message{
		ID: "doctor-" + uuid.NewString() + "@" + c.issuer.Hostname(), To: c.smtp.From, Subject: c.brand + ": test", Text: text, HTML: "<p>" + html.EscapeString(text) + "</p>",
	}
}

// stripeHookPath is where Stripe's events arrive.
const stripeHookPath = "/api/v1/webhooks/stripe"

// checkStripe asks Stripe where it sends the events of the mode of our key.
func (d *doctor) checkStripe(ctx context.Context) {
	const check = "STRIPE_SECRET_KEY"
	if d.cfg.stripeKey == "" {
		return
	}
	mode := "test"
	if d.cfg.stripeKey.Live() {
		mode = "live"
	}
	to := d.cfg.issuer.String() + stripeHookPath
	endpoints, err := stripe.Endpoints(ctx, d.cfg.stripeKey, d.cfg.stripeURL)
	if err != nil {
		d.problem(check, err.Error(), "look at the key, which must be allowed to read webhook endpoints, and at the way to api.stripe.com")
		return
	}
	for _, e := range endpoints {
		switch {
		case e.URL != to:
			continue
		case !e.Enabled:
			d.problem(check, "Stripe's endpoint for "+to+" is disabled", "enable it in Stripe's dashboard")
		case len(e.Missing) > 0:
			d.problem(check, "Stripe's endpoint does not send "+strings.Join(e.Missing, ", "), "add these events in Stripe's dashboard")
		default:
			d.ok(check, "Stripe sends the events of "+mode+" mode here")
			if e.Version != stripe.APIVersion {
				d.note(check, "Stripe's endpoint sends events of version "+e.Version, "they are read all the same; "+stripe.APIVersion+" is the one that is tested")
			}
		}
		return
	}
	d.problem(check, "no endpoint of "+mode+" mode leads to "+to+": payments would not be booked",
		"add one in Stripe's dashboard in "+mode+" mode, or use the key of the mode that STRIPE_WEBHOOK_SECRET is of")
}
