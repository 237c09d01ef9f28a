package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/docker/cli/cli/config/types"
	helpers "github.com/docker/docker-credential-helpers/credentials"
)

// A HelperError is the error for a credential helper that gave no credentials and did not say that it has none.
type HelperError struct {
	Helper string // the program
	Server string // what it was asked about
	Err    error
}

var errNotInstalled = errors.New("is not installed")

// Error names the program, since it is another one than ours. Of one that is missing it says what to do.
func (e *HelperError) Error() string {
	if errors.Is(e.Err, errNotInstalled) {
		host := strings.TrimSuffix(strings.TrimPrefix(e.Server, "https://"), "/v1/")
		return fmt.Sprintf("the credential helper %s, which Docker's configuration names for %s, is not installed\n"+
			"install it, or take it out of the configuration and log in again: seedpack login %[2]s", e.Helper, host)
	}
	return fmt.Sprintf("the credential helper %s, which Docker's configuration names for %s, %v", e.Helper, e.Server, e.Err)
}

// Unwrap returns what happened.
func (e *HelperError) Unwrap() error { return e.Err }

// Limits for what a helper writes, in bytes.
const (
	maxHelperAnswer = 1 << 20
	maxHelperSaid   = 4 << 10
)

// ask asks the credential helper of a name. It returns an empty value if the helper has nothing for the server.
func (k *Keychain) ask(ctx context.Context, helper, server string) (types.AuthConfig, error) {
	return k.askProgram(ctx, "docker-credential-"+helper, server)
}

func (k *Keychain) askProgram(ctx context.Context, program, key string) (types.AuthConfig, error) {
	k.helper.Lock()
	defer k.helper.Unlock()
	server := key
	if !strings.Contains(server, "://") {
		server, _, _ = strings.Cut(server, "/") // for messages
	}
	if err := k.gaveUp(program); err != nil {
		return types.AuthConfig{}, &HelperError{program, server, err}
	}
	silent := fmt.Errorf("did not answer within %s\ntry it: echo %s | %s get", k.patience(), server, program)
	limited, cancel := context.WithTimeoutCause(ctx, k.patience(), silent)
	defer cancel()
	answer, said, err := runHelper(limited, program, key)
	switch cause := context.Cause(limited); {
	case ctx.Err() != nil:
		return types.AuthConfig{}, context.Cause(ctx)
	case err != nil && cause != nil:
		k.giveUp(program, cause)
		err = cause
	}
	if said != "" {
		k.say(program + " says: " + said)
	}
	if err != nil {
		return types.AuthConfig{}, &HelperError{program, server, err}
	}
	return answer, nil
}

// runHelper asks a helper for the credentials of a server. It returns what the helper wrote on standard error, too.
func runHelper(ctx context.Context, program, server string) (found types.AuthConfig, said string, err error) {
	answer, said, err := callHelper(ctx, program, helpers.ActionGet, server)
	switch {
	case err == nil:
		found, err = parseHelper(answer)
	case helpers.IsErrCredentialsNotFoundMessage(answer):
		err = nil
	}
	return found, said, err
}

// callHelper runs a helper with an action. It returns what the helper wrote on its two outputs. What it wrote is in an error, too.
func callHelper(ctx context.Context, program, action, input string) (text, said string, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cmd := exec.CommandContext(ctx, program, action)
	answer := &limitedBuffer{limit: maxHelperAnswer, full: func() {
		cancel(fmt.Errorf("wrote more than %d bytes", maxHelperAnswer))
	}}
	complaint := &limitedBuffer{limit: maxHelperSaid}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), answer, complaint
	cmd.WaitDelay = time.Second
	apart(cmd)
	err = cmd.Run()
	text, said = strings.TrimSpace(answer.String()), strings.TrimSpace(complaint.String())
	switch cause := context.Cause(ctx); {
	case errors.Is(err, exec.ErrWaitDelay):
		err = nil // it has ended; something that it started has not
	case cause != nil:
		return "", said, cause
	}
	switch {
	case err == nil:
		return text, said, nil
	case helpers.IsErrCredentialsNotFoundMessage(text):
		return text, said, err
	case errors.Is(err, exec.ErrNotFound):
		return "", said, errNotInstalled
	case text == "" && said == "":
		return "", said, fmt.Errorf("ended with %w and said nothing", err)
	case text == "":
		text, said = said, "" // it is said with the error
	}
	return "", said, fmt.Errorf("ended with %w: %s", err, brief(text))
}

// parseHelper reads an answer. An error does not quote it, since it may hold a password.
func parseHelper(text string) (types.AuthConfig, error) {
	const token = "<token>" // in place of a name
	var answer helpers.Credentials
	if err := json.NewDecoder(strings.NewReader(text)).Decode(&answer); err != nil {
		return types.AuthConfig{}, fmt.Errorf("gave an answer that is no JSON object with Username and Secret (its length in bytes: %d)", len(text))
	}
	if answer.Username == token {
		return types.AuthConfig{IdentityToken: answer.Secret}, nil
	}
	return types.AuthConfig{Username: answer.Username, Password: answer.Secret}, nil
}

// brief cuts a foreign message.
func brief(text string) string {
	const most = 400
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + " …"
	}
	return text
}

// A limitedBuffer keeps the beginning of what is written to it. It has no ReadFrom, which would read all.
type limitedBuffer struct {
	text  bytes.Buffer
	limit int
	full  func() // called for what is too much; may be nil
}

func (b *limitedBuffer) String() string { return b.text.String() }

func (b *limitedBuffer) Write(p []byte) (int, error) {
	left := b.limit - b.text.Len()
	if len(p) > left && b.full != nil {
		b.full()
	}
	_, _ = b.text.Write(p[:min(len(p), left)]) // a buffer returns no error
	return len(p), nil
}
