package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mana/ledger"
	"mana/provider"
	"mana/storage"
)

func newApply(environ []string) *cobra.Command {
	var path string
	var dryRun, asJSON bool
	command := &cobra.Command{
		Use: "apply -f FILE", Short: "Create or update what a file describes; a second run changes nothing", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if path == "" {
				return usageError{errors.New("needs -f and the file to apply")}
			}
			file, err := readApplyFile(path)
			if err != nil {
				return fmt.Errorf("%w: %w", errProblem, err)
			}
			return withStore(cmd.Context(), environ, func(cfg *config, db *storage.DB) error {
				if err := file.fits(cfg); err != nil {
					return fmt.Errorf("%w: %w", errProblem, err)
				}
				apply := file.apply
				if dryRun {
					apply = file.dryRun
				}
				outcomes, err := apply(cmd.Context(), db, time.Now())
				if err != nil {
					return err
				}
				return printOutcomes(cmd.OutOrStdout(), asJSON, outcomes)
			})
		},
	}
	command.Flags().StringVarP(&path, "file", "f", "", "the file, in YAML")
	command.Flags().BoolVar(&dryRun, "dry-run", false, "print what would change, and change nothing")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	return command
}

// outcome is what became of one object of the file: a client by its id, a service key or a package by its name, or a
// person by address.
type outcome struct {
	ID      string   `json:"client_id,omitempty"`
	Key     string   `json:"service_key,omitempty"`
	Package string   `json:"package,omitempty"`
	Person  string   `json:"person,omitempty"`
	Action  string   `json:"action"`           // created, updated or unchanged; of a person also missing or unproven
	Fields  []string `json:"fields,omitempty"` // that were updated
}

func printOutcomes(out io.Writer, asJSON bool, outcomes []outcome) error {
	if asJSON {
		return printLines(out, outcomes, func(o outcome) outcome { return o })
	}
	for _, o := range outcomes {
		line := o.Action + " " + o.ID
		switch {
		case o.Key != "":
			line = o.Action + " service key " + o.Key
		case o.Package != "":
			line = o.Action + " package " + o.Package
		case o.Person != "":
			line = o.Action + " person " + o.Person
		}
		if len(o.Fields) > 0 {
			line += ": " + strings.Join(o.Fields, ", ")
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}

// apply creates and updates the clients of the file in one transaction, then its service keys in another, then its
// packages, and deletes none; then it gives people their roles.
func (f *applyFile) apply(ctx context.Context, db *storage.DB, now time.Time) ([]outcome, error) {
	var outcomes, ofKeys, ofPackages []outcome
	store := db.Provider()
	err := store.ReviseClients(ctx, applyActor, func(stored map[string]provider.Client) ([]provider.Client, error) {
		var wanted []provider.Client
		wanted, outcomes = f.plan(stored, now)
		return wanted, nil
	})
	if err != nil {
		return nil, fmt.Errorf("applying %s: %w", f.path, err)
	}
	err = store.ReviseServiceKeys(ctx, applyActor, func(stored []provider.ServiceKey) (wanted []provider.ServiceKey, err error) {
		wanted, ofKeys, err = f.planKeys(stored, now)
		return wanted, err
	})
	if err != nil {
		return nil, fmt.Errorf("applying %s: %w", f.path, err)
	}
	err = store.RevisePackages(ctx, applyActor, func(stored []ledger.Package) (wanted []ledger.Package, err error) {
		wanted, ofPackages, err = f.planPackages(stored, now)
		return wanted, err
	})
	if err != nil {
		return nil, fmt.Errorf("applying %s: %w", f.path, err)
	}
	ofPeople, err := f.applyPeople(ctx, db.Identity(), false)
	if err != nil {
		return nil, fmt.Errorf("applying %s: %w", f.path, err)
	}
	return slices.Concat(outcomes, ofKeys, ofPackages, ofPeople), nil
}

// dryRun tells what apply would do.
func (f *applyFile) dryRun(ctx context.Context, db *storage.DB, now time.Time) ([]outcome, error) {
	store := db.Provider()
	clients, err := store.ListClients(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := store.ListServiceKeys(ctx)
	if err != nil {
		return nil, err
	}
	stored := make(map[string]provider.Client, len(clients))
	for _, c := range clients {
		stored[c.ID] = c
	}
	_, outcomes := f.plan(stored, now)
	_, ofKeys, err := f.planKeys(keys, now)
	if err != nil {
		return nil, err
	}
	packages, err := store.ListPackages(ctx)
	if err != nil {
		return nil, err
	}
	_, ofPackages, err := f.planPackages(packages, now)
	if err != nil {
		return nil, err
	}
	ofPeople, err := f.applyPeople(ctx, db.Identity(), true)
	return slices.Concat(outcomes, ofKeys, ofPackages, ofPeople), err
}

// plan is what the clients of the file become beside the stored ones.
func (f *applyFile) plan(stored map[string]provider.Client, now time.Time) ([]provider.Client, []outcome) {
	wanted := make([]provider.Client, len(f.clients))
	outcomes := make([]outcome, len(f.clients))
	for i, described := range f.clients {
		before, exists := stored[described.client.ID]
		after := described.over(before, now)
		wanted[i] = after
		outcomes[i] = outcome{ID: after.ID, Action: "created"}
		if exists {
			outcomes[i].Fields = changedFields(before, after)
			outcomes[i].Action = "updated"
		}
		if exists && len(outcomes[i].Fields) == 0 {
			outcomes[i].Action = "unchanged"
		}
	}
	return wanted, outcomes
}

// over is the described client in place of a stored one, or of none. It keeps what the file does not say:
// the age, whether it is disabled, and the secret before its current one while that is the file's.
func (d describedClient) over(before provider.Client, now time.Time) provider.Client {
	after := d.client
	after.CreatedAt = before.CreatedAt
	if before.ID == "" {
		after.CreatedAt = now.UTC().Truncate(time.Microsecond)
	}
	if d.disabled == nil {
		after.Disabled = before.Disabled
	}
	if !before.Public() && !after.Public() && reflect.DeepEqual(before.Secrets[0], after.Secrets[0]) {
		after.Secrets = before.Secrets
	}
	return after
}

// changedFields names what differs. It never tells a secret.
func changedFields(before, after provider.Client) []string {
	var names []string
	old := fieldsOf(before).rows()
	for i, row := range fieldsOf(after).rows() {
		if row != old[i] {
			names = append(names, row[0])
		}
	}
	if !reflect.DeepEqual(before.Secrets, after.Secrets) {
		names = append(names, "secret")
	}
	return names
}

// readAtStart reads the file that the settings name, and judges it before anything is touched; nil if they name none.
func (c *config) readAtStart() (*applyFile, error) {
	if c.applyFile == "" {
		return nil, nil
	}
	file, err := readApplyFile(c.applyFile)
	if err == nil {
		err = file.fits(c)
	}
	if err != nil {
		return nil, fmt.Errorf("APPLY_FILE: %w", err)
	}
	return file, nil
}

// applyAtStart applies the file that the settings name.
func (p *program) applyAtStart(ctx context.Context, file *applyFile) error {
	if file == nil {
		return nil
	}
	outcomes, err := file.apply(ctx, p.db, time.Now())
	if err != nil {
		return err
	}
	count := make(map[string]int)
	for _, o := range outcomes {
		count[o.Action]++
	}
	p.logger.Info("applied", "created", count["created"], "updated", count["updated"], "unchanged", count["unchanged"],
		"people_missing", count["missing"], "people_unproven", count["unproven"])
	return nil
}
