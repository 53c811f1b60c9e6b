package main

import (
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
	command.AddCommand(newMigrateUp(environ), newMigrateStatus(environ), newMigrateImport(environ))
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
			place := cfg.database()
			if storage.IsPostgres(place) && cfg.directURL != "" {
				place = cfg.directURL
			}
			steps, err := storage.Status(cmd.Context(), place)
			if err != nil {
				return err
			}
			return printSteps(cmd, steps, asJSON)
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print a JSON list")
	return command
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
