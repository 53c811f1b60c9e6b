package valkey_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mana/storage/storagetest"
	"mana/storage/valkey"
)

// urlOfChild tells a process that TestTLS starts where to connect: what a program trusts is read once.
const urlOfChild = "TEST_VALKEY_URL"

// TestTLS counts by TLS where the server is trusted, and not where it is not, or is called by another name.
func TestTLS(t *testing.T) {
	t.Parallel()
	if url := os.Getenv(urlOfChild); url != "" {
		if err := open(t, url, time.Now).Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		return
	}
	certificate, key := selfSigned(t)
	port := storagetest.FreePort(t)
	server := storagetest.StartValkey(t, "--tls-port", port, "--tls-cert-file", certificate, "--tls-key-file", key,
		"--tls-ca-cert-file", certificate, "--tls-auth-clients", "no")
	at := func(scheme, host string) string {
		u, _, _ := strings.Cut(server.URL, "@")
		return strings.Replace(u, "valkey", scheme, 1) + "@" + net.JoinHostPort(host, port)
	}
	if err := open(t, at("valkeys", "127.0.0.1"), time.Now).Ping(t.Context()); !errors.Is(err, valkey.ErrAway) {
		t.Errorf("got %v from a server that is not trusted, want it away", err)
	}
	if err := open(t, at("valkey", "127.0.0.1"), time.Now).Ping(t.Context()); !errors.Is(err, valkey.ErrAway) {
		t.Errorf("got %v without TLS, want it away", err)
	}
	for url, want := range map[string]bool{
		at("valkeys", "127.0.0.1"): true, at("rediss", "127.0.0.1"): true, at("valkeys", "localhost"): false,
	} {
		command := exec.Command(os.Args[0], "-test.run", "^TestTLS$")
		command.Env = append(os.Environ(), urlOfChild+"="+url, "SSL_CERT_FILE="+certificate)
		if output, err := command.CombinedOutput(); (err == nil) != want {
			t.Errorf("%s: got %v, want success %v\n%s", url, err, want, output)
		}
	}
}

// selfSigned makes a certificate for 127.0.0.1 and its key, in files.
func selfSigned(t *testing.T) (certificateFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, content []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("certificate.pem", "CERTIFICATE", certificate), write("key.pem", "PRIVATE KEY", private)
}
