package sqlite

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"mana/provider/identity"
)

// insertEvent writes one row of the security log, and the mail that tells the person.
func insertEvent(t *tx, e identity.Event, now int64) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("making an id: %w", err)
	}
	var metadata any
	if len(e.Metadata) > 0 {
		encoded, err := json.Marshal(e.Metadata)
		if err != nil {
			return fmt.Errorf("encoding an event: %w", err)
		}
		metadata = string(encoded)
	}
	_, err = t.exec(`INSERT INTO auth_security_events
		(id, user_id, event_type, ip_address, user_agent, metadata, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		id.String(), optionalID(e.UserID), e.Type, e.Device.IPAddress, e.Device.UserAgent, metadata, now)
	if err != nil {
		return err
	}
	return insertMail(t, e.UserID, e.Notice(id, fromTimestamp(now)), now)
}

// insertEvents is insertEvent for several.
func insertEvents(t *tx, events []identity.Event, now int64) error {
	for _, e := range events {
		if err := insertEvent(t, e, now); err != nil {
			return fmt.Errorf("noting an event: %w", err)
		}
	}
	return nil
}
