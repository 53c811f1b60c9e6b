package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"mana/migrations"
)

// shownVersion is what this program is.
type shownVersion struct {
	Version string   `json:"version"`
	Commit  string   `json:"commit,omitempty"` // where it was built from a repository
	Changed bool     `json:"changed,omitempty"`
	Go      string   `json:"go"`
	System  string   `json:"system"`
	Engines []string `json:"engines"`
	Schema  int      `json:"schema"` // the newest migration that it knows
	Tags    string   `json:"tags,omitempty"`
}

func newVersion() *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "version", Short: "Tell which program this is", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			shown, err := thisVersion()
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(shown)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "mana %s %s, %s, %s, schema %d\n", shown.Version, shown.Commit, shown.Go, shown.System, shown.Schema)
			return err
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}

func thisVersion() (shownVersion, error) {
	steps, err := migrations.SQLite()
	if err != nil {
		return shownVersion{}, err
	}
	shown := shownVersion{
		Version: version, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
		Engines: []string{"sqlite", "postgres"}, Schema: len(steps),
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				shown.Commit = s.Value
			case "vcs.modified":
				shown.Changed = s.Value == "true"
			case "-tags":
				shown.Tags = s.Value
			}
		}
	}
	return shown, nil
}
