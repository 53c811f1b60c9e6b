package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

func newDoctor(environ []string) *cobra.Command {
	d := doctor{environ: environ}
	var anyAddress, asJSON bool
	command := &cobra.Command{
		Use: "doctor", Short: "Look for what is wrong with this installation, and say how to mend it", Args: cobra.NoArgs,
		Long: "Looks at the settings, the data folder, the database and the way to it, the keys, Valkey, the mail server, Stripe\n" +
			"and the address of the issuer, and changes nothing. Each line is ok, a note, or a problem with its cure.\n" +
			"Exit code 3 if there is a problem. With --online a test mail goes to SMTP_FROM.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.examine(cmd.Context(), anyAddress)
			return d.print(cmd, asJSON)
		},
	}
	command.Flags().BoolVar(&anyAddress, "dev", false, "take the settings as serve --dev would")
	command.Flags().BoolVar(&d.online, "online", false, "send a test mail to SMTP_FROM")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}

// doctorPatience is the longest wait for one answer of something outside.
const doctorPatience = 5 * time.Second

// The weight of a finding.
const (
	findingOK      = "ok"
	findingNote    = "note"
	findingProblem = "problem"
)

// finding is one line of a doctor.
type finding struct {
	State string `json:"state"`
	Check string `json:"check"`
	Text  string `json:"text"`
	Cure  string `json:"cure,omitempty"`
}

// doctor looks at an installation.
type doctor struct {
	environ  []string
	cfg      *config
	online   bool
	stored   bool // there is a database, which can be used
	client   http.Client
	findings []finding
}

func (d *doctor) ok(check, text string) {
	d.findings = append(d.findings, finding{findingOK, check, text, ""})
}

func (d *doctor) note(check, text, cure string) {
	d.findings = append(d.findings, finding{findingNote, check, text, cure})
}

func (d *doctor) problem(check, text, cure string) {
	d.findings = append(d.findings, finding{findingProblem, check, text, cure})
}

// graver is a problem in production, and a note in dev mode.
func (d *doctor) graver(check, text, cure string) {
	if d.cfg.dev {
		d.note(check, text, cure)
		return
	}
	d.problem(check, text, cure)
}

// examine makes all checks. Without settings that can be read there is nothing else to look at.
func (d *doctor) examine(ctx context.Context, anyAddress bool) {
	if !d.readSettings(anyAddress) {
		return
	}
	d.client.Timeout = doctorPatience
	for _, check := range []func(context.Context){
		d.checkSecrets, d.checkFolder, d.checkDisk, d.checkDatabase, d.checkValkey, d.checkMail, d.checkStripe, d.checkPort,
		d.checkIssuer, d.checkProxies,
	} {
		limit, cancel := context.WithTimeout(ctx, 3*doctorPatience)
		check(limit)
		cancel()
	}
}

// readSettings reads them as serve does.
func (d *doctor) readSettings(anyAddress bool) bool {
	environ, err := withDotEnv(d.environ)
	if err == nil {
		d.cfg, err = loadConfig(environ, anyAddress)
	}
	if err == nil {
		_, err = d.cfg.readAtStart()
	}
	if faulty, ok := errors.AsType[*configError](err); ok {
		for _, f := range faulty.faults {
			d.problem(f.name, f.text, "")
		}
		return false
	}
	if err != nil {
		d.problem("settings", err.Error(), "")
		return false
	}
	d.ok("settings", fmt.Sprintf("%d are set", len(d.cfg.set)))
	for _, warning := range d.cfg.warnings(environ) {
		d.note("settings", warning, "")
	}
	return true
}

// shownDoctor is what a doctor found, as the command line shows it.
type shownDoctor struct {
	Problems int       `json:"problems"`
	Findings []finding `json:"findings"`
}

func (d *doctor) print(cmd *cobra.Command, asJSON bool) error {
	shown := shownDoctor{Findings: d.findings}
	for _, f := range d.findings {
		if f.State == findingProblem {
			shown.Problems++
		}
	}
	if asJSON {
		if err := json.NewEncoder(cmd.OutOrStdout()).Encode(shown); err != nil {
			return err
		}
	} else {
		table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		for _, f := range d.findings {
			line := f.Text
			if f.Cure != "" {
				line += ": " + f.Cure
			}
			fmt.Fprintf(table, "%s\t%s\t%s\n", f.State, f.Check, line)
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	if shown.Problems > 0 {
		return fmt.Errorf("%w: %d", errProblem, shown.Problems)
	}
	return nil
}
