package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"mana/keys"
	"mana/provider/identity"
	"mana/storage"
)

func newKeysExport(environ []string) *cobra.Command {
	return &cobra.Command{
		Use: "export", Short: "Print the public keys as the key set that apps read", Args: cobra.NoArgs,
		Long: "Prints what /jwks answers: the public halves of all keys that are published. Private keys leave the database\n" +
			"in no form but its backup, sealed.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withRing(cmd.Context(), environ, func(ring *keys.Ring, _ *storage.DB) error {
				var set bytes.Buffer
				if err := json.Indent(&set, ring.JWKS(), "", "  "); err != nil {
					return fmt.Errorf("printing the key set: %w", err)
				}
				fmt.Fprintln(cmd.OutOrStdout(), set.String())
				return nil
			})
		},
	}
}

func newKeysRewrap(environ []string) *cobra.Command {
	var yes, asJSON bool
	command := &cobra.Command{
		Use: "rewrap", Short: "Seal everything anew under a new master key", Args: cobra.NoArgs,
		Long: "Opens all signing keys and second factors with MASTER_KEY_OLD and seals them under MASTER_KEY, in one\n" +
			"transaction: interrupted, everything is as before. Start all servers with both settings first; after it drop\n" +
			"MASTER_KEY_OLD. Sessions, tokens and keys stay as they are. Recovery codes are kept as hashes of the old key and\n" +
			"are removed: their owners make new ones. A mail that waits to be sent carries a link that no longer works, and an\n" +
			"address whose account was deleted may have the welcome credits once more.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), environ, func(c *config, db *storage.DB) error {
				if c.masterKey == nil || c.masterKeyOld == nil {
					return usageError{errors.New("needs the new key in MASTER_KEY and the old one in MASTER_KEY_OLD, or their _FILE")}
				}
				if err := confirm(cmd, yes, "Every recovery code stops working, and people make new ones. Seal everything anew?"); err != nil {
					return err
				}
				master := c.masterKey.After(c.masterKeyOld)
				done, err := db.Keys().By(identity.Actor{Name: actorCommand}).Rewrap(cmd.Context(), master.Rewrap)
				if err != nil {
					return err
				}
				if asJSON {
					return json.NewEncoder(cmd.OutOrStdout()).Encode(done)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "Sealed anew: %d signing keys, %d second factors. Recovery codes removed: %d.\nMASTER_KEY_OLD is not needed any more.\n",
					done.Keys, done.Factors, done.RecoveryCodes)
				return nil
			})
		},
	}
	command.Flags().BoolVar(&yes, "yes", false, "do not ask")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}
