package registry

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// Hints end the message of an error. Each begins a line of its own.
const (
	// LoginHint is for a registry that wants other credentials. Registry.LoginHint says more.
	LoginHint = "\nlog in with seedpack login, or ask for the right to push there"
	// FullHint is for a registry that has no room.
	FullHint = "\nthe registry has no room for the image: delete what is not needed there, or have its quota raised"
	// LargeHint is for a registry that takes no request of this size.
	LargeHint = "\na layer is larger than the registry, or a proxy before it, lets a request be: have the limit raised (nginx: client_max_body_size), or make the layer smaller"
	// JoinedHint is for a registry whose challenges BuildKit cannot read.
	JoinedHint = "\nthe registry offers several ways to log in in one line of its WWW-Authenticate header, which BuildKit cannot read\n" +
		"let it send one line for each; or publish in two steps: pack with --output type=oci,dest=image.tar, then publish oci-archive:image.tar"
)

// full matches what registries say of a quota or a disk that is full. The words of a rate limit are others.
var full = regexp.MustCompile(`(?i)no space left|out of (?:disk )?space|insufficient[ _]storage|exceed[a-z]* the configured upper limit|disk (?:is )?full|quota[ _]?(?:is |has been )?(?:exceed|reach|full)|(?:exceed|reach|over)[a-z]*\b.{0,120}\b(?:storage|quota|disk)|(?:storage|disk|space)\b.{0,120}\b(?:exceed|reached|limit)`)

// HintFor returns the hint for what a registry said, in whichever words of whichever client; empty if none fits. Status is that of
// the answer, and 0 if it is unknown.
func HintFor(status int, said string) string {
	switch {
	case status == http.StatusRequestEntityTooLarge && !full.MatchString(said):
		return LargeHint
	case status == http.StatusInsufficientStorage, full.MatchString(said):
		return FullHint
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return LoginHint
	}
	return ""
}

// IsFull reports whether a registry refused a request because it has no room. The same request would be refused again.
func IsFull(err error) bool {
	var te *transport.Error
	return errors.As(err, &te) && HintFor(te.StatusCode, answerOf(te)) == FullHint
}

// answerOf returns what a registry said, without the address that it was asked at.
func answerOf(e *transport.Error) string {
	said := *e
	said.Request = nil
	return said.Error()
}

func (r Registry) pushHint(repository string, err error) string {
	var te *transport.Error
	var unknown x509.UnknownAuthorityError
	var helper *HelperError
	var broken *CredentialsError
	var route *routeError
	switch {
	case errors.As(err, &unknown):
		return "\nis it an authority of your own? name its certificate with --ca-file or SSL_CERT_FILE"
	case errors.As(err, &helper), errors.As(err, &broken), errors.As(err, &route), strings.Contains(err.Error(), " did not answer within "):
		return "" // the error says it
	case errors.As(err, &te) && te.StatusCode == http.StatusNotFound:
		return repositoryMissing(repository)
	case errors.As(err, &te):
		if hint := HintFor(te.StatusCode, answerOf(te)); hint != LoginHint {
			return hint
		}
		return r.LoginHint(repository, te.StatusCode)
	case strings.Contains(err.Error(), resolving):
		return "\nthe credentials could not be read: look at Docker's config.json (DOCKER_CONFIG) and at the credential helper that it names"
	}
	return "\nis the registry's address right, and does it answer?"
}

// resolving is in the errors of go-containerregistry that are about the credentials themselves.
const resolving = "resolving authorization"

// plainCause returns an error about credentials without the words of go-containerregistry, which say nothing that ours do not.
func plainCause(err error) error {
	var helper *HelperError
	var broken *CredentialsError
	switch {
	case errors.As(err, &helper):
		return helper
	case errors.As(err, &broken):
		return broken
	}
	return err
}

func repositoryMissing(repository string) string {
	return "\nthe repository " + repository + " does not exist, and the registry does not make it on the first push: create it"
}

// LoginHint is the hint for a push that a registry refused with a status of HTTP. It says whether there are credentials for the
// registry, and where.
func (r Registry) LoginHint(repository string, status int) string {
	repo, err := name.NewRepository(repository, name.Insecure)
	if err != nil {
		return LoginHint
	}
	return r.loginHint(repo, status, "to push to")
}

func (r Registry) loginHint(repo name.Repository, status int, right string) string {
	host := repo.RegistryStr()
	const how = "seedpack login %s, in a workflow with docker/login-action"
	switch found, place, err := r.keychain().lookUp(context.Background(), repo); {
	case err != nil:
		return "\n" + err.Error()
	case found == (types.AuthConfig{}):
		return fmt.Sprintf("\nthere are no credentials for %s: log in with "+how, host, host)
	case status == http.StatusUnauthorized:
		return fmt.Sprintf("\n%s refused the credentials in %s: log in again with "+how, host, place, host)
	default:
		return fmt.Sprintf("\nthe credentials in %s have no right %s %s: ask for it, or log in as someone else with "+how, place, right, repo, host)
	}
}
