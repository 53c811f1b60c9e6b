package ui

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// eventTexts are what people read of events of the security log. Tests find what is missing.
var eventTexts = map[string]Key{
	"account_claimed":              EventClaimed,
	"account_deleted":              EventDeleted,
	"account_disabled":             EventDisabled,
	"account_enabled":              EventEnabled,
	"account_linked":               EventLinked,
	"account_locked":               EventLocked,
	"account_unlinked":             EventUnlinked,
	"app_disconnected":             EventAppRemoved,
	"client_changed":               EventClientChanged,
	"client_created":               EventClientNew,
	"client_deleted":               EventClientGone,
	"client_secret_rotated":        EventClientSecret,
	"consent_granted":              EventConsent,
	"credits_adjusted":             EventCreditsGiven,
	"credits_refunded":             EventCreditsBack,
	"data_exported":                EventExported,
	"email_change_requested":       EventAddressAsked,
	"email_changed":                EventAddressNew,
	"email_restored":               EventAddressBack,
	"email_verification_requested": EventVerifyAsked,
	"email_verified":               EventVerified,
	"key_revoked":                  EventKeyRevoked,
	"master_key_changed":           EventMasterKey,
	"key_rotated":                  EventKeyRotated,
	"ledger_checked":               EventLedgerChecked,
	"login_failure":                EventLoginFailure,
	"login_success":                EventLogin,
	"logout":                       EventLogout,
	"mail_dropped":                 EventMailDropped,
	"mail_retried":                 EventMailRetried,
	"package_changed":              EventPackageChanged,
	"package_created":              EventPackageNew,
	"passkey_copied":               EventPasskeyCopied,
	"passkey_deleted":              EventPasskeyGone,
	"passkey_login_success":        EventPasskeyLogin,
	"passkey_registered":           EventPasskey,
	"passkey_renamed":              EventPasskeyNamed,
	"password_changed":             EventPasswordChanged,
	"password_reset_completed":     EventReset,
	"password_reset_requested":     EventResetRequested,
	"payment_event_requeued":       EventPaymentAgain,
	"payment_event_viewed":         EventPaymentSeen,
	"purchase_completed":           EventPurchased,
	"purchase_refunded":            EventPaidBack,
	"purchase_disputed":            EventDisputed,
	"purchase_withdrawn":           EventWithdrawn,
	"recovery_code_used":           EventRecoveryUsed,
	"recovery_codes_renewed":       EventRecoveryNew,
	"recovery_offered":             EventRecoveryOffered,
	"refresh_token_foreign":        EventForeign,
	"refresh_token_reused":         EventReused,
	"register":                     EventRegister,
	"register_repeated":            EventRegisterAgain,
	"role_changed":                 EventRole,
	"roles_changed":                EventRoles,
	"service_key_changed":          EventServiceChanged,
	"service_key_created":          EventServiceNew,
	"service_key_revoked":          EventServiceRevoked,
	"service_key_rotated":          EventServiceRotated,
	"session_revoked":              EventSessionRevoked,
	"sessions_ended":               EventSessionsEnded,
	"setup_offered":                EventSetupOffered,
	"token_revoked":                EventTokenRevoked,
	"two_factor_disabled":          EventFactorOff,
	"two_factor_enabled":           EventFactorOn,
	"two_factor_failure":           EventFactorWrong,
	"wallet_frozen":                EventWalletFrozen,
	"wallet_rebuilt":               EventWalletRebuilt,
}

// EventText is what a kind of event of the security log is called, in the language of the request; of one that an earlier
// version wrote, its name.
func EventText(ctx context.Context, kind string) string {
	key, ok := eventTexts[kind]
	if !ok {
		return kind
	}
	return T(ctx, key)
}

// EventKinds are all kinds of events, in the order of what they are called.
func EventKinds(ctx context.Context) []Option {
	var all []Option
	for kind := range eventTexts {
		all = append(all, Option{Value: kind, Text: EventText(ctx, kind)})
	}
	slices.SortFunc(all, func(a, b Option) int { return cmp.Compare(plain(a.Text), plain(b.Text)) })
	return all
}

// plain is a text without case and accents, as it is sorted in our languages: ä like a.
func plain(text string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(text)))
}
