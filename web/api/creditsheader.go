package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"mana/ledger"
)

// setCredits tells what a call cost and what is left, current also where an answer is that of an earlier call:
// Credits: cost=10, remaining=139.5, held=0. The dictionary is of RFC 9651, section 3.2; a value is a number where
// three decimals suffice, which are all that a number may have there, else a string.
func setCredits(w http.ResponseWriter, cost ledger.Amount, now ledger.Balance) {
	w.Header().Set("Credits", "cost="+creditsItem(cost)+", remaining="+creditsItem(now.Free+now.Paid)+", held="+creditsItem(now.Held))
}

func creditsItem(amount ledger.Amount) string {
	text := amount.String()
	if _, decimals, _ := strings.Cut(text, "."); len(decimals) > 3 {
		return `"` + text + `"`
	}
	return text
}

// showCredits sets the header of a call that spends nothing, where the balance is not at hand. A fault leaves it out:
// the answer stands without it.
func (a *API) showCredits(w http.ResponseWriter, r *http.Request, userID uuid.UUID) {
	if balance, err := a.cfg.Ledger.Peek(r.Context(), userID); err == nil {
		setCredits(w, 0, balance)
	}
}

// refusedUse passes on why nothing was spent. Who has too little is told how much there is.
func (a *API) refusedUse(w http.ResponseWriter, r *http.Request, userID uuid.UUID, err error) error {
	if errors.Is(err, ledger.ErrInsufficient) || errors.Is(err, ledger.ErrDebt) {
		a.showCredits(w, r, userID)
	}
	return err
}

// unchanged sets the tag of a balance, if it has one, and answers a caller who has that already (RFC 9110, section
// 13.1.2). A balance that shows what is due and not posted has none.
func unchanged(w http.ResponseWriter, r *http.Request, balance ledger.Balance) bool {
	if balance.Version == 0 {
		return false
	}
	tag := `"` + itoa(balance.Version) + `"`
	w.Header().Set("ETag", tag)
	for _, known := range strings.Split(strings.Join(r.Header.Values("If-None-Match"), ","), ",") {
		if known = strings.TrimSpace(known); known == "*" || strings.TrimPrefix(known, "W/") == tag {
			w.Header().Set("Cache-Control", "no-store")
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	return false
}
