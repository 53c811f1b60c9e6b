package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"mana/keys"
	"mana/provider/identity"
	"mana/storage"
)

func newKeysCommand(environ []string) *cobra.Command {
	command := &cobra.Command{Use: "keys", Short: "See and change the signing keys"}
	command.AddCommand(newKeysList(environ), newKeysGenerate(), newKeysRotate(environ), newKeysRevoke(environ),
		newKeysExport(environ), newKeysRewrap(environ))
	return command
}

// listedKey is a signing key as the command line shows it.
type listedKey struct {
	ID          string     `json:"kid"`
	Algorithm   string     `json:"alg"`
	State       keys.State `json:"state"`
	CreatedAt   time.Time  `json:"created_at"`
	ActivatesAt time.Time  `json:"activates_at,omitzero"`
	ActivatedAt time.Time  `json:"activated_at,omitzero"`
	RetiredAt   time.Time  `json:"retired_at,omitzero"`
	RemovedAt   time.Time  `json:"removed_at,omitzero"`
	Reason      string     `json:"reason,omitempty"`
}

func listed(k keys.StoredKey) listedKey {
	l := listedKey{
		ID: k.ID, Algorithm: k.Algorithm, State: k.State, CreatedAt: k.CreatedAt,
		ActivatedAt: k.ActivatedAt, RetiredAt: k.RetiredAt, RemovedAt: k.RemovedAt, Reason: k.Reason,
	}
	if k.State == keys.Pending {
		l.ActivatesAt = k.ActivatesAt
	}
	return l
}

// when tells what the state of a key means in time.
func (k listedKey) when() string {
	day := func(t time.Time) string { return t.Format("2006-01-02 15:04 MST") }
	switch k.State {
	case keys.Pending:
		return "signs from " + day(k.ActivatesAt)
	case keys.Active:
		return "signs since " + day(k.ActivatedAt)
	case keys.Retiring:
		return "removed on " + day(k.RetiredAt.Add(keys.RetiringFor))
	}
	if k.Reason != "" {
		return "revoked on " + day(k.RemovedAt) + ": " + k.Reason
	}
	return "removed on " + day(k.RemovedAt)
}

func newKeysList(environ []string) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "list", Short: "List all signing keys ever made", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), environ, func(_ *config, db *storage.DB) error {
				stored, err := db.Keys().SigningKeys(cmd.Context())
				if err != nil {
					return err
				}
				return printKeys(cmd.OutOrStdout(), stored, asJSON)
			})
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return command
}

func printKeys(out io.Writer, stored []keys.StoredKey, asJSON bool) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if !asJSON {
		fmt.Fprintln(table, "KID\tALG\tSTATE\tWHEN")
	}
	for _, k := range stored {
		l := listed(k)
		if !asJSON {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", l.ID, l.Algorithm, l.State, l.when())
			continue
		}
		if err := json.NewEncoder(out).Encode(l); err != nil {
			return err
		}
	}
	return table.Flush()
}

func newKeysGenerate() *cobra.Command {
	var alg string
	var bits int
	command := &cobra.Command{
		Use: "generate", Short: "Print a new private key as PEM, for JWT_PRIVATE_KEY", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if bits != 2048 && bits != 3072 && bits != 4096 {
				return usageError{errors.New("--bits must be 2048, 3072 or 4096")}
			}
			private, err := keys.Generate(alg, bits)
			if err != nil {
				return usageError{err}
			}
			der, err := x509.MarshalPKCS8PrivateKey(private)
			if err != nil {
				return fmt.Errorf("encoding a key: %w", err)
			}
			return pem.Encode(cmd.OutOrStdout(), &pem.Block{Type: "PRIVATE KEY", Bytes: der})
		},
	}
	command.Flags().StringVar(&alg, "alg", keys.RS256, "RS256, PS256, ES256 or EdDSA")
	command.Flags().IntVar(&bits, "bits", 2048, "size of an RSA key")
	return command
}

// withRing opens the signing keys for one command, beside a server that may be running.
func withRing(ctx context.Context, environ []string, f func(*keys.Ring, *storage.DB) error) error {
	return withStore(ctx, environ, func(cfg *config, db *storage.DB) error {
		master, _, err := cfg.loadMasterKey(ctx, db.Keys())
		if err != nil {
			return err
		}
		ring, err := loadRing(ctx, cfg, db, master, nil)
		if err != nil {
			return err
		}
		return f(ring, db)
	})
}

func newKeysRotate(environ []string) *cobra.Command {
	var alg string
	var now, asJSON bool
	command := &cobra.Command{
		Use: "rotate", Short: "Let a new key follow the one that signs", Args: cobra.NoArgs,
		Long: "Publishes a new key at once; it signs after 24 hours, when every app knows it. With --now it signs at\n" +
			"once: apps that keep the key set and do not look again for an unknown key refuse its tokens until they do.\n" +
			"The old key stays published for 30 days, so that its tokens hold; revoke it if it leaked.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withRing(cmd.Context(), environ, func(ring *keys.Ring, db *storage.DB) error {
				next, err := ring.Rotate(cmd.Context(), db.Keys().By(identity.Actor{Name: actorCommand}), alg, now)
				if errors.Is(err, keys.ErrAlgorithm) {
					return usageError{err}
				}
				if err != nil {
					return err
				}
				if now {
					fmt.Fprintln(cmd.ErrOrStderr(), "It signs now. Apps that keep the key set for long may refuse its tokens until they read it again.")
				}
				return printKeys(cmd.OutOrStdout(), []keys.StoredKey{next}, asJSON)
			})
		},
	}
	command.Flags().StringVar(&alg, "alg", keys.RS256, "one of SIGNING_ALGS")
	command.Flags().BoolVar(&now, "now", false, "sign with the new key at once")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}

func newKeysRevoke(environ []string) *cobra.Command {
	var reason string
	var yes, asJSON bool
	command := &cobra.Command{
		Use: "revoke KID", Short: "Remove a key at once: all its tokens are refused", Args: argument("the kid of the key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return usageError{errors.New("needs --reason")}
			}
			question := "All tokens signed by " + args[0] + " are refused from now on. Revoke it?"
			if err := confirm(cmd, yes, question); err != nil {
				return err
			}
			return withRing(cmd.Context(), environ, func(ring *keys.Ring, db *storage.DB) error {
				if err := ring.Revoke(cmd.Context(), db.Keys().By(identity.Actor{Name: actorCommand}), args[0], reason); err != nil {
					return err
				}
				stored, err := db.Keys().SigningKeys(cmd.Context())
				if err != nil {
					return err
				}
				return printKeys(cmd.OutOrStdout(), stored, asJSON)
			})
		},
	}
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; a kid that begins with - comes last, after --", err)}
	})
	command.Flags().StringVar(&reason, "reason", "", "why; it is kept with the key")
	command.Flags().BoolVar(&yes, "yes", false, "do not ask")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return command
}
