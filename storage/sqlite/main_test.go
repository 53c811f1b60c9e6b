package sqlite_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain finds goroutines that outlive their store.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
