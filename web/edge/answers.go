package edge

import (
	"net/http"
	"sync"
	"time"
)

const (
	maxAnswers = 64 << 20 // bytes of all kept answers

	// settling is how long after an ending no answer is kept that it touches: processes of the origin learn of an ending
	// within a second, and may say the old for so long.
	settling = 3 * time.Second
	// forgetEndings is how long an ending is remembered. An answer that was asked for earlier than that is not kept.
	forgetEndings = time.Minute

	sweepEvery = 15 * time.Second
)

// key is what an answer is kept by: a keyed hash of everything that the origin decides by. It is never shown.
type key [32]byte

// reply is an answer of the origin that is given again.
type reply struct {
	header   http.Header // never changed
	body     []byte
	until    time.Time
	subjects [2]string // whose ending ends it
}

// size is about what a kept answer takes, in bytes.
func (a *reply) size() int { return len(a.body) + 1500 }

// answers keeps answers until something ends that they rest on, or their time. It is safe for concurrent use.
type answers struct {
	mu      sync.Mutex
	kept    map[key]*reply
	about   map[string]map[key]struct{} // keys by subject
	bytes   int
	ended   map[string]time.Time // subjects that ended lately
	allAt   time.Time            // when everything ended last
	sweptAt time.Time
}

func newAnswers() *answers {
	return &answers{kept: make(map[key]*reply), about: make(map[string]map[key]struct{}), ended: make(map[string]time.Time)}
}

// find gives a kept answer, nil if there is none.
func (a *answers) find(k key) *reply {
	a.mu.Lock()
	defer a.mu.Unlock()
	found := a.kept[k]
	if found != nil && !time.Now().Before(found.until) {
		a.remove(k, found)
		return nil
	}
	return found
}

// keep keeps an answer that was asked for at a moment, unless something that it rests on ended since, or shortly before.
func (a *answers) keep(k key, answer *reply, asked time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if asked.Before(a.allAt.Add(settling)) || time.Since(asked) > forgetEndings/2 {
		return
	}
	for _, subject := range answer.subjects {
		if at, ended := a.ended[subject]; ended && asked.Before(at.Add(settling)) {
			return
		}
	}
	if old := a.kept[k]; old != nil {
		a.remove(k, old)
	}
	for other, victim := range a.kept { // any one
		if a.bytes+answer.size() <= maxAnswers {
			break
		}
		a.remove(other, victim)
	}
	a.kept[k] = answer
	a.bytes += answer.size()
	for _, subject := range answer.subjects {
		if a.about[subject] == nil {
			a.about[subject] = make(map[key]struct{})
		}
		a.about[subject][k] = struct{}{}
	}
}

func (a *answers) remove(k key, answer *reply) {
	delete(a.kept, k)
	a.bytes -= answer.size()
	for _, subject := range answer.subjects {
		if delete(a.about[subject], k); len(a.about[subject]) == 0 {
			delete(a.about, subject)
		}
	}
}

// drop drops what rests on subjects that ended.
func (a *answers) drop(subjects []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	for _, subject := range subjects {
		a.ended[subject] = now
		for k := range a.about[subject] {
			a.remove(k, a.kept[k])
		}
	}
}

// dropAll drops everything.
func (a *answers) dropAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.kept)
	clear(a.about)
	clear(a.ended)
	a.bytes, a.allAt = 0, time.Now()
}

// sweep forgets now and then what is over.
func (a *answers) sweep(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.sweptAt) < sweepEvery {
		return
	}
	a.sweptAt = now
	for k, answer := range a.kept {
		if !now.Before(answer.until) {
			a.remove(k, answer)
		}
	}
	for subject, at := range a.ended {
		if now.Sub(at) > forgetEndings {
			delete(a.ended, subject)
		}
	}
}

// size is how much is kept, in bytes.
func (a *answers) size() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.bytes
}
