package provider

import (
	"slices"

	"mana/provider/identity"
)

// The authentication context classes. A higher one satisfies a lower one.
const (
	acrBasic = "urn:mana:acr:basic" // one factor
	acrMulti = "urn:mana:acr:mfa"   // two different ones
)

// acrValues are all classes, the lowest first.
func acrValues() []string { return []string{acrBasic, acrMulti} }

// acrOf is the class of what was proven (RFC 8176).
func acrOf(amr []string) string {
	if slices.Contains(amr, identity.AMRMulti) {
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

// reachable reports whether a sign-in can reach one of the wanted classes; no wish is always met.
func reachable(wanted []string) bool {
	return len(wanted) == 0 || slices.ContainsFunc(wanted, func(acr string) bool { return slices.Contains(acrValues(), acr) })
}
