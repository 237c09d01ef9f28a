package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/containerd/console"
	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack/registry"
)

type loginOptions struct {
	network       networkFlags
	username      string
	passwordStdin bool
}

func newLoginCommand(p *Process) *cobra.Command {
	o := &loginOptions{}
	cmd := &cobra.Command{
		Use:   "login HOST",
		Short: "Log in to a registry",
		Long: `Login tries a name and a password at a registry, and keeps them if the registry takes them: in the
credential helper that the Docker configuration names for it, or else in its config.json, which only you
can read then. Docker, podman and skopeo read the same file.

The password is read from standard input, or asked for on a terminal. Many registries want a token in
its place. Workflows use docker/login-action.`,
		Example: "  seedpack login ghcr.io -u my-name\n  seedpack login registry.example.com -u robot <token.txt",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return logIn(cmd.Context(), p, o, args[0]) },
	}
	s := cmd.Flags()
	s.StringVarP(&o.username, "username", "u", "", "the name; without it, it is asked for on a terminal")
	s.BoolVar(&o.passwordStdin, "password-stdin", false, "read the password from standard input, also from a terminal")
	o.network.add(s)
	return cmd
}

// registryHost returns the host of HOST[/NAMESPACE], as --registry takes it.
func registryHost(arg string) (string, error) {
	if host, _, ok := strings.Cut(strings.TrimPrefix(arg, "https://"), "/v1/"); ok || arg == "https://"+host {
		arg = host
	}
	if arg == "docker.io" || arg == "index.docker.io" {
		return "docker.io", nil
	}
	if err := checkRegistry(arg); err != nil {
		return "", err
	}
	host, _, _ := strings.Cut(arg, "/")
	if host == "" {
		return "", exit.Usagef("name the registry: seedpack login HOST")
	}
	return host, nil
}

func logIn(ctx context.Context, p *Process, o *loginOptions, arg string) error {
	host, err := registryHost(arg)
	if err != nil {
		return err
	}
	remote, _, err := o.network.options(p)
	if err != nil {
		return err
	}
	login, err := o.read(p, host)
	if err != nil {
		return err
	}
	p.secrets.Add(login.Password)
	open, err := remote.Try(ctx, host, login)
	var refused *registry.RefusedLogin
	if errors.As(err, &refused) {
		return fmt.Errorf("%w\nnothing is written; many registries want a token in place of a password", err)
	}
	if err != nil {
		return fmt.Errorf("%w\nnothing is written", err)
	}
	place, err := remote.Keychain.Store(ctx, host, login)
	if err != nil {
		return err
	}
	if open {
		sayf(p.Stderr, "%s asks nobody for credentials, so that these could not be tried", host)
	}
	sayf(p.Stdout, "logged in to %s as %s; the credentials are in %s", host, login.Username, place)
	return nil
}

// read reads the name and the password.
func (o *loginOptions) read(p *Process, host string) (registry.Login, error) {
	_, asks := terminal(p.Stdin)
	login := registry.Login{Username: o.username}
	lines := &asker{bufio.NewReader(p.Stdin), p.Stderr}
	switch {
	case strings.ContainsAny(login.Username, ":\r\n"):
		return login, exit.Usagef("--username %q must not have a colon or a line end", login.Username)
	case login.Username == "" && (!asks || o.passwordStdin):
		return login, exit.Usagef("name the user: seedpack login %s -u NAME", host)
	case login.Username == "":
		name, err := lines.line("name for " + host + ": ")
		if err != nil {
			return login, noAnswer(err)
		}
		if login.Username = strings.TrimSpace(name); login.Username == "" || strings.Contains(login.Username, ":") {
			return login, exit.Usagef("the name %q must be text without a colon", login.Username)
		}
	}
	var err error
	if asks && !o.passwordStdin {
		login.Password, err = o.prompt(p, lines, fmt.Sprintf("password of %s (it is not shown): ", login.Username))
	} else {
		login.Password, err = readPassword(p.Stdin)
	}
	if err == nil && login.Password == "" {
		err = exit.Usagef("the password is empty: write it to standard input, as in seedpack login %s -u %s <FILE", host, login.Username)
	}
	return login, err
}

// readPassword reads all of standard input. A line end behind the password does not belong to it.
func readPassword(from io.Reader) (string, error) {
	const most = 64 << 10
	text, err := io.ReadAll(io.LimitReader(from, most+1))
	if err != nil {
		return "", err
	}
	password := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if len(text) > most || strings.ContainsAny(password, "\r\n\x00") {
		return "", exit.Usagef("standard input should have the password alone, in one line")
	}
	return password, nil
}

// prompt asks for a password without showing it.
func (o *loginOptions) prompt(p *Process, lines *asker, text string) (string, error) {
	if file, ok := underlying(p.Stdin).(*os.File); ok {
		c, err := console.ConsoleFromFile(file)
		if err != nil {
			return "", err
		}
		if err := c.DisableEcho(); err != nil {
			return "", err
		}
		defer func() {
			_ = c.Reset() // a terminal that is gone needs no echo
			fmt.Fprintln(p.Stderr)
		}()
	}
	password, err := lines.line(text)
	return strings.TrimRight(password, "\r\n"), noAnswer(err)
}

// noAnswer turns the end of the input into a mistake in the command line.
func noAnswer(err error) error {
	if errors.Is(err, io.EOF) {
		return exit.Usagef("there was no answer")
	}
	return err
}

func newLogoutCommand(p *Process) *cobra.Command {
	return &cobra.Command{
		Use:   "logout HOST",
		Short: "Forget the credentials for a registry",
		Long: `Logout removes the credentials for a registry from the Docker configuration, and from the credential
helper that it names. It says which other files still have some.`,
		Example: "  seedpack logout ghcr.io",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return logOut(cmd.Context(), p, args[0]) },
	}
}

func logOut(ctx context.Context, p *Process, arg string) error {
	host, err := registryHost(arg)
	if err != nil {
		return err
	}
	place, others, err := (&registry.Keychain{Secrets: p.secrets}).Erase(ctx, host)
	if err != nil {
		return err
	}
	if place == "" {
		sayf(p.Stdout, "there were no credentials for %s", host)
	} else {
		sayf(p.Stdout, "logged out of %s; the credentials are removed from %s", host, place)
	}
	for _, file := range others {
		sayf(p.Stderr, "%s still has credentials for %s: podman logout removes them", file, host)
	}
	return nil
}
