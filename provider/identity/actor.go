package identity

import (
	"maps"

	"github.com/google/uuid"
)

// Actor is who makes an administrative act: an administrator, whose right storage looks at in the transaction of the
// act, or whoever may use the program's command line.
type Actor struct {
	Admin     uuid.UUID // uuid.Nil: it is nobody who is signed in
	Name      string    // then: what acts, such as "command line"
	Device    Device
	RequestID string
}

// String names the actor in the journal and the security log.
func (a Actor) String() string {
	if a.Admin != uuid.Nil {
		return "admin:" + a.Admin.String()
	}
	return a.Name
}

// Sign is an event as this actor's act.
func (a Actor) Sign(e Event) Event {
	e.Device = a.Device
	metadata := map[string]string{"actor": a.String()}
	if a.RequestID != "" {
		metadata["requestId"] = a.RequestID
	}
	maps.Copy(metadata, e.Metadata)
	e.Metadata = metadata
	return e
}
