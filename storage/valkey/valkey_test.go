package valkey_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ulule/limiter/v3"
	"go.uber.org/goleak"

	"mana/storage/storagetest"
	"mana/storage/valkey"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open waits longer than a program would, so that a busy machine looks no different.
func open(t *testing.T, url string, now func() time.Time) *valkey.Valkey {
	t.Helper()
	return openWaiting(t, url, 10*time.Second, now)
}

// openWaiting waits for an answer as long as is said.
func openWaiting(t *testing.T, url string, wait time.Duration, now func() time.Time) *valkey.Valkey {
	t.Helper()
	server, err := valkey.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	v, err := valkey.Open(valkey.Config{
		Server: server, Secret: []byte("a secret of the test"), Wait: wait, Logger: slog.New(slog.DiscardHandler), Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

// run looks after the connection until the test ends, and gives the signals.
func run(t *testing.T, v *valkey.Valkey) <-chan valkey.Signal {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan valkey.Signal, 100)
	var group sync.WaitGroup
	group.Go(func() { v.Run(ctx, func(s valkey.Signal) { signals <- s }) })
	t.Cleanup(func() { cancel(); group.Wait() })
	return signals
}

func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("got nothing for 10 s, want: %s", what)
		}
	}
}

// wantSignal waits for a signal, past others.
func wantSignal(t *testing.T, signals <-chan valkey.Signal, want valkey.Signal) {
	t.Helper()
	timeout := time.After(10 * time.Second)
	for {
		select {
		case got := <-signals:
			if got == want {
				return
			}
		case <-timeout:
			t.Fatalf("got no signal for 10 s, want %q", want)
		}
	}
}

var aMinute = limiter.Rate{Limit: 100, Period: time.Minute}

func TestLimits(t *testing.T) {
	t.Parallel()
	server := storagetest.StartValkey(t)
	storagetest.Limits(t, func(t *testing.T) (limiter.Store, func() time.Time, func(time.Duration)) {
		server.Do(t, "FLUSHALL")
		var passed atomic.Int64
		now := func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }
		return open(t, server.URL, now).Limits(), now, func(d time.Duration) {
			server.Pass(t, d)
			passed.Add(int64(d))
		}
	})
}

// TestKeys shows what stands in Valkey: one prefix, an end, and nobody's address.
func TestKeys(t *testing.T) {
	t.Parallel()
	server := storagetest.StartValkey(t)
	a, b := open(t, server.URL, time.Now), open(t, server.URL, time.Now)
	for _, v := range []*valkey.Valkey{a, b} {
		if _, err := v.Limits().Increment(t.Context(), "login 203.0.113.7", 1, aMinute); err != nil {
			t.Fatal(err)
		}
	}
	keys := strings.Split(server.Do(t, "KEYS", "*"), "\n")
	if len(keys) != 1 || !strings.HasPrefix(keys[0], "mana:1:limit:") || strings.Contains(keys[0], "203") || strings.Contains(keys[0], "login") {
		t.Fatalf("got the keys %q, want one without an address", keys)
	}
	if count, ends := server.Do(t, "GET", keys[0]), server.Do(t, "PTTL", keys[0]); count != "2" || len(ends) != 5 {
		t.Errorf("got %s that ends in %s ms, want 2 within the minute", count, ends)
	}
	server.Do(t, "PERSIST", keys[0])
	if _, err := a.Limits().Increment(t.Context(), "login 203.0.113.7", 1, aMinute); err != nil || server.Do(t, "PTTL", keys[0]) == "-1" {
		t.Errorf("got %v and a counter without an end, want it to end", err)
	}
	server.Do(t, "SET", keys[0], "no number")
	if _, err := a.Limits().Increment(t.Context(), "login 203.0.113.7", 1, aMinute); err == nil {
		t.Error("got no error for what is no counter")
	}
}

// TestModes lets a server fail in each way, and come back.
func TestModes(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]struct {
		fail, mend func(*testing.T, *storagetest.ValkeyServer)
	}{
		"stopped": {
			func(_ *testing.T, s *storagetest.ValkeyServer) { s.Stop() },
			func(t *testing.T, s *storagetest.ValkeyServer) { s.Start(t) },
		},
		"hanging": {
			func(t *testing.T, s *storagetest.ValkeyServer) { s.Hang(t) },
			func(t *testing.T, s *storagetest.ValkeyServer) { s.Resume(t) },
		},
		"full": {
			func(t *testing.T, s *storagetest.ValkeyServer) { s.Do(t, "CONFIG", "SET", "maxmemory", "1") },
			func(t *testing.T, s *storagetest.ValkeyServer) { s.Do(t, "CONFIG", "SET", "maxmemory", "0") },
		},
		"read-only": {
			func(t *testing.T, s *storagetest.ValkeyServer) { s.Do(t, "REPLICAOF", "127.0.0.1", "1") },
			func(t *testing.T, s *storagetest.ValkeyServer) { s.Do(t, "REPLICAOF", "NO", "ONE") },
		},
		"refusing": {
			func(t *testing.T, s *storagetest.ValkeyServer) { s.Do(t, "ACL", "SETUSER", "mana", "-evalsha") },
			func(t *testing.T, s *storagetest.ValkeyServer) { s.Do(t, "ACL", "SETUSER", "mana", "+evalsha") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := storagetest.StartValkey(t)
			v := openWaiting(t, server.URL, 0, time.Now)
			signals := run(t, v)
			eventually(t, "it counts", func() bool { return v.Ping(t.Context()) == nil })
			mode.fail(t, server)
			failed := 0
			eventually(t, "it is known to be away", func() bool {
				_, err := v.Limits().Increment(t.Context(), "k", 1, aMinute)
				if err == nil {
					t.Fatal("got a count")
				}
				failed++
				// Questions that a full server answers must not hide that it counts nothing.
				_, _ = v.Limits().Peek(t.Context(), "k", aMinute)
				return errors.Is(err, valkey.ErrAway)
			})
			if failed > 6 {
				t.Errorf("got %d failures until nothing was asked any more, want at most 5", failed-1)
			}
			if err := v.Ping(t.Context()); !errors.Is(err, valkey.ErrAway) {
				t.Errorf("got %v, want it away", err)
			}
			if err := v.Publish(t.Context(), valkey.Ended); !errors.Is(err, valkey.ErrAway) {
				t.Errorf("got %v, want it away", err)
			}
			mode.mend(t, server)
			eventually(t, "it counts again", func() bool {
				_, err := v.Limits().Increment(t.Context(), "k", 1, aMinute)
				return err == nil
			})
			eventually(t, "it can be told again", func() bool { return v.Publish(t.Context(), valkey.Ended) == nil })
			wantSignal(t, signals, valkey.Ended)
		})
	}
}

// TestSlow reaches a server through a line that takes longer than a request may wait, and then no longer does.
func TestSlow(t *testing.T) {
	t.Parallel()
	server := storagetest.StartValkey(t)
	var delay atomic.Int64
	front := line(t, server.Address, &delay)
	v := openWaiting(t, strings.Replace(server.URL, server.Address(), front, 1), 0, time.Now)
	run(t, v)
	eventually(t, "it counts", func() bool { return v.Ping(t.Context()) == nil })
	delay.Store(int64(200 * time.Millisecond))
	eventually(t, "it is known to be away", func() bool {
		_, err := v.Limits().Increment(t.Context(), "k", 1, aMinute)
		return errors.Is(err, valkey.ErrAway)
	})
	delay.Store(0)
	eventually(t, "it counts again", func() bool { return v.Ping(t.Context()) == nil })
}

// line passes each connection on to the address that is right when it begins, and answers after a delay.
func line(t *testing.T, to func() string, delay *atomic.Int64) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var lines sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); lines.Wait() })
	lines.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to())
			if err != nil {
				_ = near.Close()
				continue
			}
			lines.Go(func() { _, _ = io.Copy(far, near); _ = far.Close() })
			lines.Go(func() {
				defer near.Close()
				answer := make([]byte, 4096)
				for {
					n, err := far.Read(answer)
					if err != nil {
						return
					}
					time.Sleep(time.Duration(delay.Load()))
					_, _ = near.Write(answer[:n])
				}
			})
		}
	})
	return listener.Addr().String()
}

// TestFailover leaves a server that was replaced and lives on, for the one to which its address leads now.
func TestFailover(t *testing.T) {
	t.Parallel()
	old, successor := storagetest.StartValkey(t), storagetest.StartValkey(t)
	var at atomic.Pointer[storagetest.ValkeyServer]
	at.Store(old)
	front := line(t, func() string { return at.Load().Address() }, new(atomic.Int64))
	v := open(t, strings.Replace(old.URL, old.Address(), front, 1), time.Now)
	signals := run(t, v)
	eventually(t, "it counts", func() bool { return v.Ping(t.Context()) == nil })
	wantSignal(t, signals, valkey.Changed)
	at.Store(successor)
	host, port, _ := net.SplitHostPort(successor.Address())
	old.Do(t, "REPLICAOF", host, port)
	eventually(t, "it counts at the successor", func() bool {
		_, err := v.Limits().Increment(t.Context(), "k", 1, aMinute)
		return err == nil && successor.Do(t, "EXISTS", "mana:1:probe") == "1"
	})
	eventually(t, "it listens to the successor", func() bool {
		return strings.HasSuffix(successor.Do(t, "PUBSUB", "NUMSUB", "mana:1:signals"), "1")
	})
	eventually(t, "nobody listens to the server that was replaced", func() bool {
		return strings.HasSuffix(old.Do(t, "PUBSUB", "NUMSUB", "mana:1:signals"), "0")
	})
	if err := v.Publish(t.Context(), valkey.Ended); err != nil {
		t.Error(err)
	}
}

// TestEvicted starts at nothing with a server that threw a counter away to make room.
func TestEvicted(t *testing.T) {
	t.Parallel()
	server := storagetest.StartValkey(t)
	limits := open(t, server.URL, time.Now).Limits()
	if _, err := limits.Increment(t.Context(), "k", 1, aMinute); err != nil {
		t.Fatal(err)
	}
	server.Do(t, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
	server.Do(t, "CONFIG", "SET", "maxmemory", "1")
	eventually(t, "the counter is thrown away", func() bool { return server.Do(t, "DBSIZE") == "0" })
	server.Do(t, "CONFIG", "SET", "maxmemory", "0")
	if got, err := limits.Increment(t.Context(), "k", 1, aMinute); err != nil || got.Remaining != 99 {
		t.Errorf("got %+v, %v, want the first count", got, err)
	}
}

// TestFlushed starts at nothing with an emptied server that has forgotten the script too.
func TestFlushed(t *testing.T) {
	t.Parallel()
	server := storagetest.StartValkey(t)
	limits := open(t, server.URL, time.Now).Limits()
	for range 2 {
		got, err := limits.Increment(t.Context(), "k", 1, aMinute)
		if err != nil || got.Remaining != 99 {
			t.Errorf("got %+v, %v, want the first count", got, err)
		}
		server.Do(t, "FLUSHALL")
		server.Do(t, "SCRIPT", "FLUSH")
	}
}

// TestAwayAtStart opens without a server, and finds it when it comes.
func TestAwayAtStart(t *testing.T) {
	t.Parallel()
	server := storagetest.StartValkey(t)
	server.Stop()
	v := open(t, server.URL, time.Now)
	if err := v.Ping(t.Context()); !errors.Is(err, valkey.ErrAway) {
		t.Errorf("got %v, want it away", err)
	}
	run(t, v)
	server.Start(t)
	eventually(t, "it counts", func() bool { return v.Ping(t.Context()) == nil })
}

// TestWrongPassword is away, and says so.
func TestWrongPassword(t *testing.T) {
	t.Parallel()
	server := storagetest.StartValkey(t)
	v := open(t, strings.Replace(server.URL, "secret", "wrong", 1), time.Now)
	if err := v.Ping(t.Context()); !errors.Is(err, valkey.ErrAway) {
		t.Errorf("got %v, want it away", err)
	}
}

// TestGoneCallers shows that callers who go away say nothing about Valkey.
func TestGoneCallers(t *testing.T) {
	t.Parallel()
	v := open(t, storagetest.StartValkey(t).URL, time.Now)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 10 {
		if _, err := v.Limits().Increment(gone, "k", 1, aMinute); err == nil {
			t.Error("got a count for nobody")
		}
	}
	if err := v.Ping(t.Context()); err != nil {
		t.Errorf("got %v", err)
	}
}

// TestSignals tells every process of what one says, and of everything after each connection.
func TestSignals(t *testing.T) {
	t.Parallel()
	server := storagetest.StartValkey(t)
	a, b := open(t, server.URL, time.Now), open(t, server.URL, time.Now)
	heardA, heardB := run(t, a), run(t, b)
	for _, heard := range []<-chan valkey.Signal{heardA, heardB} {
		wantSignal(t, heard, valkey.Ended) // since it is connected
		wantSignal(t, heard, valkey.Changed)
	}
	server.Do(t, "PUBLISH", "mana:1:signals", "something else")
	for _, s := range []valkey.Signal{valkey.Ended, valkey.Changed} {
		if err := a.Publish(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		for name, heard := range map[string]<-chan valkey.Signal{"its own process": heardA, "the other": heardB} {
			if got := <-heard; got != s {
				t.Errorf("%s: got %q, want %q", name, got, s)
			}
		}
	}
	server.Stop()
	server.Start(t)
	wantSignal(t, heardB, valkey.Ended)
	wantSignal(t, heardB, valkey.Changed)
}

// TestWrongAnswer is a server whose answers are those of other calls: they count nothing.
func TestWrongAnswer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); served.Wait() }) // after the client has closed
	served.Go(func() {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		defer connection.Close()
		request := make([]byte, 4096)
		answer := "%1\r\n$5\r\nproto\r\n:3\r\n"
		for {
			if _, err := connection.Read(request); err != nil {
				return
			}
			if _, err := connection.Write([]byte(answer)); err != nil {
				return
			}
			answer = "*3\r\n$11\r\nmana:1:what\r\n:1\r\n:1000\r\n"
		}
	})
	v := open(t, "redis://"+listener.Addr().String(), time.Now)
	if got, err := v.Limits().Increment(t.Context(), "k", 1, aMinute); err == nil {
		t.Errorf("got %+v, want no count", got)
	}
}
