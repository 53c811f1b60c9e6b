package provider

// Endings are the changes of what answers about access tokens rest on, since a mark: edges that keep such answers drop
// those that they touch.
type Endings struct {
	Mark     int64    // what to ask from the next time
	Lost     bool     // they are too many to tell, or older than what is kept
	Subjects []string // ids of people and of access tokens; some may be told again the next time
}

const (
	// MaxEndings is how many are told at most.
	MaxEndings = 5000
	// KeptEndings is how many are kept at least. Since they are more than are told, none is missed in silence.
	KeptEndings int64 = 2 * MaxEndings
)
