package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"mana/migrations"
	"mana/storage"
)

func newMigrate(environ []string) *cobra.Command {
	command := &cobra.Command{Use: "migrate", Short: "Bring the schema of the database up to date"}
	command.AddCommand(newMigrateUp(environ), newMigrateStatus(environ), newMigratePlan(environ), newMigrateImport(environ))
	return command
}

// loadSettings reads what commands need of the environment. Only the server migrates by itself.
func loadSettings(environ []string) (*config, error) {
	environ, err := withDotEnv(environ)
	if err != nil {
		return nil, err
	}
	return loadConfig(notMigrating(environ), false)
}

// notMigrating is the environment of a command: it needs no role that owns the schema.
func notMigrating(environ []string) []string { return append(slices.Clip(environ), "MIGRATE=off") }

func newMigrateUp(environ []string) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "up", Short: "Apply the migrations that are missing; on PostgreSQL by DATABASE_DIRECT_URL", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadSettings(environ)
			if err != nil {
				return err
			}
			if storage.IsPostgres(cfg.database()) && cfg.directURL == "" {
				return &configError{[]settingFault{{"DATABASE_DIRECT_URL", "not set: migrations run as the role that owns the schema"}}}
			}
			applied, err := storage.Migrate(cmd.Context(), cfg.database(), cfg.directURL)
			if err != nil {
				return err
			}
			if asJSON {
				return printSteps(cmd, applied, asJSON)
			}
			for _, step := range applied {
				fmt.Fprintln(cmd.OutOrStdout(), "applied", step.Name)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "The schema is up to date.")
			return err
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print what was applied as a JSON list")
	return command
}

func newMigrateStatus(environ []string) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "status", Short: "List the migrations, and when the database got them", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadSettings(environ)
			if err != nil {
				return err
			}
			steps, err := cfg.migrationStatus(cmd.Context())
			if err != nil {
				return err
			}
			return printSteps(cmd, steps, asJSON)
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print a JSON list")
	return command
}

// migrationStatus lists the migrations; on PostgreSQL as the role that owns the schema, if it is known.
func (c *config) migrationStatus(ctx context.Context) ([]migrations.Step, error) {
	place := c.database()
	if storage.IsPostgres(place) && c.directURL != "" {
		place = c.directURL
	}
	return storage.Status(ctx, place)
}

// plannedStep is a migration that is missing.
type plannedStep struct {
	Version int    `json:"version"`
	Name    string `json:"name"`
	SQL     string `json:"sql"`
}

func newMigratePlan(environ []string) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "plan", Short: "Print the SQL of the migrations that are missing, and run none", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadSettings(environ)
			if err != nil {
				return err
			}
			status, err := cfg.migrationStatus(cmd.Context())
			if err != nil {
				return err
			}
			steps, err := migrations.SQLite()
			if storage.IsPostgres(cfg.database()) {
				steps, err = migrations.Postgres()
			}
			if err != nil {
				return err
			}
			planned := []plannedStep{}
			for i, step := range status {
				if step.AppliedAt.IsZero() {
					planned = append(planned, plannedStep{step.Version, step.Name, steps[i].SQL})
				}
			}
			return printPlan(cmd, planned, asJSON)
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print a JSON list")
	return command
}

func printPlan(cmd *cobra.Command, planned []plannedStep, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(planned)
	}
	for _, step := range planned {
		fmt.Fprintf(cmd.OutOrStdout(), "-- %s\n%s\n", step.Name, step.SQL)
	}
	if len(planned) == 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), "The schema is up to date.")
	}
	return nil
}

// shownStep is a migration as the command line shows one.
type shownStep struct {
	Version   int        `json:"version"`
	Name      string     `json:"name"`
	AppliedAt *time.Time `json:"applied_at,omitempty"`
}

func printSteps(cmd *cobra.Command, steps []migrations.Step, asJSON bool) error {
	shown := make([]shownStep, len(steps))
	for i, step := range steps {
		shown[i] = shownStep{Version: step.Version, Name: step.Name}
		if !step.AppliedAt.IsZero() {
			shown[i].AppliedAt = &step.AppliedAt
		}
	}
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(shown)
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, step := range shown {
		applied := "missing"
		if step.AppliedAt != nil {
			applied = step.AppliedAt.Format(time.RFC3339)
		}
		fmt.Fprintf(table, "%s\t%s\n", step.Name, applied)
	}
	return table.Flush()
}
