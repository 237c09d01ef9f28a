package engine

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/seedpack/seedpack/pack/registry"
)

// systemCertificates are the directories in which Go looks for certificates on Linux.
const systemCertificates = "/etc/ssl/certs:/etc/pki/tls/certs"

// daemonEnviron returns the environment of a daemon that trusts the same certificates as we do. The daemon is a Go
// program: it reads the files in SSL_CERT_DIR in addition to SSL_CERT_FILE or the system's file.
func daemonEnviron(t registry.Trust, dir string) ([]string, error) {
	environ := os.Environ()
	if t.File == "" {
		return environ, nil
	}
	own := filepath.Join(dir, "certificates")
	if err := os.Mkdir(own, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(own, "ca.pem"), t.PEM, 0o644); err != nil {
		return nil, err
	}
	dirs := systemCertificates
	for _, variable := range environ {
		if value, ok := strings.CutPrefix(variable, "SSL_CERT_DIR="); ok && value != "" {
			dirs = value
		}
	}
	return append(environ, "SSL_CERT_DIR="+dirs+":"+own), nil
}
