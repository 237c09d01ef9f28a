package pack

import (
	"regexp"
	"strings"
)

// A wording puts a message of the engine about a Dockerfile into words. The text has $1 in place of what the first group matched.
type wording struct {
	message *regexp.Regexp
	text    string
}

// quoted matches a text as the engine quotes it.
const quoted = `("(?:[^"\\]|\\.)*")`

// wordings are tried in their order.
var wordings = []wording{
	{regexp.MustCompile(`^failed to process ("(?:[^"\\}]|\\.)*"): unsupported modifier \(.*\) in substitution$`), "$1 has no closing brace"},
	{regexp.MustCompile(`^failed to process ` + quoted + `: syntax error: missing '}'$`), "$1 has no closing brace"},
	{regexp.MustCompile(`^failed to process ` + quoted + `: unsupported modifier \((.*)\) in substitution$`), `$1: there is no "$2" behind a variable, write one of :- :+ :? # ## % %% / //`},
	{regexp.MustCompile(`^failed to process ` + quoted + `: unexpected end of statement while looking for matching (?:double|single)-quote$`), "$1 has no closing quote"},
	{regexp.MustCompile(`^failed to process ` + quoted + `: (.*)$`), "$1: $2"},
	{regexp.MustCompile(`^failed to parse stage name ("[^"]*:"): invalid reference format$`), "$1 has an empty tag: the argument in it has no value here"},
	{regexp.MustCompile(`^failed to parse stage name ` + quoted + `: invalid reference format: repository name \(.*\) must be lowercase$`), "$1 names no image and no stage: it must be in lower case"},
	{regexp.MustCompile(`^failed to parse stage name ` + quoted + `: .*$`), "$1 names no image and no stage"},
	{regexp.MustCompile(`^base name \((.*)\) should not be blank$`), "$1 is empty here: give the argument a value before the first FROM, or with --build-arg"},
	{regexp.MustCompile(`^failed to parse platform (\S+): .*$`), `platform "$1" should be os/arch[/variant], as in linux/arm64`},
	{regexp.MustCompile(`^empty platform value from expression (\S+)`), "platform $1 is empty here"},
	{regexp.MustCompile(`^failed to parse check options: (.*)$`), "# check: $1"},
	{regexp.MustCompile(`^lint violation found for rules: (.*)$`), `BuildKit's checks found $1, and "# check=error=true" or BUILDKIT_DOCKERFILE_CHECK makes that an error`},
	{regexp.MustCompile(`^invalid context name (\S+): invalid reference format.*$`), `"$1" names no image`},
	{regexp.MustCompile(`^invalid stage index (\d+)$`), "there is no stage $1 before this line: they count from 0"},
	{regexp.MustCompile(`^(.*)strconv\.\w+: parsing ` + quoted + `: invalid syntax$`), "$1$2 must be a whole number"},
}

// mistakeWords puts a message about a mistake into words, if it is one of those that say more of the engine than of the mistake.
func mistakeWords(message string) string {
	for _, w := range wordings {
		if m := w.message.FindStringSubmatchIndex(message); m != nil {
			return strings.TrimSpace(string(w.message.ExpandString(nil, w.text, message, m)) + message[m[1]:])
		}
	}
	return message
}
