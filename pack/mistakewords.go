package pack

import (
	"regexp"
	"strings"

	"github.com/seedpack/seedpack/internal/lazy"
)

// A wording puts a message of the engine about a Dockerfile into words. The text has $1 in place of what the first group matched.
type wording struct {
	message func() *regexp.Regexp
	text    string
}

// quoted matches a text as the engine quotes it.
const quoted = `("(?:[^"\\]|\\.)*")`

// wordings are tried in their order.
var wordings = []wording{
	{lazy.Regexp(`^failed to process ("(?:[^"\\}]|\\.)*"): unsupported modifier \(.*\) in substitution$`), "$1 has no closing brace"},
	{lazy.Regexp(`^failed to process ` + quoted + `: syntax error: missing '}'$`), "$1 has no closing brace"},
	{lazy.Regexp(`^failed to process ` + quoted + `: unsupported modifier \((.*)\) in substitution$`), `$1: there is no "$2" behind a variable, write one of :- :+ :? # ## % %% / //`},
	{lazy.Regexp(`^failed to process ` + quoted + `: unexpected end of statement while looking for matching (?:double|single)-quote$`), "$1 has no closing quote"},
	{lazy.Regexp(`^failed to process ` + quoted + `: (.*)$`), "$1: $2"},
	{lazy.Regexp(`^failed to parse stage name ("[^"]*:"): invalid reference format$`), "$1 has an empty tag: the argument in it has no value here"},
	{lazy.Regexp(`^failed to parse stage name ` + quoted + `: invalid reference format: repository name \(.*\) must be lowercase$`), "$1 names no image and no stage: it must be in lower case"},
	{lazy.Regexp(`^failed to parse stage name ` + quoted + `: .*$`), "$1 names no image and no stage"},
	{lazy.Regexp(`^base name \((.*)\) should not be blank$`), "$1 is empty here: give the argument a value before the first FROM, or with --build-arg"},
	{lazy.Regexp(`^failed to parse platform (\S+): .*$`), `platform "$1" should be os/arch[/variant], as in linux/arm64`},
	{lazy.Regexp(`^empty platform value from expression (\S+)`), "platform $1 is empty here"},
	{lazy.Regexp(`^failed to parse check options: (.*)$`), "# check: $1"},
	{lazy.Regexp(`^lint violation found for rules: (.*)$`), `BuildKit's checks found $1, and "# check=error=true" or BUILDKIT_DOCKERFILE_CHECK makes that an error`},
	{lazy.Regexp(`^invalid context name (\S+): invalid reference format.*$`), `"$1" names no image`},
	{lazy.Regexp(`^invalid stage index (\d+)$`), "there is no stage $1 before this line: they count from 0"},
	{lazy.Regexp(`^(.*)strconv\.\w+: parsing ` + quoted + `: invalid syntax$`), "$1$2 must be a whole number"},
}

// mistakeWords puts a message about a mistake into words, if it is one of those that say more of the engine than of the mistake.
func mistakeWords(message string) string {
	for _, w := range wordings {
		if m := w.message().FindStringSubmatchIndex(message); m != nil {
			return strings.TrimSpace(string(w.message().ExpandString(nil, w.text, message, m)) + message[m[1]:])
		}
	}
	return message
}
