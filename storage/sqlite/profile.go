package sqlite

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
	err := s.db.write(ctx, func(t *tx) error {
		var row userRow
		err := t.queryRow(`SELECT `+userColumns+` FROM auth_users u WHERE u.id = ? AND u.deleted_at IS NULL`, id.String()).
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
		_, err = t.exec(`UPDATE auth_users SET name = ?, avatar_url = ?, claims = ?, email_verified = ?, updated_at = ? WHERE id = ?`,
			revised.Name, revised.AvatarURL, string(profile), revised.EmailVerified, timestamp(now), id.String())
		return err
	})
	return revised, err
}
