package github

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
)

// This file is about users of docker/build-push-action. An input that has the name of one of its inputs means the same here, or
// is refused with the input that does it. A name that meant something else would publish, or not publish, by surprise.

// refuse returns an error for a value that docker/build-push-action takes, and that is another input's here.
func (in *inputs) refuse() error {
	if call := strings.ToLower(in.input("call")); call != "" && call != "build" {
		return exit.Usagef("call %q: the checks of Docker's linter are a part of lint: write command: lint in place of call", call)
	}
	if context := in.input("context"); strings.Contains(context, "{{") {
		return exit.Usagef("context %q: there are no templates here: run actions/checkout before, and name a directory", context)
	}
	outputs, err := in.values("outputs", manyLines)
	if err != nil {
		return err
	}
	for _, spec := range outputs {
		if err := refuseOutput(spec); err != nil {
			return err
		}
	}
	return in.refuseReferences()
}

// publishingText recognizes an output that publishes, also in a text that cannot be read.
var publishingText = regexp.MustCompile(`(?i)type\s*=[\s"']*(registry|image)|push\s*=`)

// refuseOutput refuses outputs that publish, that name the image, or that hand it to Docker.
func refuseOutput(spec string) error {
	publishes := func() error {
		return exit.Usagef("outputs %q would publish the image: write push: true and registry: HOST[/NAMESPACE], which publish it once it is verified", spec)
	}
	fields, err := pack.Fields(spec)
	if err != nil {
		if publishingText.MatchString(spec) {
			return publishes()
		}
		return nil // the command says what is wrong with it
	}
	given := map[string]string{}
	for _, f := range fields {
		key, value := plainWord(f.Key), plainWord(f.Value)
		switch {
		case key == "type" && (value == "registry" || value == "image"), strings.HasPrefix(key, "push"):
			return publishes()
		case key == "name" || key == "store":
			return exit.Usagef("outputs %q: the name of an image comes from its manifest, and its repository from the input registry: leave out %s", spec, key)
		case key == "type" && value == "cacheonly":
			return exit.Usagef("outputs %q: without push and outputs nothing leaves the builder: leave it out", spec)
		}
		given[key] = value
	}
	switch {
	case given["type"] == "docker" && given["dest"] == "":
		return exit.Usagef("outputs %q would hand the image to the Docker Engine: write load: true, or dest=FILE", spec)
	case given["dest"] == "-" || spec == "-":
		return exit.Usagef("outputs %q: the standard output of a step is its log: name a file", spec)
	}
	return nil
}

// plainWord returns a word as it is compared: in lower case, without blanks and quotes around it.
func plainWord(text string) string { return strings.ToLower(strings.Trim(text, " \t\"'")) }

// refuseReferences refuses whole references in tags.
func (in *inputs) refuseReferences() error {
	tags, err := in.values("tags", manyWords)
	if err != nil {
		return err
	}
	for _, tag := range tags {
		if strings.ContainsAny(tag, "/:@") {
			return exit.Usagef("tags %q must be a tag alone, such as latest: the repository comes from the input registry and from the name of the job", tag)
		}
	}
	return nil
}

// gitToken is the name of the secret with which BuildKit reads private repositories. With a host behind it, it is sent to that
// host alone.
const gitToken = "GIT_AUTH_TOKEN"

// tokenSecret returns the input github-token as a secret, if a build context is a repository of this GitHub, and the input
// secrets has no such token.
func (in *inputs) tokenSecret(given [][2]string) (secret [2]string, ok bool, err error) {
	token := in.input("github-token")
	contexts, err := in.values("build-contexts", manyRecords)
	if token == "" || err != nil {
		return secret, false, err
	}
	_, host, _ := strings.Cut(in.env("GITHUB_SERVER_URL"), "://")
	secret = [2]string{gitToken + "." + cmp.Or(host, "github.com"), token}
	for _, other := range given {
		if other[0] == gitToken || other[0] == secret[0] {
			return secret, false, nil
		}
	}
	for _, context := range append(contexts, "="+in.input("context")) {
		_, source, _ := strings.Cut(context, "=")
		for _, prefix := range []string{"https://", "git://", ""} {
			ok = ok || strings.HasPrefix(source, prefix+cmp.Or(host, "github.com")+"/")
		}
	}
	return secret, ok, nil
}
