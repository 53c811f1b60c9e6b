package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mana/provider/identity"
)

// personEntry is a person of the file as it is written: by address, with what the person gets.
type personEntry struct {
	Email string   `yaml:"email"`
	Role  string   `yaml:"role"`  // empty: as it is
	Roles []string `yaml:"roles"` // the free names of the claim roles; others that the person has stay
}

// describedPerson is one person of the file.
type describedPerson struct {
	email identity.Email
	role  identity.Role // empty: the file does not say
	roles []string
}

// applyActor is who acts by a file, in the security log.
var applyActor = identity.Actor{Name: "apply"}

// readPeople takes the people of the file, and says what is wrong with them.
func (f *applyFile) readPeople(entries []personEntry, places place) []fileFault {
	var faults []fileFault
	firstAt := make(map[identity.Email]int)
	for i, entry := range entries {
		at := places.entry("people", i)
		add := func(field, format string, args ...any) {
			faults = append(faults, fileFault{at.line(field), fmt.Sprintf("people[%d].%s: ", i, field) + fmt.Sprintf(format, args...)})
		}
		email, err := identity.ParseEmail(entry.Email)
		if err != nil {
			add("email", "%q is no e-mail address", entry.Email)
		} else if first, twice := firstAt[email]; twice {
			add("email", "%s is described at line %d already", email, first)
		} else {
			firstAt[email] = at.line("email")
		}
		if entry.Role == "" && len(entry.Roles) == 0 {
			add("roles", "or role is needed")
		}
		if entry.Role != "" && (identity.Standing{Role: identity.Role(entry.Role)}).Check() != nil {
			add("role", "%q does not exist; there are: user admin service", entry.Role)
		}
		if (identity.Standing{Role: identity.RoleUser, Roles: entry.Roles}).Check() != nil {
			add("roles", "must be at most 50, each 1 to 64 of A-Z, a-z, 0-9, dot, underscore, colon, slash and hyphen")
		}
		f.people = append(f.people, describedPerson{email, identity.Role(entry.Role), entry.Roles})
	}
	slices.SortStableFunc(f.people, administratorsFirst)
	return faults
}

// administratorsFirst orders people so that the last administrator can hand over to another one of the same file.
func administratorsFirst(a, b describedPerson) int {
	rank := func(p describedPerson) int {
		if p.role == identity.RoleAdmin {
			return 0
		}
		return 1
	}
	return rank(a) - rank(b)
}

// over is what a person becomes by the file, and what of it differs.
func (d describedPerson) over(before identity.Standing) (after identity.Standing, changed []string) {
	after = before
	if d.role != "" && d.role != before.Role {
		after.Role, changed = d.role, append(changed, "role")
	}
	roles := slices.Concat(before.Roles, d.roles)
	slices.Sort(roles)
	if roles = slices.Compact(roles); len(roles) > len(before.Roles) {
		after.Roles, changed = roles, append(changed, "roles")
	}
	return after, changed
}

// applyPeople gives the people of the file what it says, each in a transaction. Somebody who has no account yet, or
// whose address is not proven, gets nothing, so that nobody takes a role by signing up with an address of the file.
func (f *applyFile) applyPeople(ctx context.Context, store identity.Store, dryRun bool) ([]outcome, error) {
	var outcomes []outcome
	for _, described := range f.people {
		o := outcome{Person: string(described.email), Action: "missing"}
		credential, err := store.Credential(ctx, described.email)
		switch {
		case errors.Is(err, identity.ErrNotFound):
		case err != nil:
			return nil, err
		case !credential.User.EmailVerified:
			o.Action = "unproven"
		default:
			if o.Action = "unchanged"; dryRun {
				o.Fields, err = described.differs(ctx, store, credential.User)
			} else {
				o.Fields, err = described.apply(ctx, store, credential.User)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", described.email, err)
			}
			if len(o.Fields) > 0 {
				o.Action = "updated"
			}
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, nil
}

// differs tells what apply would change.
func (d describedPerson) differs(ctx context.Context, store identity.Administration, user identity.User) ([]string, error) {
	roles, err := store.Roles(ctx, user.ID)
	_, changed := d.over(identity.Standing{Role: user.Role, Roles: roles})
	return changed, err
}

func (d describedPerson) apply(ctx context.Context, store identity.Administration, user identity.User) (changed []string, err error) {
	err = store.ReviseStanding(ctx, applyActor, user.ID, func(s *identity.Standing) error {
		*s, changed = d.over(*s)
		return s.Check()
	})
	if errors.Is(err, identity.ErrLastAdministrator) {
		err = fmt.Errorf("%w: %w", errRefused, err)
	}
	return changed, err
}
