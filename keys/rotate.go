package keys

import (
	"context"
	"fmt"
	"slices"
)

// Rotate lets a new key follow the active one of an algorithm, and returns it. It is published at once and
// signs after [PendingFor]; with now it signs at once, and tokens signed by it fail at verifiers that keep
// an older key set and do not ask again for an unknown key. The ring serves it after [Ring.Reload].
// [ErrAlgorithm].
func (r *Ring) Rotate(ctx context.Context, in Changes, alg string, now bool) (StoredKey, error) {
	if !slices.Contains(r.cfg.Algorithms, alg) {
		return StoredKey{}, fmt.Errorf("rotating %q: %w", alg, ErrAlgorithm)
	}
	state := Pending
	if now {
		state = Active
	}
	k, err := r.make(alg, state)
	if err != nil {
		return StoredKey{}, err
	}
	next, err := in.RotateKey(ctx, k)
	if err != nil {
		return StoredKey{}, fmt.Errorf("rotating %s: %w", alg, err)
	}
	return next, nil
}

// Revoke removes and erases a key at once: the tokens that it signed are refused. Where it was the active
// one, the pending key of its algorithm, or a new one, signs from now on. The ring knows it after
// [Ring.Reload]. [ErrUnknownKey].
func (r *Ring) Revoke(ctx context.Context, in Changes, kid, reason string) error {
	stored, err := r.stored(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(stored, func(k StoredKey) bool { return k.ID == kid && k.State != Removed })
	if i < 0 {
		return fmt.Errorf("revoking %q: %w", kid, ErrUnknownKey)
	}
	spare, err := r.make(stored[i].Algorithm, Active)
	if err != nil {
		return err
	}
	err = in.RevokeKey(ctx, Revocation{ID: kid, Reason: reason, At: r.now(), Spare: spare})
	if err != nil {
		return fmt.Errorf("revoking %q: %w", kid, err)
	}
	return nil
}

// Advance is the life of the keys by itself: what is due takes over, what retired long ago is erased, and
// the next key of an active one that comes of age within [PendingFor] is published. It is to be called now
// and then, by any number of processes. The ring knows it after [Ring.Reload].
func (r *Ring) Advance(ctx context.Context) error {
	if err := r.cfg.Store.AdvanceKeys(ctx, r.now()); err != nil {
		return fmt.Errorf("advancing signing keys: %w", err)
	}
	stored, err := r.stored(ctx)
	if err != nil {
		return err
	}
	active, ok := r.aged(stored)
	if !ok {
		return nil
	}
	next, err := r.make(active.Algorithm, Pending)
	if err != nil {
		return err
	}
	if due := active.ActivatedAt.Add(r.cfg.Rotation); due.After(next.ActivatesAt) {
		next.ActivatesAt = due
	}
	if _, err := r.cfg.Store.PublishKey(ctx, next, active.ID); err != nil {
		return fmt.Errorf("publishing a signing key: %w", err)
	}
	return nil
}

// aged finds the oldest active key whose successor is to be published now. Algorithms change one at a time:
// there is none while a key is pending.
func (r *Ring) aged(stored []StoredKey) (oldest StoredKey, ok bool) {
	if r.cfg.Rotation == 0 {
		return oldest, false
	}
	from := r.now().Add(PendingFor - r.cfg.Rotation)
	for _, k := range stored {
		if k.State == Pending {
			return oldest, false
		}
		due := k.State == Active && slices.Contains(r.cfg.Algorithms, k.Algorithm) && !k.ActivatedAt.After(from)
		if due && (!ok || k.ActivatedAt.Before(oldest.ActivatedAt)) {
			oldest, ok = k, true
		}
	}
	return oldest, ok
}
