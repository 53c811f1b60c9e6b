package identity

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/text/language"
)

// Profile is what a person may tell about themselves beyond name, picture and e-mail address, under the names
// of the standard claims (OpenID Connect Core 1.0, section 5.1). It is stored as this JSON; an empty member
// was not given.
type Profile struct {
	GivenName           string   `json:"given_name,omitempty"`
	FamilyName          string   `json:"family_name,omitempty"`
	MiddleName          string   `json:"middle_name,omitempty"`
	Nickname            string   `json:"nickname,omitempty"`
	PreferredUsername   string   `json:"preferred_username,omitempty"`
	Profile             string   `json:"profile,omitempty"` // address of a page
	Website             string   `json:"website,omitempty"`
	Gender              string   `json:"gender,omitempty"`
	Birthdate           string   `json:"birthdate,omitempty"` // YYYY-MM-DD or YYYY
	Zoneinfo            string   `json:"zoneinfo,omitempty"`  // such as Europe/Berlin
	Locale              string   `json:"locale,omitempty"`    // such as de-DE
	PhoneNumber         string   `json:"phone_number,omitempty"`
	PhoneNumberVerified bool     `json:"phone_number_verified,omitempty"`
	Address             *Address `json:"address,omitempty"`
}

// Address is a postal address (OpenID Connect Core 1.0, section 5.1.1).
type Address struct {
	Formatted     string `json:"formatted,omitempty"`
	StreetAddress string `json:"street_address,omitempty"`
	Locality      string `json:"locality,omitempty"`
	Region        string `json:"region,omitempty"`
	PostalCode    string `json:"postal_code,omitempty"`
	Country       string `json:"country,omitempty"`
}

const (
	maxClaim   = 255  // characters
	maxAddress = 2048 // characters of the address of a page
)

// claim is where a standard claim is kept, and what its text must be.
type claim struct {
	name  string
	text  func(*User) *string
	flag  func(*User) *bool
	valid func(string) bool // of a text that is not empty; nil: any
	lines bool              // may have several (OpenID Connect Core 1.0, section 5.1.1)
	long  bool              // the address of a page
}

// address is the person's postal address, made if there is none.
func (u *User) address() *Address {
	if u.Profile.Address == nil {
		u.Profile.Address = new(Address)
	}
	return u.Profile.Address
}

// claims are the standard claims that can be set.
func claims() []claim {
	return []claim{
		{name: "name", text: func(u *User) *string { return &u.Name }},
		{name: "given_name", text: func(u *User) *string { return &u.Profile.GivenName }},
		{name: "family_name", text: func(u *User) *string { return &u.Profile.FamilyName }},
		{name: "middle_name", text: func(u *User) *string { return &u.Profile.MiddleName }},
		{name: "nickname", text: func(u *User) *string { return &u.Profile.Nickname }},
		{name: "preferred_username", text: func(u *User) *string { return &u.Profile.PreferredUsername }},
		{name: "profile", text: func(u *User) *string { return &u.Profile.Profile }, valid: isWebAddress, long: true},
		{name: "picture", text: func(u *User) *string { return &u.AvatarURL }, valid: isWebAddress, long: true},
		{name: "website", text: func(u *User) *string { return &u.Profile.Website }, valid: isWebAddress, long: true},
		{name: "gender", text: func(u *User) *string { return &u.Profile.Gender }},
		{name: "birthdate", text: func(u *User) *string { return &u.Profile.Birthdate }, valid: isBirthdate},
		{name: "zoneinfo", text: func(u *User) *string { return &u.Profile.Zoneinfo }, valid: isZone},
		{name: "locale", text: func(u *User) *string { return &u.Profile.Locale }, valid: isLocale},
		{name: "email_verified", flag: func(u *User) *bool { return &u.EmailVerified }},
		{name: "phone_number", text: func(u *User) *string { return &u.Profile.PhoneNumber }},
		{name: "phone_number_verified", flag: func(u *User) *bool { return &u.Profile.PhoneNumberVerified }},
		{name: "address.formatted", text: func(u *User) *string { return &u.address().Formatted }, lines: true},
		{name: "address.street_address", text: func(u *User) *string { return &u.address().StreetAddress }, lines: true},
		{name: "address.locality", text: func(u *User) *string { return &u.address().Locality }},
		{name: "address.region", text: func(u *User) *string { return &u.address().Region }},
		{name: "address.postal_code", text: func(u *User) *string { return &u.address().PostalCode }},
		{name: "address.country", text: func(u *User) *string { return &u.address().Country }},
	}
}

// ClaimNames lists the names that [User.SetClaim] takes.
func ClaimNames() []string {
	var names []string
	for _, c := range claims() {
		names = append(names, c.name)
	}
	return names
}

// OwnClaimNames lists the names of the claims that a person may set themselves.
func OwnClaimNames() []string {
	var names []string
	for _, c := range claims() {
		if c.flag == nil {
			names = append(names, c.name)
		}
	}
	return names
}

// Claim is the text of a standard claim by its name; empty when it was not given.
func (u User) Claim(name string) string {
	address := Address{}
	if u.Profile.Address != nil {
		address = *u.Profile.Address
	}
	u.Profile.Address = &address // or looking would make one
	for _, c := range claims() {
		if c.name == name && c.text != nil {
			return *c.text(&u)
		}
	}
	return ""
}

// SetOwnClaim is [User.SetClaim] for the person themselves: a number that is another one is not proven.
func (u *User) SetOwnClaim(name, value string) error {
	if !slices.Contains(OwnClaimNames(), name) {
		return fmt.Errorf("there is no claim %q that a person may set", name)
	}
	number := u.Profile.PhoneNumber
	if err := u.SetClaim(name, value); err != nil {
		return err
	}
	if u.Profile.PhoneNumber != number {
		u.Profile.PhoneNumberVerified = false
	}
	return nil
}

// EditProfile sets claims of a person, by name, as they wish. [ErrNotFound]; another error says what is wrong.
func (s *Service) EditProfile(ctx context.Context, id uuid.UUID, claims map[string]string) (User, error) {
	return s.store.ReviseProfile(ctx, id, func(u *User) error {
		for name, value := range claims {
			if err := u.SetOwnClaim(name, value); err != nil {
				return err
			}
		}
		return nil
	})
}

// SetClaim sets a standard claim by its name; an empty value takes it away. The error says what is wrong.
func (u *User) SetClaim(name, value string) error {
	for _, c := range claims() {
		if c.name == name {
			return c.set(u, value)
		}
	}
	return fmt.Errorf("there is no claim %q; there are: %s", name, strings.Join(ClaimNames(), " "))
}

func (c claim) set(u *User, value string) error {
	if c.flag != nil {
		yes, err := strconv.ParseBool(value)
		if err != nil {
			return fmt.Errorf("%s must be true or false", c.name)
		}
		*c.flag(u) = yes
		return nil
	}
	line := value
	if c.lines {
		line = strings.ReplaceAll(value, "\n", "")
	}
	limit := maxClaim
	if c.long {
		limit = maxAddress
	}
	if !validLine(line, limit) || utf8.RuneCountInString(value) > limit || value != "" && c.valid != nil && !c.valid(value) {
		return fmt.Errorf("%s cannot be %q", c.name, value)
	}
	*c.text(u) = value
	if address := u.Profile.Address; address != nil && *address == (Address{}) {
		u.Profile.Address = nil
	}
	return nil
}

func isWebAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

func isBirthdate(text string) bool {
	_, dayErr := time.Parse(time.DateOnly, text)
	_, yearErr := time.Parse("2006", text)
	return dayErr == nil || yearErr == nil
}

func isZone(text string) bool {
	_, err := time.LoadLocation(text)
	return err == nil && text != "Local"
}

func isLocale(text string) bool {
	_, err := language.Parse(text)
	return err == nil
}
