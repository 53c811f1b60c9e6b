package identity

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Bounds of what administrators give and ask for.
const (
	maxRoles = 50
	// MaxPage is the most that one page of people or events holds.
	MaxPage = 1000
)

var roleForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$`)

// Standing is what administrators decide of a person.
type Standing struct {
	Role     Role
	Disabled bool
	Roles    []string // free names, the claim roles; they give no right with us
}

// Check says whether a standing may be stored. [ErrRole].
func (s Standing) Check() error {
	if s.Role != RoleUser && s.Role != RoleAdmin && s.Role != RoleService || len(s.Roles) > maxRoles {
		return ErrRole
	}
	for _, role := range s.Roles {
		if !roleForm.MatchString(role) {
			return ErrRole
		}
	}
	return nil
}

// Administrates reports whether somebody of this standing has the rights of an administrator.
func (s Standing) Administrates() bool { return s.Role == RoleAdmin && !s.Disabled }

// StandingEvents are the entries of the security log for a change of a person's standing.
func StandingEvents(userID uuid.UUID, before, after Standing) []Event {
	var events []Event
	add := func(kind, was, is string) {
		if was != is {
			events = append(events, Event{UserID: userID, Type: kind, Metadata: map[string]string{"before": was, "after": is}})
		}
	}
	add("role_changed", string(before.Role), string(after.Role))
	add("roles_changed", strings.Join(before.Roles, " "), strings.Join(after.Roles, " "))
	kind := "account_enabled"
	if after.Disabled {
		kind = "account_disabled"
	}
	add(kind, strconv.FormatBool(before.Disabled), strconv.FormatBool(after.Disabled))
	return events
}

// Dossier is what administrators see of a person.
type Dossier struct {
	User     User
	Roles    []string
	Sessions []Session // live, the latest first, at most 100
}

// PeopleQuery asks for people, the youngest account first.
type PeopleQuery struct {
	Prefix string    // of the address or the name, in small letters; empty: all
	Before uuid.UUID // the last person of the page before; uuid.Nil: from the start
	Limit  int       // at most [MaxPage]
}

// Capital is the prefix as it begins a name that a database leaves as it is: some make small letters of A to Z alone.
func (q PeopleQuery) Capital() string {
	first, size := utf8.DecodeRuneInString(q.Prefix)
	return string(unicode.ToUpper(first)) + q.Prefix[size:]
}

// LoggedEvent is an event as it is in the security log.
type LoggedEvent struct {
	ID uuid.UUID
	At time.Time
	Event
}

// EventQuery asks for events of all people, the latest first.
type EventQuery struct {
	UserID       uuid.UUID // uuid.Nil: of all and of nobody
	Type         string    // empty: all
	Actor        string    // as [Actor.String] names it; empty: all
	Since, Until time.Time // zero: no bound
	BeforeAt     time.Time // the last event of the page before; zero: from the start
	BeforeID     uuid.UUID
	Limit        int // at most [MaxPage]
}

// Administration is what administrators read and change of people. Each method is one transaction. One that changes
// something looks at the actor's right first, [ErrNotAdministrator], and writes the events with it.
type Administration interface {
	// SearchPeople lists people that are not deleted.
	SearchPeople(ctx context.Context, q PeopleQuery) ([]User, error)
	// Dossier reads all of a person, also of a deleted one. [ErrNotFound].
	Dossier(ctx context.Context, id uuid.UUID) (Dossier, error)
	// Roles lists the free role names of a person, in order.
	Roles(ctx context.Context, id uuid.UUID) ([]string, error)
	// ReviseStanding lets revise alter the standing of a person that is not deleted, and writes what differs with
	// the events of [StandingEvents]. Whoever is disabled is signed out everywhere, offline access included. Its
	// error is returned, and nothing is stored. [ErrNotFound]; [ErrLastAdministrator] when no other would be left.
	ReviseStanding(ctx context.Context, by Actor, id uuid.UUID, revise func(*Standing) error) error
	// SignOutEverywhere ends all sessions, grants and refresh tokens of a person. [ErrNotFound].
	SignOutEverywhere(ctx context.Context, by Actor, id uuid.UUID, e Event) error
	// Events reads the security log.
	Events(ctx context.Context, q EventQuery) ([]LoggedEvent, error)
}

// Acts writes what administrators do that changes nothing. Each method is one transaction.
type Acts interface {
	// NoteAct writes the event of an act. [ErrNotAdministrator].
	NoteAct(ctx context.Context, by Actor, e Event) error
}

// Admin changes people on the word of an actor.
type Admin struct {
	Store Administration
	By    Actor
}

// SetRole makes a person an administrator, or an ordinary user again. [ErrNotFound], [ErrRole],
// [ErrNotAdministrator], [ErrLastAdministrator].
func (a Admin) SetRole(ctx context.Context, id uuid.UUID, role Role) error {
	return a.revise(ctx, id, func(s *Standing) { s.Role = role })
}

// SetDisabled locks a person out, or lets them in again. Errors as [Admin.SetRole].
func (a Admin) SetDisabled(ctx context.Context, id uuid.UUID, disabled bool) error {
	return a.revise(ctx, id, func(s *Standing) { s.Disabled = disabled })
}

// SetRoles replaces the free role names of a person: each 1 to 64 of A-Z, a-z, 0-9 and "._:/-", at most 50. Errors as
// [Admin.SetRole].
func (a Admin) SetRoles(ctx context.Context, id uuid.UUID, roles []string) error {
	roles = slices.Compact(slices.Sorted(slices.Values(roles)))
	return a.revise(ctx, id, func(s *Standing) { s.Roles = roles })
}

// SignOutEverywhere ends all that a person is signed in to, apps with offline access included. [ErrNotFound],
// [ErrNotAdministrator].
func (a Admin) SignOutEverywhere(ctx context.Context, id uuid.UUID) error {
	err := a.Store.SignOutEverywhere(ctx, a.By, id, Event{UserID: id, Type: "sessions_ended"})
	if err != nil {
		return fmt.Errorf("ending sessions: %w", err)
	}
	return nil
}

func (a Admin) revise(ctx context.Context, id uuid.UUID, change func(*Standing)) error {
	err := a.Store.ReviseStanding(ctx, a.By, id, func(s *Standing) error {
		change(s)
		return s.Check()
	})
	if err != nil {
		return fmt.Errorf("changing a person: %w", err)
	}
	return nil
}
