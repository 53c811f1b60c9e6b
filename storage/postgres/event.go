package postgres

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/provider/identity"
)

// insertEvent writes one row of the security log, and the mail that tells the person.
func insertEvent(t *tx, e identity.Event, now time.Time) error {
	args, err := eventRow(e, now)
	if err != nil {
		return err
	}
	if _, err = t.exec(insertEventRow, args...); err != nil {
		return err
	}
	return insertMail(t, e.UserID, e.Notice(args[0].(uuid.UUID), now), now)
}

const insertEventRow = `INSERT INTO auth.security_events
	(id, user_id, event_type, ip_address, user_agent, metadata, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`

// eventRow are the parameters of insertEventRow.
func eventRow(e identity.Event, now time.Time) ([]any, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("making an id: %w", err)
	}
	var metadata any
	if len(e.Metadata) > 0 {
		encoded, err := json.Marshal(e.Metadata)
		if err != nil {
			return nil, fmt.Errorf("encoding an event: %w", err)
		}
		metadata = string(encoded)
	}
	return []any{
		id, optionalID(e.UserID), e.Type, e.Device.IPAddress, printable(e.Device.UserAgent), metadata, now,
	}, nil
}

// insertEvents is insertEvent for several.
func insertEvents(t *tx, events []identity.Event, now time.Time) error {
	for _, e := range events {
		if err := insertEvent(t, e, now); err != nil {
			return fmt.Errorf("noting an event: %w", err)
		}
	}
	return nil
}

// queueEvents is insertEvents in the round trip of others.
func queueEvents(batch *pgx.Batch, events []identity.Event, now time.Time) error {
	for _, e := range events {
		args, err := eventRow(e, now)
		if err != nil {
			return err
		}
		batch.Queue(insertEventRow, args...)
		mail := e.Notice(args[0].(uuid.UUID), now)
		if mail.Kind == "" {
			continue
		}
		if !mail.Kind.Each() {
			batch.Queue(deleteWaitingMail, e.UserID, string(mail.Kind))
		}
		batch.Queue(insertMailRow, mailRow(e.UserID, "", mail, now)...)
	}
	return nil
}
