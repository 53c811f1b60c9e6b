package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"mana/keys"
	"mana/storage"
)

func newBackup(environ []string) *cobra.Command {
	b := backup{}
	command := &cobra.Command{
		Use: "backup --to FILE", Short: "Write a snapshot of the database to a file, while the server runs",
		Long: "Writes one consistent snapshot of the database, while the server runs: a SQLite file, or an archive of\n" +
			"pg_dump, made as the role of DATABASE_DIRECT_URL. With --recipient it is sealed with age\n" +
			"(https://age-encryption.org) and can be opened with that recipient's key alone. The master key is not in it:\n" +
			"keep it elsewhere, since without it the signing keys and second factors in the backup are lost.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if b.to == "" {
				return usageError{errors.New("needs --to FILE")}
			}
			for _, name := range b.recipients {
				found, err := age.ParseRecipients(strings.NewReader(name))
				if err != nil {
					return usageError{fmt.Errorf("--recipient %s: %w", name, err)}
				}
				b.sealFor = append(b.sealFor, found...)
			}
			if b.cfg, err = loadSettings(environ); err != nil {
				return err
			}
			if err := b.cfg.needOwner(); err != nil {
				return err
			}
			b.cmd = cmd
			return b.run()
		},
	}
	flags := command.Flags()
	flags.StringVar(&b.to, "to", "", "the file to write; it must not exist yet")
	flags.StringArrayVar(&b.recipients, "recipient", nil, "seal it for this age1… recipient; may be given again")
	flags.BoolVar(&b.quiet, "quiet", false, "show no progress")
	flags.BoolVar(&b.json, "json", false, "print one JSON object")
	return command
}

// needOwner demands the role that owns PostgreSQL's schema.
func (c *config) needOwner() error {
	if storage.IsPostgres(c.database()) && c.directURL == "" {
		return &configError{[]settingFault{{"DATABASE_DIRECT_URL", "not set: this is done as the role that owns the schema"}}}
	}
	return nil
}

// backup is one backup under way.
type backup struct {
	cmd         *cobra.Command
	cfg         *config
	to          string
	recipients  []string
	sealFor     []age.Recipient
	quiet, json bool
}

// shownBackup is what a backup holds, as the command line shows it.
type shownBackup struct {
	File   string           `json:"file"`
	Bytes  int64            `json:"bytes"`
	Sealed bool             `json:"sealed"`
	Rows   map[string]int64 `json:"rows"` // by table
}

// run writes beside the file, which gets its name when all of it is on disk.
func (b *backup) run() (err error) {
	if _, err := os.Lstat(b.to); err == nil {
		return fmt.Errorf("%w: %s exists already", errRefused, b.to)
	}
	part := b.to + ".part"
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("writing the backup: %w", err)
	}
	defer func() { err = errors.Join(err, removeIfThere(part)) }()
	shown := shownBackup{File: b.to, Sealed: len(b.sealFor) > 0}
	if shown.Rows, err = b.write(file); err != nil {
		return errors.Join(err, file.Close())
	}
	info, err := file.Stat()
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("writing the backup: %w", err)
	}
	shown.Bytes = info.Size()
	if err := os.Rename(part, b.to); err != nil {
		return fmt.Errorf("writing the backup: %w", err)
	}
	return b.print(shown)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// write gives the rows of each table.
func (b *backup) write(to io.Writer) (rows map[string]int64, err error) {
	bar := newProgress(b.cmd.ErrOrStderr(), "backing up", 0, b.quiet)
	defer bar.end()
	if len(b.sealFor) == 0 {
		return storage.Backup(b.cmd.Context(), b.cfg.database(), b.cfg.directURL, to, bar.of)
	}
	sealed, err := age.Encrypt(to, b.sealFor...)
	if err != nil {
		return nil, fmt.Errorf("sealing the backup: %w", err)
	}
	if rows, err = storage.Backup(b.cmd.Context(), b.cfg.database(), b.cfg.directURL, sealed, bar.of); err != nil {
		return nil, err
	}
	return rows, sealed.Close()
}

func (b *backup) print(shown shownBackup) error {
	if !shown.Sealed {
		fmt.Fprintln(b.cmd.ErrOrStderr(), "note: it is not sealed: keep it as safe as the database, or give --recipient")
	}
	out := b.cmd.OutOrStdout()
	if b.json {
		return json.NewEncoder(out).Encode(shown)
	}
	_, err := fmt.Fprintf(out, "%s: %d people, %d transactions, %d bytes. Keep the master key elsewhere: it is not in there.\n", shown.File,
		shown.Rows["auth_users"], shown.Rows["credits_transactions"], shown.Bytes)
	return err
}

func newRestore(environ []string) *cobra.Command {
	r := restore{}
	command := &cobra.Command{
		Use: "restore FILE", Short: "Fill an empty store with a backup, and check it",
		Long: "Fills a database that nobody has used yet with a backup of the same engine, as the role of\n" +
			"DATABASE_DIRECT_URL on PostgreSQL. Everybody is signed out: sessions end, and so does whatever may be used\n" +
			"once, such as codes, refresh tokens, links in mails and mails that wait. Then the ledger is recomputed and the master key\n" +
			"tried: exit code 3 if something does not hold. A backup of a newer program is refused.",
		Args: argument("the file of the backup"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if r.cfg, err = loadSettings(environ); err != nil {
				return err
			}
			if err := r.cfg.needOwner(); err != nil {
				return err
			}
			r.cmd, r.from = cmd, args[0]
			return r.run()
		},
	}
	flags := command.Flags()
	flags.StringVar(&r.identity, "identity", "", "file of age keys that opens a sealed backup")
	flags.BoolVar(&r.quiet, "quiet", false, "show no progress")
	flags.BoolVar(&r.json, "json", false, "print one JSON object")
	return command
}

// restore is one restore under way.
type restore struct {
	cmd            *cobra.Command
	cfg            *config
	from, identity string
	quiet, json    bool
}

// shownRestore is what a restore found and did, as the command line shows it.
type shownRestore struct {
	Rows      map[string]int64 `json:"rows"`   // by table, as they are now
	Ended     map[string]int64 `json:"ended"`  // rows that were deleted
	Ledger    shownReport      `json:"ledger"` // as `credits verify` shows it
	KeysFault string           `json:"keys_fault,omitempty"`
}

func (r *restore) run() error {
	file, err := os.Open(r.from)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", r.from, errNotFound)
	}
	if err != nil {
		return fmt.Errorf("reading the backup: %w", err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	if !storage.IsPostgres(r.cfg.database()) {
		lock, err := lockData(r.cfg.database())
		if err != nil {
			return err
		}
		defer func() { _ = lock.Close() }() // the lock ends with the process in any case
	}
	done, err := r.fill(file)
	if errors.Is(err, storage.ErrOccupied) {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	if err != nil {
		return err
	}
	shown := shownRestore{Rows: done.Rows, Ended: done.Voided}
	return r.verify(shown)
}

// fill is the restore itself.
func (r *restore) fill(file *os.File) (storage.Restored, error) {
	info, err := file.Stat()
	if err != nil {
		return storage.Restored{}, fmt.Errorf("reading the backup: %w", err)
	}
	bar := newProgress(r.cmd.ErrOrStderr(), "restoring", info.Size(), r.quiet)
	defer bar.end()
	from, err := r.open(&watched{Reader: file, at: bar.at})
	if err != nil {
		return storage.Restored{}, err
	}
	return storage.Restore(r.cmd.Context(), r.cfg.database(), r.cfg.directURL, from)
}

// watched is a file that tells how far it was read.
type watched struct {
	io.Reader
	done int64
	at   func(done int64)
}

// Read implements [io.Reader].
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	w.done += int64(n)
	w.at(w.done)
	return n, err
}

// open unseals a backup that is sealed.
func (r *restore) open(file io.Reader) (io.Reader, error) {
	const ageHeader = "age-encryption.org/"
	head := make([]byte, len(ageHeader))
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("reading the backup: %w", err)
	}
	whole := io.MultiReader(strings.NewReader(string(head[:n])), file)
	if string(head) != ageHeader {
		return whole, nil
	}
	if r.identity == "" {
		return nil, usageError{errors.New("the backup is sealed: give --identity with the file of the key that opens it")}
	}
	keyFile, err := os.Open(r.identity)
	if err != nil {
		return nil, fmt.Errorf("reading the age key: %w", err)
	}
	defer keyFile.Close() //nolint:errcheck // it was only read
	identities, err := age.ParseIdentities(keyFile)
	if err != nil {
		return nil, fmt.Errorf("reading the age key: %w", err)
	}
	opened, err := age.Decrypt(whole, identities...)
	if err != nil {
		return nil, fmt.Errorf("opening the backup: %w", err)
	}
	return opened, nil
}

// verify recomputes the ledger and tries the master key on what was restored.
func (r *restore) verify(shown shownRestore) (err error) {
	ctx := r.cmd.Context()
	db, err := openQuietly(ctx, r.cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	report, err := verify(r.cmd, db, "", r.quiet)
	if err != nil {
		return err
	}
	shown.Ledger = reportShown(report)
	if err := r.cfg.checkMasterKey(ctx, db.Keys()); err != nil {
		shown.KeysFault = err.Error()
	}
	if err := r.print(shown); err != nil {
		return err
	}
	if n := len(report.Faults); n > 0 {
		return fmt.Errorf("%w: %d in the ledger", errProblem, n)
	}
	if shown.KeysFault != "" {
		return fmt.Errorf("%w: %s", errProblem, shown.KeysFault)
	}
	return nil
}

// checkMasterKey tells why the signing keys of a store cannot be opened.
func (c *config) checkMasterKey(ctx context.Context, store keys.Store) error {
	stored, err := store.SigningKeys(ctx)
	if err != nil || len(stored) == 0 {
		return err
	}
	if path := filepath.Join(c.dataDir, masterKeyFile); c.masterKey == nil {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is missing, which opens the signing keys: put it back, or set MASTER_KEY_FILE", path)
		}
	}
	master, _, err := c.loadMasterKey(ctx, store)
	if err != nil {
		return err
	}
	return keys.Check(master, stored)
}

func (r *restore) print(shown shownRestore) error {
	out := r.cmd.OutOrStdout()
	if r.json {
		return json.NewEncoder(out).Encode(shown)
	}
	var ended int64
	for _, n := range shown.Ended {
		ended += n
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "people\t%d\nwallets\t%d\ntransactions\t%d\n", shown.Rows["auth_users"], shown.Ledger.Wallets, shown.Ledger.Transactions)
	fmt.Fprintf(table, "trial balance\t%s\nfaults\t%d\nended\t%d sessions and single-use rows\n", shown.Ledger.Imbalance, len(shown.Ledger.Faults), ended)
	for _, f := range shown.Ledger.Faults {
		fmt.Fprintf(table, "%s\t%s\t%s\n", f.Invariant, f.Wallet, f.Detail)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, "Restored. Everybody signs in again. What was revoked since the backup is valid again, such as service keys, secrets\n"+
		"of apps, passwords and a leaked signing key: see deploy/docs/backup.md.")
	return err
}
