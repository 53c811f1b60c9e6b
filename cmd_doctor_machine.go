package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"mana/provider"
	"mana/storage"
)

// Where a disk is too full, of 1. SQLite needs room for its log, and for a copy at each backup.
const (
	diskNote    = 0.15 // as the alert ManaDiskFull
	diskProblem = 0.01
)

// checkFolder looks at who may read the files of the data folder.
func (d *doctor) checkFolder(context.Context) {
	const check = "DATA_DIR"
	folder := d.cfg.dataDir
	info, err := os.Stat(folder)
	if errors.Is(err, fs.ErrNotExist) {
		if !storage.IsPostgres(d.cfg.database()) {
			d.note(check, folder+" does not exist yet", "serve makes it")
		}
		return
	}
	if err != nil {
		d.problem(check, err.Error(), "let the user of the program read it")
		return
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		d.problem(check, fmt.Sprintf("%s can be written by others (%#o)", folder, mode), "chmod 700 "+folder)
	}
	probe, err := os.CreateTemp(folder, ".doctor-")
	if err != nil {
		d.problem(check, folder+" cannot be written", "give it to the user of the program: chown")
		return
	}
	_ = probe.Close()
	_ = os.Remove(probe.Name())
	for _, name := range []string{masterKeyFile, "mana.db", "mana.db-wal"} {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
			d.problem(check, fmt.Sprintf("%s can be read by others (%#o)", path, info.Mode().Perm()), "chmod 600 "+path)
		}
	}
	d.ok(check, folder+" can be written")
}

// checkDisk looks at what is left of it.
func (d *doctor) checkDisk(context.Context) {
	free := freeRatio(d.cfg.dataDir)
	if math.IsNaN(free) {
		return // there is no such folder, which is said elsewhere, or the system does not tell
	}
	d.findings = append(d.findings, weighDisk(free))
}

// weighDisk weighs what is left of a disk, of 1.
func weighDisk(free float64) finding {
	f := finding{findingOK, "disk", fmt.Sprintf("%.1f %% are free", 100*free), ""}
	switch {
	case free < diskProblem:
		f.State = findingProblem
	case free < diskNote:
		f.State = findingNote
	default:
		return f
	}
	f.Cure = "make room: when it is full, nothing can be written"
	return f
}

// weakPasswords are parts of passwords that are tried first.
var weakPasswords = []string{"password", "changeme", "change-me", "secret", "postgres", "example", "12345", "qwerty"}

const shortPassword = 12 // characters

// weak tells why a secret is one that is guessed.
func weak(secret string) string {
	lower := strings.ToLower(secret)
	for _, word := range weakPasswords {
		if strings.Contains(lower, word) {
			return "is one that is guessed"
		}
	}
	if len(secret) < shortPassword {
		return fmt.Sprintf("has fewer than %d characters", shortPassword)
	}
	return ""
}

// checkSecrets looks for secrets that are guessed, in production.
func (d *doctor) checkSecrets(context.Context) {
	if d.cfg.dev {
		return
	}
	const cure = "make another: openssl rand -hex 24"
	for _, name := range []string{"DATABASE_URL", "DATABASE_DIRECT_URL", "VALKEY_URL"} {
		if at, err := url.Parse(d.cfg.set[name]); err == nil && at.User != nil {
			password, _ := at.User.Password()
			if why := weak(password); password != "" && why != "" {
				d.problem(name, "its password "+why, cure)
			}
		}
	}
	if password := d.cfg.set["REDIS_PASSWORD"]; password != "" && weak(password) != "" {
		d.problem("REDIS_PASSWORD", weak(password), cure)
	}
	if key := d.cfg.masterKey; key != nil && key.Weak() {
		d.problem("MASTER_KEY", "is no random key: most of its bytes are the same", "make one: (umask 077; mana config new-key > master.key), before anything is sealed with it")
	}
}

// checkPort finds out who listens there.
func (d *doctor) checkPort(ctx context.Context) {
	const check = "PORT"
	listeners, err := listen(d.cfg)
	if err == nil {
		closeAll(listeners)
		d.note(check, "no server runs here", "mana serve")
		return
	}
	answer, asked := d.ask(ctx, "http://"+d.cfg.ownAddress()+"/health/live")
	var health struct{ Status string }
	switch {
	case asked != nil || json.Unmarshal(answer, &health) != nil || health.Status == "":
		d.problem(check, d.cfg.ownAddress()+" is taken by another program", "choose another with "+d.cfg.otherPort())
	case askReady(ctx, d.cfg.ownAddress()) != nil:
		d.problem(check, "the server that runs here is not ready", "its log says why")
	default:
		d.ok(check, "a server runs here and is ready")
	}
}

// ask gets a small document.
func (d *doctor) ask(ctx context.Context, at string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	response, err := d.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", at, response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, 1<<20))
}

// checkIssuer follows the address that apps use to the document that they read there.
func (d *doctor) checkIssuer(ctx context.Context) {
	const check = "ISSUER"
	issuer := d.cfg.issuer.String()
	if listeners, err := listen(d.cfg); err == nil && d.cfg.dev {
		closeAll(listeners)
		return // no server runs, which is said elsewhere
	} else if err == nil {
		closeAll(listeners)
	}
	answer, err := d.ask(ctx, issuer+provider.PathDiscovery)
	if err != nil {
		d.problem(check, "cannot be reached: "+reason(err), fmt.Sprintf("lead %s to %s on this machine; look at DNS, the certificate and the proxy", issuer, d.cfg.ownAddress()))
		return
	}
	var document struct {
		Issuer string `json:"issuer"`
		JWKS   string `json:"jwks_uri"`
	}
	if json.Unmarshal(answer, &document) != nil || document.Issuer != issuer {
		d.problem(check, fmt.Sprintf("%s serves the issuer %q", issuer, document.Issuer), "set ISSUER to the address that apps use, letter by letter, or lead it here")
		return
	}
	var set jose.JSONWebKeySet
	answer, err = d.ask(ctx, document.JWKS)
	if err == nil {
		err = json.Unmarshal(answer, &set)
	}
	if err != nil {
		d.problem(check, "its key set cannot be read: "+reason(err), "lead "+document.JWKS+" here")
		return
	}
	d.checkKeySet(ctx, set)
}

// reason is an error without the address, which is said already.
func reason(err error) string {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	if dial, ok := errors.AsType[*net.OpError](err); ok {
		err = dial.Err
	}
	return err.Error()
}

// checkProxies demands that the proxy which ends TLS is known: we do not.
func (d *doctor) checkProxies(context.Context) {
	if d.cfg.dev || !d.cfg.secure() {
		return
	}
	if len(d.cfg.proxies) == 0 {
		d.problem("TRUSTED_PROXIES", "not set, though a proxy must end TLS for "+d.cfg.issuer.String()+": all people would share its address, and its limits",
			"set it to the network of the proxy, such as 10.0.0.0/8")
		return
	}
	d.ok("TRUSTED_PROXIES", strconv.Itoa(len(d.cfg.proxies))+" networks")
}
