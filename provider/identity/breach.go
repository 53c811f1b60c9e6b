package identity

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // what the published lists are made of; nothing is protected by it
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"

	"golang.org/x/text/unicode/norm"
)

const (
	breachLine    = 128  // bytes: no line is longer
	breachSamples = 4096 // places of a list that are read when it is opened
	breachPrefix  = 16   // hexadecimal digits that a line has at least, so that hardly a good password is refused
)

// ErrBreachList says that a file is no sorted list of hashes.
var ErrBreachList = errors.New("is not a sorted list of SHA-1 hashes, one a line, such as that of Have I Been Pwned")

// Breaches is a file of the passwords that are known from data breaches: lines HASH or HASH:COUNT, ordered by HASH, the
// SHA-1 of a password or its first 16 and more hexadecimal digits. It is searched where it lies, by halves, and never
// loaded. It is safe for concurrent use.
type Breaches struct {
	file io.ReaderAt
	size int64
}

// OpenBreaches opens a list, which stays open. It reads samples of the list, all of it if it is short. [ErrBreachList].
func OpenBreaches(path string) (*Breaches, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening a list of passwords: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("opening a list of passwords: %w", err)
	}
	b := &Breaches{file: file, size: info.Size()}
	if err := b.check(); err != nil {
		_ = file.Close() // it was only read
		return nil, err
	}
	return b, nil
}

// check holds samples of the list against each other.
func (b *Breaches) check() error {
	if b.size == 0 {
		return ErrBreachList
	}
	step, last := max(b.size/breachSamples, 1), ""
	for at := int64(0); at < b.size; at += step {
		hash, err := b.lineAt(at)
		if err != nil {
			return err
		}
		if hash < last {
			return fmt.Errorf("%w: %s comes after %s", ErrBreachList, hash, last)
		}
		last = hash
	}
	return nil
}

// Holds reports whether a password is in the list.
func (b *Breaches) Holds(password string) (bool, error) {
	sum := sha1.Sum([]byte(norm.NFC.String(password))) //nolint:gosec // as above
	hash := strings.ToUpper(hex.EncodeToString(sum[:]))
	var fault error
	// Search the offset of the first line that is greater than the hash: what is before it may be the hash.
	after := sort.Search(int(b.size), func(at int) bool {
		line, err := b.lineAt(int64(at))
		fault = errors.Join(fault, err)
		return err != nil || line > hash
	})
	if fault != nil || after == 0 {
		return false, fault
	}
	line, err := b.lineAt(int64(after) - 1)
	return err == nil && strings.HasPrefix(hash, line), err
}

// lineAt gives the hash in the line that holds the byte at an offset. [ErrBreachList].
func (b *Breaches) lineAt(at int64) (string, error) {
	from := max(at-breachLine, 0)
	text := make([]byte, 2*breachLine)
	n, err := b.file.ReadAt(text, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading a list of passwords: %w", err)
	}
	if int64(n) <= at-from {
		return "", ErrBreachList // it became shorter
	}
	text = text[:n]
	begin := bytes.LastIndexByte(text[:at-from], '\n') + 1
	if begin == 0 && from > 0 {
		return "", ErrBreachList // the line is too long
	}
	line, _, _ := bytes.Cut(text[begin:], []byte("\n"))
	hash, _, _ := strings.Cut(strings.TrimSuffix(string(line), "\r"), ":")
	if digits := strings.Trim(hash, "0123456789abcdefABCDEF"); digits != "" || len(hash) < breachPrefix || len(hash) > 2*sha1.Size {
		return "", ErrBreachList
	}
	return strings.ToUpper(hash), nil
}

// checkNew holds a new password against the rules and the list of breaches. [ErrPasswordLength], [ErrPasswordCommon],
// [ErrPasswordBreached].
func (s *Service) checkNew(password string, email Email) error {
	if err := CheckNewPassword(password, email); err != nil || s.breaches == nil {
		return err
	}
	known, err := s.breaches.Holds(password)
	if err == nil && known {
		return ErrPasswordBreached
	}
	return err
}
