package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"mana/provider"
)

// serviceKeyEntry is a service key of the file as it is written.
type serviceKeyEntry struct {
	serviceKeyFields `yaml:",inline"`
	ValueFile        string `yaml:"value_file"`   // relative to the file
	ValueSHA256      string `yaml:"value_sha256"` // hexadecimal
}

// readServiceKeys takes the keys of the file, and says what is wrong with them.
func (f *applyFile) readServiceKeys(entries []serviceKeyEntry, places place) []fileFault {
	var faults []fileFault
	firstAt := make(map[string]int)
	for i, entry := range entries {
		at := places.entry("service_keys", i)
		key, found := entry.check(filepath.Dir(f.path))
		if first, twice := firstAt[entry.Name]; twice {
			found.Add("name", "%q is described at line %d already", entry.Name, first)
		}
		for _, fault := range found {
			faults = append(faults, fileFault{at.line(fault.Field), fmt.Sprintf("service_keys[%d].%s: %s", i, fault.Field, fault.Text)})
		}
		firstAt[entry.Name] = at.line("name")
		f.serviceKeys = append(f.serviceKeys, key)
	}
	return faults
}

// check completes a key and says what is wrong with it.
func (e serviceKeyEntry) check(folder string) (provider.ServiceKey, provider.ClientFaults) {
	key := e.key()
	var faults provider.ClientFaults
	hash, fault := givenSecret{"value", e.ValueFile, e.ValueSHA256}.hash(folder)
	switch {
	case fault != nil:
		faults = append(faults, *fault)
	case hash == nil:
		faults.Add("value_file", "or value_sha256 is needed")
	}
	if key.Hash = hash; hash == nil {
		key.Hash = make([]byte, sha256.Size) // stands for the value, so that the rest is judged rightly
	}
	key, err := key.Complete()
	var found provider.ClientFaults
	if errors.As(err, &found) {
		faults = append(faults, found...)
	}
	return key, faults
}

// planKeys is what the service keys of the file become beside the stored ones.
func (f *applyFile) planKeys(stored []provider.ServiceKey, now time.Time) ([]provider.ServiceKey, []outcome, error) {
	var wanted []provider.ServiceKey
	var outcomes []outcome
	for _, described := range f.serviceKeys {
		o := outcome{Key: described.Name, Action: "unchanged"}
		at := slices.IndexFunc(stored, func(k provider.ServiceKey) bool { return sameServiceKey(k, described) })
		switch {
		case at < 0:
			key, err := provider.NewServiceKey(described, described.Hash, now.UTC().Truncate(time.Microsecond))
			if err != nil {
				return nil, nil, err
			}
			wanted, o.Action = append(wanted, key), "created"
		case stored[at].RevokedAt.IsZero():
			key := keyOver(described, stored[at])
			if key.Owner() != stored[at].Owner() {
				return nil, nil, fmt.Errorf("service key %q: %w", key.Name, provider.ErrServiceKeyOwner)
			}
			if o.Fields = changedKeyFields(stored[at], key); len(o.Fields) > 0 {
				wanted, o.Action = append(wanted, key), "updated"
			}
		}
		outcomes = append(outcomes, o)
	}
	return wanted, outcomes, nil
}

// sameServiceKey reports whether a stored key is the one that the file describes: the one with its name that is
// not revoked, or a revoked one with its value, which stays revoked.
func sameServiceKey(stored, described provider.ServiceKey) bool {
	return stored.Name == described.Name && (stored.RevokedAt.IsZero() || bytes.Equal(stored.Hash, described.Hash))
}

// keyOver is the described key in place of a stored one. It keeps what the file does not say, and the value
// before the current one while that is the file's.
func keyOver(described, before provider.ServiceKey) provider.ServiceKey {
	after := described
	after.ID, after.CreatedAt, after.LastUsedAt = before.ID, before.CreatedAt, before.LastUsedAt
	if bytes.Equal(after.Hash, before.Hash) {
		after.OldHash, after.OldUntil = before.OldHash, before.OldUntil
	}
	return after
}

// changedKeyFields names what differs. It never tells a value.
func changedKeyFields(before, after provider.ServiceKey) []string {
	var names []string
	differs := func(name string, differs bool) {
		if differs {
			names = append(names, name)
		}
	}
	differs("app_ids", !slices.Equal(before.AppIDs, after.AppIDs))
	differs("permissions", !slices.Equal(before.Permissions, after.Permissions))
	differs("cap_use", before.CapUse != after.CapUse)
	differs("cap_day", before.CapDay != after.CapDay)
	differs("rate", before.Rate != after.Rate)
	differs("expires_at", !before.ExpiresAt.Equal(after.ExpiresAt))
	differs("value", !bytes.Equal(before.Hash, after.Hash))
	return names
}
