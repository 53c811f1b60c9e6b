package provider

import "time"

// FreshProof is how old the proof of a session may be for what changes how a person is known or what they administer.
const FreshProof = 5 * time.Minute

// Fresh reports whether a person has proven who they are within [FreshProof].
func (p *Provider) Fresh(who *SignedIn) bool {
	return who != nil && p.now().Sub(who.Session.AuthTime) <= FreshProof
}
