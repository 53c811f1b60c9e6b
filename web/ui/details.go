package ui

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// detailNames are what the metadata of the security log is called.
var detailNames = map[string]Key{
	"after":         DetailAfter,
	"alg":           DetailAlg,
	"amount":        DetailAmount,
	"appId":         DetailApp,
	"before":        DetailBefore,
	"by":            DetailBy,
	"caller":        DetailCaller,
	"cents":         DetailCents,
	"clientId":      DetailApp,
	"client_id":     DetailApp,
	"detail":        DetailDetail,
	"differences":   DetailDifferences,
	"eventId":       DetailEvent,
	"factor":        DetailFactor,
	"keyId":         DetailKey,
	"kid":           DetailKid,
	"link":          DetailLink,
	"mail":          DetailMail,
	"name":          DetailName,
	"outcome":       DetailOutcome,
	"package":       DetailPackage,
	"provider":      DetailProvider,
	"purchaseId":    DetailPurchase,
	"reason":        DetailReason,
	"reasons":       DetailReasons,
	"role":          DetailRole,
	"sessionId":     DetailSession,
	"sessions":      DetailSessions,
	"transactionId": DetailTransaction,
	"usageId":       DetailUsage,
}

// detailValues are those values that the program itself writes there.
var detailValues = map[string]Key{
	"by hand": DetailByHand, "by mail": DetailByMail, "not finished": DetailUnfinished, "true": DetailYes, "false": DetailNo,
}

// Details writes what an event of the security log holds in one line, without who did it, in the language of the request:
// what was before what is, then the names in order. What an earlier version wrote stays as it is.
func Details(ctx context.Context, metadata map[string]string) string {
	var parts []string
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(metadata)), func(name string) bool {
		return name == "actor" || name == "requestId" || name == "before"
	})
	if metadata["before"] != "" {
		names = append([]string{"before"}, names...)
	}
	for _, name := range names {
		value := metadata[name]
		if key, known := detailValues[value]; known {
			value = T(ctx, key)
		}
		if key, known := detailNames[name]; known {
			name = T(ctx, key)
		}
		parts = append(parts, name+": "+value)
	}
	return strings.Join(parts, ", ")
}

// quarantineTexts are the reasons of quarantine.
var quarantineTexts = map[string]Key{
	"unknown purchase": QuarantineUnknown, "amount": QuarantineAmount, "currency": QuarantineCurrency, "livemode": QuarantineLivemode,
	"account": QuarantineAccount, "payment": QuarantinePayment, "closed wallet": QuarantineClosed, "balance limit": QuarantineLimit,
	"unreadable": QuarantineUnreadable,
}

// QuarantineText is why an event of a payment is in quarantine.
func QuarantineText(ctx context.Context, reason string) string {
	if key, known := quarantineTexts[reason]; known {
		return T(ctx, key)
	}
	return reason
}
