package ledger

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// Export writes transactions for other programs.
type Export struct {
	out   io.Writer
	csv   *csv.Writer // nil: JSON Lines
	begun bool
}

// NewExport makes an export in a format: csv, or jsonl for one JSON object a line.
func NewExport(out io.Writer, format string) (*Export, error) {
	switch format {
	case "jsonl":
		return &Export{out: out}, nil
	case "csv":
		return &Export{out: out, csv: csv.NewWriter(out)}, nil
	}
	return nil, errors.New("must be csv or jsonl")
}

// Write writes transactions. The header of CSV goes out with the first call.
func (e *Export) Write(page []Transaction) error {
	if e.csv == nil {
		encoder := json.NewEncoder(e.out)
		for _, t := range page {
			if err := encoder.Encode(exportOf(t)); err != nil {
				return err
			}
		}
		return nil
	}
	if !e.begun {
		e.begun = true
		if err := e.csv.Write(exportHeader); err != nil {
			return err
		}
	}
	for _, t := range page {
		if err := e.csv.Write(exportOf(t).cells()); err != nil {
			return err
		}
	}
	e.csv.Flush()
	return e.csv.Error()
}

// exported is a transaction as it is exported.
type exported struct {
	UserID         uuid.UUID       `json:"user_id"`
	Seq            int64           `json:"seq"`
	ID             uuid.UUID       `json:"id"`
	Type           Type            `json:"type"`
	Kind           string          `json:"kind"`
	Amount         Amount          `json:"amount"`
	Before         Amount          `json:"balance_before"`
	After          Amount          `json:"balance_after"`
	AppID          string          `json:"app_id"`
	Description    string          `json:"description"`
	Metadata       json.RawMessage `json:"metadata"`
	Caller         string          `json:"caller"`
	IdempotencyKey string          `json:"idempotency_key,omitempty"`
	RelatedID      uuid.UUID       `json:"related_id,omitzero"` // the use that a refund gives back
	At             string          `json:"at"`
}

func exportOf(t Transaction) exported {
	return exported{
		t.UserID, t.Seq, t.ID, t.Type, t.Kind, t.Amount, t.Before, t.After, t.AppID, t.Description, t.Metadata,
		t.Caller, t.IdempotencyKey, t.RelatedID, t.At.Format("2006-01-02T15:04:05.000000Z"),
	}
}

var exportHeader = strings.Fields("user_id seq id type kind amount balance_before balance_after app_id description metadata " +
	"caller idempotency_key related_id at")

func (e exported) cells() []string {
	related := ""
	if e.RelatedID != uuid.Nil {
		related = e.RelatedID.String()
	}
	return []string{
		e.UserID.String(), strconv.FormatInt(e.Seq, 10), e.ID.String(), string(e.Type), e.Kind, e.Amount.String(), e.Before.String(),
		e.After.String(), TextCell(e.AppID), TextCell(e.Description), TextCell(string(e.Metadata)), TextCell(e.Caller),
		TextCell(e.IdempotencyKey), related, e.At,
	}
}

// TextCell keeps a spreadsheet from taking a text for a formula: at its beginning, and where one begins a cell that
// parts cells by something else than we do.
func TextCell(text string) string {
	return formula.ReplaceAllString(text, "$1'$2")
}

// formula is where a cell may begin, and what a formula begins with.
var formula = regexp.MustCompile(`(^|[;\t\r\n])([ \x{a0}]*[=+\-@＝＋－＠])`)

// Exported is a transaction as JSON Lines hold it.
func Exported(t Transaction) any { return exportOf(t) }
