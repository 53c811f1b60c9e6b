package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"mana/provider/identity"
)

// ReviseProfile implements [identity.Accounts].
func (s *Identity) ReviseProfile(ctx context.Context, id uuid.UUID, revise func(*identity.User) error) (identity.User, error) {
	now := s.db.clock().UTC().Truncate(time.Microsecond)
	var revised identity.User
	err := s.db.writeFor(ctx, id.String(), user(id), func(t *tx) error {
		var row userRow
		err := t.queryRow(`SELECT `+userColumns+` FROM auth.users u WHERE u.id = $1 AND u.deleted_at IS NULL FOR NO KEY UPDATE`, id).
			Scan(row.targets()...)
		if err != nil {
			return notFound(err, identity.ErrNotFound)
		}
		revised = row.value()
		if err := revise(&revised); err != nil {
			return err
		}
		profile, err := json.Marshal(revised.Profile)
		if err != nil {
			return fmt.Errorf("encoding a profile: %w", err)
		}
		revised.UpdatedAt = now
		_, err = t.exec(`UPDATE auth.users SET name = $1, avatar_url = $2, claims = $3, email_verified = $4, updated_at = $5 WHERE id = $6`,
			revised.Name, revised.AvatarURL, string(profile), revised.EmailVerified, now, id)
		return err
	})
	return revised, err
}
