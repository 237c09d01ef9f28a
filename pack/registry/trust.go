package registry

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"path/filepath"

	"github.com/seedpack/seedpack/disk"
)

// A Trust is a set of certificates that registries may show, in addition to those of the system. The zero value is
// empty.
type Trust struct {
	File      string
	Transport http.RoundTripper // trusts them; nil in the zero value
	PEM       []byte            // content of File
}

// ReadTrust reads the certificates of one or more authorities in PEM.
func ReadTrust(path string) (Trust, error) {
	text, err := disk.ReadFile(path, disk.MaxText)
	if err != nil {
		return Trust{}, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return Trust{}, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return Trust{}, fmt.Errorf("read the certificates of the system: %w", err)
	}
	if !pool.AppendCertsFromPEM(text) {
		return Trust{}, fmt.Errorf("%s holds no certificate in PEM", path)
	}
	return Trust{path, newTransport(pool), text}, nil
}
