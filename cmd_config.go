package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
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
		&cobra.Command{
			Use: "check", Short: "List everything that is wrong with the settings, and start nothing", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				environ, err := withDotEnv(environ)
				if err == nil {
					_, err = loadConfig(environ, false)
				}
				if err != nil {
					return fmt.Errorf("%w: %w", errProblem, err)
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), "The settings are fine.")
				return err
			},
		},
		&cobra.Command{
			Use: "env", Short: "Print every setting with its default, as a .env file", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				for _, s := range settings() {
					if _, err := fmt.Fprintf(cmd.OutOrStdout(), "# %s\n#%s=%s\n", s.meaning, s.name, s.fallback); err != nil {
						return err
					}
				}
				return nil
			},
		},
	)
	return command
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
			cfg, err := loadConfig(environ, true)
			if err != nil {
				if cfg, err = loadConfig(environ, false); err != nil {
					return err
				}
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), 3*time.Second)
			defer cancel()
			address := net.JoinHostPort("127.0.0.1", strconv.Itoa(cfg.port))
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
				return fmt.Errorf("the server is not ready: %s", response.Status)
			}
			return nil
		},
	}
}
