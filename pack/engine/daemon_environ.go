package engine

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/seedpack/seedpack/pack/registry"
)

// systemCertificates are the directories where Go looks for them on Linux.
const systemCertificates = "/etc/ssl/certs:/etc/pki/tls/certs"

// daemonEnviron is that of a daemon that trusts what we trust. It is a Go program, too, which reads all files in directories
// of certificates besides the system's file or SSL_CERT_FILE.
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
