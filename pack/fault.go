package pack

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/seedpack/seedpack/internal/lazy"
)

// A Fault says who can put a failed step right.
type Fault int

// The faults of steps. What is not known for certain counts as Elsewhere.
const (
	Elsewhere Fault = iota // nobody knows: the network, a registry, the builder, its disk and memory
	Author                 // the Dockerfile or a file that it names must change
	Caller                 // something is not given to the build, such as a secret
)

// A cause is what a step failed of, in words.
type cause struct {
	fault Fault
	text  string
	hint  string // empty: there is nothing to add
}

// A causeForm is a message of the engine. The text and the hint have $1 in place of what the first group matched.
type causeForm struct {
	message func() *regexp.Regexp
	cause
}

const tryAgain = "a builder or a registry may be at fault: try again"

// causeForms are tried in their order.
var causeForms = []causeForm{
	{lazy.Regexp(`names no image|has an empty tag|has no closing (?:brace|quote)|is empty here|there is no stage|should be os/arch|must be a whole number`), cause{Author, "", ""}},
	// A Docker Engine of 20.10 says that the executor failed.
	{lazy.Regexp(`(?:did not complete successfully|executor failed running .*): exit code: (137|143)$`), cause{Elsewhere, "the command was ended from outside: exit code $1",
		"is there enough memory for it on the builder?"}},
	{lazy.Regexp(`(?:did not complete successfully|executor failed running .*): exit code: (\d+)$`), cause{Author, "the command ended with exit code $1", ""}},
	{lazy.Regexp(`(?i)(no space left on device)`), cause{Elsewhere, "$1", "the builder's disk is full: docker buildx prune, or buildctl prune, makes room"}},
	{lazy.Regexp(`^secret (.+): not found$`), cause{Caller, "the secret $1 is not given", "give it with --secret id=$1,src=FILE or --secret id=$1,env=NAME"}},
	{lazy.Regexp(`no SSH key "(.*)" forwarded|unset ssh forward key (\S*)`), cause{Caller, "no SSH agent or key is given", "give one with --ssh default or --ssh ID=KEY"}},
	{lazy.Regexp(`(network\.host|security\.insecure|device\S*) is not allowed`), cause{Caller, "the step asks for $1, which the build is not allowed", "allow it with --allow $1"}},
	{lazy.Regexp(`(?i)(?:pull access denied|insufficient_scope|authorization failed|: 40[13] |unauthorized|denied: )`), cause{Elsewhere, "the registry does not show the image: $0",
		"is its name right? log in with docker login if it needs that"}},
	{lazy.Regexp(`failed to resolve source metadata for (\S+): \S+: not found$`), cause{Author, "there is no image $1", ""}},
	{lazy.Regexp(`^(\S+): no match for platform in manifest.*`), cause{Author, "$1 is not there for this platform", ""}},
	{lazy.Regexp(`failed to resolve source metadata for (\S+): (?:failed to do request: )?(.*)`), cause{Elsewhere, "the image $1 could not be looked up: $2", ""}},
	{lazy.Regexp(`invalid response status (408|425|429)$`), cause{Elsewhere, "the server answers $1", tryAgain}},
	{lazy.Regexp(`invalid response status (4\d\d)$`), cause{Author, "the server answers $1", ""}},
	{lazy.Regexp(`invalid response status (\d+)$`), cause{Elsewhere, "the server answers $1", tryAgain}},
	{lazy.Regexp(`^digest mismatch (sha\d+:[0-9a-f]+): (sha\d+:[0-9a-f]+)$`), cause{Author, "what the server gives has the digest $1, not $2", ""}},
	{lazy.Regexp(`^("/.*")(?:: not found| not found: not found)$`), cause{Author, "$1 is not among the files of the build", "a path counts from the context; does .dockerignore leave it out?"}},
	{lazy.Regexp(`^lstat (/.*): no such file or directory$`), cause{Author, `"$1" is not there`, ""}},
	{lazy.Regexp(`(?i)unable to find (?:user|group) .*`), cause{Author, "$0", ""}},
	{lazy.Regexp(`(?i)dial tcp|connection (?:refused|reset)|no such host|timeout|timed out|TLS handshake|deadline exceeded|unavailable|EOF|canceled|cannot allocate memory|\b5\d\d\b|429|did not answer within`),
		cause{Elsewhere, "", ""}},
	{lazy.Regexp(`(?i)not found$|no such file|not a directory|is a directory|file exists|cannot (?:copy|replace)|executable file not found|exec format error|invalid |circular|permission denied`),
		cause{Author, "", ""}},
}

// troubles matches what a command says of a network, a disk or a memory that fails it.
var troubles = lazy.Regexp(`(?i)could ?n[o']t resolve|temporary failure|bad address|connection (?:refused|timed out|reset)|network is unreachable|timed out|no space left|cannot allocate memory|TLS handshake|50[234] (?:bad gateway|service|gateway)`)

// causeOf puts a message of the engine into words. The tail is the last output of the step.
func causeOf(message string, tail []string) cause {
	for _, form := range causeForms {
		m := form.message().FindStringSubmatchIndex(message)
		if m == nil {
			continue
		}
		c := form.cause
		c.hint = string(form.message().ExpandString(nil, c.hint, message, m))
		if c.text = string(form.message().ExpandString(nil, form.text, message, m)); c.text == "" || strings.Contains(form.text, "$0") {
			c.text = strings.ReplaceAll(form.text, "$0", message)
		}
		if c.text == "" {
			c.text = plainWords(message)
		}
		return c.with(tail)
	}
	return cause{Elsewhere, plainWords(message), ""}
}

// with adds what the output of a failed command says.
func (c cause) with(tail []string) cause {
	if c.fault != Author || !strings.HasPrefix(c.text, "the command ended ") {
		return c
	}
	for _, line := range tail {
		if troubles().MatchString(line) {
			c.fault, c.hint = Elsewhere, "its output speaks of the network, a full disk or too little memory: try again if that may be the reason"
		}
	}
	return c
}

// chainWords are what the engine writes before a cause: which of its parts passed it on.
var chainWords = lazy.Regexp(`failed to load (?:cache key|LLB): |failed to solve: |failed to do request: `)

func plainWords(message string) string { return chainWords().ReplaceAllString(message, "") }

// brief cuts the source of a step, which may be a script.
func brief(source string) string {
	const most = 100
	if runes := []rune(source); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return source
}

// Finding returns what a step failed of, without its place.
func (e *StepError) Finding() string { return fmt.Sprintf("%s: %s", brief(e.Source), e.why().text) }

// Fault says who can put the step right.
func (e *StepError) Fault() Fault { return e.why().fault }

// Hint says what may help; it may be empty.
func (e *StepError) Hint() string { return e.why().hint }

func (e *StepError) why() cause { return causeOf(plainMessage(lastCause(e.Err)), e.Tail) }
