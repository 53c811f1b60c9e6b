package ui

import (
	"context"
	"strings"

	"mana/ledger"
)

// EntryText is what an entry of the history is about: what the program has written itself, in the language of the request,
// and what an app or an operator has written, as it is.
func EntryText(ctx context.Context, t ledger.Transaction) string {
	switch t.AppID {
	case ledger.AppSystem:
		return Phrase(ctx, t.Description)
	case ledger.AppStripe: // "Credit purchase: 100 credits"
		text, rest, _ := strings.Cut(t.Description, ": ")
		amount, err := ledger.ParseAmount([]byte(strings.TrimSuffix(rest, " credits")))
		if err == nil {
			return Phrase(ctx, text+": %s credits", Credits(ctx, amount))
		}
	}
	return t.Description
}

// AppText is the name of the app that an entry names. What no app asked for came from the service itself.
func AppText(appID, brand string) string {
	switch appID {
	case ledger.AppSystem:
		return brand
	case ledger.AppStripe:
		return "Stripe"
	}
	return appID
}
