package provider

import (
	"slices"
	"strings"

	"mana/provider/identity"
)

// The authentication context classes. A higher one satisfies a lower one.
const (
	acrBasic    = "urn:mana:acr:basic" // one factor
	acrMulti    = "urn:mana:acr:mfa"   // two different ones
	acrPhishing = "phr"                // a passkey with user verification (OpenID Connect EAP ACR Values 1.0)
)

// acrValues are all classes, the lowest first.
func acrValues() []string { return []string{acrBasic, acrMulti, acrPhishing} }

// acrOf is the class of what was proven (RFC 8176).
func acrOf(amr []string) string {
	key := slices.Contains(amr, identity.AMRHardware) || slices.Contains(amr, identity.AMRSoftware)
	switch {
	case key && slices.Contains(amr, identity.AMRVerified):
		return acrPhishing
	case slices.Contains(amr, identity.AMRMulti):
		return acrMulti
	}
	return acrBasic
}

// reach is the highest class that a person can prove.
func reach(u identity.User) string {
	switch {
	case u.HasPasskey:
		return acrPhishing
	case u.SecondFactor:
		return acrMulti
	}
	return acrBasic
}

// satisfies reports whether a class is the wanted one or a higher one.
func satisfies(acr, wanted string) bool {
	known := acrValues()
	return slices.Contains(known, wanted) && slices.Index(known, acr) >= slices.Index(known, wanted)
}

// meets reports whether a class satisfies one of the wanted ones; no wish is always met.
func meets(acr string, wanted []string) bool {
	return len(wanted) == 0 || slices.ContainsFunc(wanted, func(want string) bool { return satisfies(acr, want) })
}

// reachable reports whether anybody can reach one of the wanted classes; no wish is always met.
func reachable(wanted []string) bool { return meets(acrPhishing, wanted) }

// acrWishes are the known classes of acr_values, in order.
func acrWishes(text string) []string {
	return slices.DeleteFunc(strings.Fields(text), func(acr string) bool { return !slices.Contains(acrValues(), acr) })
}

// essential is the classes of which the client needs one; none: any is right.
func (it *Interaction) essential() []string {
	wishes, _ := parseClaims(it.Request.Claims) // checked when it came
	return wishes.essentialACR()
}

// reachable reports whether the person can prove a class that the client needs.
func (it *Interaction) reachable(u identity.User) bool { return meets(reach(u), it.essential()) }

// StepUpDue reports whether the session lacks a proof that the person can give: for a class that the client needs, or
// for the first one that it wishes for and the person can reach (OpenID Connect Core 1.0, section 3.1.2.1; RFC 9470,
// section 4).
func (it *Interaction) StepUpDue(who *SignedIn) bool {
	if who == nil {
		return false
	}
	acr := acrOf(who.Session.AMR)
	if !meets(acr, it.essential()) {
		return it.reachable(who.User)
	}
	at := slices.IndexFunc(it.Request.ACRValues, func(want string) bool { return satisfies(reach(who.User), want) })
	return at >= 0 && !satisfies(acr, it.Request.ACRValues[at])
}
