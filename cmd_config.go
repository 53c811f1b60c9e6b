package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/joho/godotenv"
	"github.com/spf13/cobra"

	"mana/keys"
)

func newConfigCommand(environ []string) *cobra.Command {
	command := &cobra.Command{Use: "config", Short: "Check the settings and make keys"}
	command.AddCommand(
		&cobra.Command{
			Use: "new-key", Short: "Print a new master key: 32 random bytes in base64", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), keys.NewMasterKey().Encode())
				return err
			},
		},
		newConfigCheck(environ), newConfigShow(environ),
		&cobra.Command{
			Use: "env", Short: "Print every setting with its default, as a .env file", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return printSettings(cmd.OutOrStdout()) },
		},
	)
	return command
}

func newConfigCheck(environ []string) *cobra.Command {
	var anyAddress, asJSON bool
	command := &cobra.Command{
		Use: "check", Short: "List everything that is wrong with the settings, and start nothing", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			environ, err := withDotEnv(environ)
			var cfg *config
			if err == nil {
				cfg, err = loadConfig(environ, anyAddress)
			}
			if err == nil {
				_, err = cfg.readAtStart()
			}
			if err != nil {
				return fmt.Errorf("%w: %w", errProblem, err)
			}
			return printChecked(cmd, cfg.warnings(environ), asJSON)
		},
	}
	command.Flags().BoolVar(&anyAddress, "dev", false, "as serve --dev would take them")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}

// shownSetting is a setting as the command line shows it.
type shownSetting struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Source string `json:"source"` // environment, file, .env, default
}

func newConfigShow(environ []string) *cobra.Command {
	var anyAddress, asJSON bool
	command := &cobra.Command{
		Use: "show", Short: "List every setting with its value and where that comes from; secrets are hidden", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := withDotEnv(environ)
			if err != nil {
				return err
			}
			cfg, err := loadConfig(all, anyAddress)
			if err != nil {
				return err
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, s := range cfg.shown(environ, all) {
				if !asJSON {
					fmt.Fprintf(table, "%s\t%s\t%s\n", s.Name, s.Value, s.Source)
				} else if err := json.NewEncoder(cmd.OutOrStdout()).Encode(s); err != nil {
					return err
				}
			}
			return table.Flush()
		},
	}
	command.Flags().BoolVar(&anyAddress, "dev", false, "as serve --dev would take them")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return command
}

// shown lists the settings. own is the environment without the .env file, all is with it.
func (c *config) shown(own, all []string) []shownSetting {
	in := func(environ []string, name string) bool {
		return slices.ContainsFunc(environ, func(entry string) bool {
			value, ok := strings.CutPrefix(entry, name+"=")
			return ok && value != ""
		})
	}
	var list []shownSetting
	for _, s := range settings() {
		value, given := c.set[s.name]
		shown := shownSetting{s.name, value, "default"}
		switch {
		case !given:
			shown.Value = strings.ReplaceAll(s.fallback, "{PORT}", strconv.Itoa(c.port))
		case s.secret && in(all, s.name+"_FILE"):
			shown.Source = "file"
		case in(own, s.name):
			shown.Source = "environment"
		default:
			shown.Source = dotEnv
		}
		if given && s.secret {
			shown.Value = "redacted"
		}
		list = append(list, shown)
	}
	return list
}

// checked is the answer of a check that found nothing wrong.
type checked struct {
	Fine  bool     `json:"fine"`
	Notes []string `json:"notes,omitempty"`
}

// printChecked says that settings are fine, with what is to be noted about them.
func printChecked(cmd *cobra.Command, notes []string, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(checked{Fine: true, Notes: notes})
	}
	for _, note := range notes {
		fmt.Fprintln(cmd.ErrOrStderr(), "note:", note)
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), "The settings are fine.")
	return err
}

// printSettings writes a .env file in which every line but the comments may be taken as it is.
func printSettings(out io.Writer) error {
	for _, s := range settings() {
		meaning := s.meaning
		if s.secret {
			meaning += "; or " + s.name + "_FILE"
		}
		value := strings.ReplaceAll(s.fallback, "{PORT}", strconv.Itoa(defaultPort))
		if _, err := fmt.Fprintf(out, "# %s\n#%s=%s\n", meaning, s.name, value); err != nil {
			return err
		}
	}
	return nil
}

const dotEnv = ".env"

// withDotEnv adds what a .env file in the working folder says and the environment does not.
func withDotEnv(environ []string) ([]string, error) {
	values, err := godotenv.Read(dotEnv)
	if os.IsNotExist(err) {
		return environ, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", dotEnv, err)
	}
	all := slices.Clone(environ)
	for name, value := range values {
		if !slices.ContainsFunc(environ, func(entry string) bool { return strings.HasPrefix(entry, name+"=") }) {
			all = append(all, name+"="+value)
		}
	}
	return all, nil
}

// newHealthcheck asks a running server whether it is ready: for images without a shell.
func newHealthcheck(environ []string) *cobra.Command {
	return &cobra.Command{
		Use: "healthcheck", Short: "Ask the running server whether it is ready", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			environ, err := withDotEnv(environ)
			if err != nil {
				return err
			}
			environ = notMigrating(environ)
			cfg, err := loadConfig(environ, true)
			if err != nil {
				cfg, err = loadConfig(environ, false)
			}
			if edgeConfig, edgeErr := loadConfigAs(roleEdge, environ, true); err != nil && edgeErr == nil {
				cfg, err = edgeConfig, nil
			}
			if err != nil {
				return err
			}
			return askReady(cmd.Context(), cfg.ownAddress())
		},
	}
}

// ownAddress is where a server with these settings is reached from its own machine.
func (c *config) ownAddress() string {
	host, port, err := net.SplitHostPort(c.listen)
	if err != nil {
		host, port = "", strconv.Itoa(c.port)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

func askReady(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/health/ready", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("asking the server: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the server at %s is not ready: %s", address, response.Status)
	}
	return nil
}
