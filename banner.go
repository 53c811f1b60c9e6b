package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"mana/provider"
	"mana/storage"
	"mana/web/api"
)

// counted is a number of things: "1 user", "2 users".
func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// banner tells what was started and where to go: in words on a terminal or as text, else as one event.
func (p *program) banner(ctx context.Context, stderr io.Writer) error {
	c := p.cfg
	clients, err := p.db.Provider().ListClients(ctx)
	if err != nil {
		return fmt.Errorf("listing clients: %w", err)
	}
	for _, client := range clients {
		if err := c.checkIDTokenAlg(client.IDTokenAlg); err != nil {
			p.logger.Warn("a client gets no ID tokens", "client", client.ID, "error", err)
		}
	}
	users, err := p.db.Identity().CountUsers(ctx)
	if err != nil {
		return err
	}
	link, err := p.offerSetup(ctx)
	if err != nil {
		return err
	}
	if !p.text {
		p.logger.Info("started", "version", version, "dev", c.dev, "issuer", c.issuer.String(), "database", c.shownDatabase(),
			"users", users, "clients", len(clients), "keyMade", p.fresh)
		return nil
	}
	data := c.shownDatabase() + " (SQLite)"
	if storage.IsPostgres(c.database()) {
		data = c.shownDatabase() + " (PostgreSQL)"
	}
	if c.masterKey == nil {
		data += " · " + filepath.Join(c.dataDir, masterKeyFile)
	}
	if p.fresh {
		data += "    new; signing key " + strings.Join(c.signingAlgs, ", ") + " made and sealed"
	} else {
		data += "    " + counted(users, "user") + ", " + counted(len(clients), "client")
	}
	mode, redirect := "", "https://app.example.com/callback"
	if c.dev {
		mode, redirect = " · dev mode: the issuer is a loopback address", "http://localhost:3000/callback"
	}
	fmt.Fprintf(stderr, "Mana Core Auth %s%s\n\n", version, mode)
	fmt.Fprintf(stderr, "  Issuer    %s\n  Sign in   %s%s\n  API       %s%s\n", c.issuer, c.issuer, provider.PathLogin, c.issuer, api.PathDocs)
	if c.dev {
		fmt.Fprintf(stderr, "  Demo app  %s/dev/demo    log in, check the ID token, spend 1 credit\n", c.issuer)
		kept := "mails are kept here, none leaves this machine"
		if c.smtp.Host != "" {
			kept = "mails go out by " + c.smtp.Host
		}
		fmt.Fprintf(stderr, "  Mail      %s/dev/mail    %s\n", c.issuer, kept)
	}
	if link != "" {
		fmt.Fprintf(stderr, "  Setup     %s    become the administrator, within 30 minutes\n", link)
	}
	fmt.Fprintf(stderr, "  Data      %s\n\n", data)
	fmt.Fprintf(stderr, "  Next      %s client create notes --redirect %s\n", typedCommand(), redirect)
	return nil
}
