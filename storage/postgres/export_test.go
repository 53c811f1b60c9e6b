package postgres

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/ledger"
	"mana/migrations"
)

// ExecForTest runs SQL, also several statements, as the program's own role would on its own behalf.
func ExecForTest(ctx context.Context, db *DB, query string) error {
	return execAs(ctx, db, system, query)
}

// ExecAsForTest runs SQL as the program's own role would for a person.
func ExecAsForTest(ctx context.Context, db *DB, person uuid.UUID, query string) error {
	return execAs(ctx, db, user(person), query)
}

func execAs(ctx context.Context, db *DB, as actor, query string) error {
	return db.write(ctx, as, func(t *tx) error {
		_, err := t.conn.Exec(t.ctx, query) // without parameters: the simple protocol
		return err
	})
}

// NumberForTest runs SQL that gives one number.
func NumberForTest(ctx context.Context, db *DB, query string) (int, error) {
	var n int
	err := db.reader(ctx, system)(query).Scan(&n)
	return n, err
}

// PeopleForTest runs SQL that gives ids, for a person.
func PeopleForTest(ctx context.Context, db *DB, person uuid.UUID, query string) (seen []uuid.UUID, err error) {
	err = db.read(ctx, user(person), query, func(rows pgx.Rows) (err error) {
		seen, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		return err
	})
	return seen, err
}

// RulesForTest lists what the rules of the database are, and what this program believes that they are.
func RulesForTest(ctx context.Context, db *DB) (stored, known []string, err error) {
	s, err := db.structure(ctx)
	return slices.Sorted(maps.Keys(s.rules)), strings.Split(strings.TrimSuffix(ruleNames, "\n"), "\n"), err
}

// OpenStepsForTest is [Open] by the program of another release.
func OpenStepsForTest(ctx context.Context, cfg Config, steps []migrations.Migration) (*DB, error) {
	cfg.steps = steps
	return Open(ctx, cfg)
}

// CountsForTest tell how commands of the ledger ended.
func CountsForTest(db *DB) *Counts { return &db.committer.Counts }

// ChooseForTest tells how many of the commands that wait, by what they want, are one batch.
func ChooseForTest(waiting []ledger.Wants) (now, later []ledger.Wants) {
	var commands []*command
	for _, w := range waiting {
		commands = append(commands, newCommand(w, nil))
	}
	wants := func(c *command) ledger.Wants { return c.wants }
	chosen, rest := choose(commands)
	return column(chosen, wants), column(rest, wants)
}

// QueuedForTest tells how many commands of the ledger wait.
func QueuedForTest(db *DB) (n int) {
	for _, lane := range db.committer.lanes {
		n += len(lane.queue)
	}
	return n
}

// Pulse is pulse for tests.
type Pulse struct{ *pulse }

// NewPulse is newPulse with what it asks.
func NewPulse(ask func(context.Context) error) Pulse {
	p := newPulse(slog.New(slog.DiscardHandler))
	p.ask = ask
	return Pulse{p}
}

// Beat is beat, and away.
func (p Pulse) Beat(ctx context.Context) error {
	p.beat(ctx)
	return p.away()
}

// Hear has a connection hear something.
func (p Pulse) Hear(message string) {
	_, _ = ear{strings.NewReader(message), p.pulse}.Read(make([]byte, len(message)))
}

// Turns is turns for tests.
type Turns struct{ turns }

// Run is run.
func (t *Turns) Run(ctx context.Context, key string, f func() error) error { return t.run(ctx, key, f) }

// Keys is how many keys are in use.
func (t *Turns) Keys() int { return len(t.of) }
