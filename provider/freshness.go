package provider

import "time"

// FreshProof is how old the proof of a session may be for what changes how a person is known or what they administer.
const FreshProof = 5 * time.Minute

// Fresh reports whether a person has proven who they are within [FreshProof], and with two factors if they have them: a
// session gained by a weaker way changes nothing.
func (p *Provider) Fresh(who *SignedIn) bool {
	return who != nil && p.now().Sub(who.Session.AuthTime) <= FreshProof && !Weak(who)
}

// Weak reports whether a person has a stronger way in than the one that this session was gained by.
func Weak(who *SignedIn) bool {
	return !who.Session.Strong() && (who.User.SecondFactor || who.User.HasPasskey)
}
