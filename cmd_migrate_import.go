package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"mana/storage"
)

func newMigrateImport(environ []string) *cobra.Command {
	var from, to string
	var quiet, asJSON bool
	command := &cobra.Command{
		Use: "import --from sqlite:FILE [--to postgres://…]", Short: "Move an installation from SQLite to PostgreSQL",
		Long: "Copies every table of a SQLite file into a PostgreSQL database that holds nobody yet, and compares\n" +
			"every row and the digest of every wallet. The schema is brought up to date first, by DATABASE_DIRECT_URL.\n" +
			"Stop the server before. A copy that was interrupted goes on where it stopped when the same command is given\n" +
			"again. The file is not changed; take the master key along.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadSettings(environ)
			if err != nil {
				return err
			}
			if to == "" {
				to = cfg.database()
			}
			file, ok := strings.CutPrefix(from, "sqlite:")
			switch {
			case !ok || file == "":
				return usageError{errors.New("--from must be sqlite: and a file")}
			case !storage.IsPostgres(to):
				return usageError{errors.New("--to, or else DATABASE_URL, must be the URL of a PostgreSQL")}
			case cfg.refusesPlain() && plain(to):
				return usageError{errors.New("--to must be reached by TLS, or ALLOW_PLAIN_STORES=database set")}
			case cfg.directURL == "":
				return &configError{[]settingFault{{"DATABASE_DIRECT_URL", "not set: the copy is made by the role that owns the schema"}}}
			}
			m := moving{cmd: cmd, file: file, to: to, direct: cfg.directURL, quiet: quiet, json: asJSON}
			return m.run()
		},
	}
	command.Flags().StringVar(&from, "from", "", "sqlite: and the file to move")
	command.Flags().StringVar(&to, "to", "", "URL of the program's role on PostgreSQL (default DATABASE_URL)")
	command.Flags().BoolVar(&quiet, "quiet", false, "show no progress")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}

// moving is one import.
type moving struct {
	cmd              *cobra.Command
	file, to, direct string
	quiet, json      bool
}

// shownMove is what an import moved, as the command line shows it.
type shownMove struct {
	Rows    map[string]int64 `json:"rows"` // by table
	Wallets int64            `json:"wallets"`
}

func (m *moving) run() error {
	ctx := m.cmd.Context()
	if _, err := os.Stat(m.file); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", m.file, errNotFound)
	}
	lock, err := lockData(m.file)
	if err != nil {
		return fmt.Errorf("a server still runs on %s: stop it first", m.file)
	}
	defer func() { _ = lock.Close() }() // the lock ends with the process in any case
	for _, place := range []string{m.file, m.to} {
		if _, err := storage.Migrate(ctx, place, m.direct); err != nil {
			return err
		}
	}
	shown, tables, err := m.move()
	switch {
	case errors.Is(err, storage.ErrNotEmpty):
		return fmt.Errorf("%w: %w", errRefused, err)
	case errors.Is(err, storage.ErrDifferent):
		return fmt.Errorf("%w: %w. Was the file written to since the import began? Drop the schemas auth and credits in the target, and begin anew", errProblem, err)
	case err != nil:
		return fmt.Errorf("%w; give the same command again to go on", err)
	}
	return m.print(shown, tables)
}

// move copies, compares everything, and opens the target at last.
func (m *moving) move() (shownMove, []storage.Copied, error) {
	ctx, shown := m.cmd.Context(), shownMove{Rows: make(map[string]int64)}
	bar := func(what string, total int64) *progress {
		return newProgress(m.cmd.ErrOrStderr(), what, total, m.quiet)
	}
	copied := bar("copying rows", 0)
	err := storage.Copy(ctx, m.file, m.to, m.direct, copied.of)
	copied.end()
	if err != nil {
		return shown, nil, err
	}
	compared := bar("comparing rows", 0)
	tables, err := storage.CompareRows(ctx, m.file, m.direct, compared.of)
	compared.end()
	if err != nil {
		return shown, nil, err
	}
	for _, table := range tables {
		shown.Rows[table.Table] = table.Rows
	}
	wallets := bar("comparing wallets", shown.Rows["credits_balances"])
	shown.Wallets, err = storage.CompareWallets(ctx, m.file, m.to, wallets.at)
	wallets.end()
	if err != nil {
		return shown, nil, err
	}
	return shown, tables, storage.EndCopy(ctx, m.direct)
}

func (m *moving) print(shown shownMove, tables []storage.Copied) error {
	out := m.cmd.OutOrStdout()
	if m.json {
		return json.NewEncoder(out).Encode(shown)
	}
	for _, table := range tables {
		fmt.Fprintf(out, "%10d  %s\n", table.Rows, table.Table)
	}
	_, err := fmt.Fprintf(out, "Moved. All rows and the digests of %d wallets are equal. Start the server with DATABASE_URL set.\n", shown.Wallets)
	return err
}
