package postgres

import (
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// registerTypes teaches a connection that times are in UTC, and that ids go as they are, not by way of their text.
func registerTypes(m *pgtype.Map) {
	m.RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	m.TryWrapEncodePlanFuncs = append([]pgtype.TryWrapEncodePlanFunc{wrapID}, m.TryWrapEncodePlanFuncs...)
	m.TryWrapScanPlanFuncs = append([]pgtype.TryWrapScanPlanFunc{wrapIDTarget}, m.TryWrapScanPlanFuncs...)
}

func wrapID(value any) (pgtype.WrappedEncodePlanNextSetter, any, bool) {
	id, ok := value.(uuid.UUID)
	return &idEncoding{}, [16]byte(id), ok
}

func wrapIDTarget(target any) (pgtype.WrappedScanPlanNextSetter, any, bool) {
	id, ok := target.(*uuid.UUID)
	return &idScanning{}, (*[16]byte)(id), ok
}

// idEncoding and idScanning are steps between an id and the type that the driver knows.
type (
	idEncoding struct{ next pgtype.EncodePlan }
	idScanning struct{ next pgtype.ScanPlan }
)

// SetNext implements [pgtype.WrappedEncodePlanNextSetter].
func (p *idEncoding) SetNext(next pgtype.EncodePlan) { p.next = next }

// Encode implements [pgtype.EncodePlan].
func (p *idEncoding) Encode(value any, buf []byte) ([]byte, error) {
	return p.next.Encode([16]byte(value.(uuid.UUID)), buf)
}

// SetNext implements [pgtype.WrappedScanPlanNextSetter].
func (p *idScanning) SetNext(next pgtype.ScanPlan) { p.next = next }

// Scan implements [pgtype.ScanPlan].
func (p *idScanning) Scan(src []byte, target any) error {
	return p.next.Scan(src, (*[16]byte)(target.(*uuid.UUID)))
}
