package registry

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

const challengeHeader = "Www-Authenticate"

var (
	// parameterForm matches an element of a challenge that belongs to the scheme before it.
	parameterForm = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*=")
	// schemeForm matches the beginning of a challenge.
	schemeForm = regexp.MustCompile("^([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]|$)")
)

// splitChallenges returns each challenge of a WWW-Authenticate header by itself (RFC 9110, 11.6.1). A server may put several into
// one line, such as: Negotiate, Basic realm="x". Many clients read the first one only.
func splitChallenges(lines []string) (all []string) {
	for _, line := range lines {
		begun := false
		for _, element := range splitList(line) {
			switch {
			case begun && parameterForm.MatchString(element):
				all[len(all)-1] += ", " + element
			case schemeForm.MatchString(element):
				all, begun = append(all, element), true
			}
		}
	}
	return all
}

// splitList splits a header at its commas, but not within quotes. Empty elements are left out.
func splitList(line string) (all []string) {
	quoted, begin := false, 0
	add := func(end int) {
		if element := strings.TrimSpace(line[begin:end]); element != "" {
			all = append(all, element)
		}
		begin = end + 1
	}
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
		case c == ',' && !quoted:
			add(i)
		}
	}
	if begin < len(line) {
		add(len(line))
	}
	return all
}

// knownSchemes are the ways to log in that there are.
var knownSchemes = []string{"basic", "bearer"}

// separate gives each challenge of a response a line of its own, and those first that can be met. It reports whether they were
// in one line before. It returns an error if none can be met.
func separate(host string, response *http.Response) (joined bool, err error) {
	lines := response.Header.Values(challengeHeader)
	all := splitChallenges(lines)
	if len(all) == 0 {
		return false, nil
	}
	var known, other, schemes []string
	for _, challenge := range all {
		scheme := schemeForm.FindStringSubmatch(challenge)[1]
		if slices.Contains(knownSchemes, strings.ToLower(scheme)) {
			known = append(known, challenge)
			continue
		}
		other, schemes = append(other, challenge), append(schemes, scheme)
	}
	response.Header[challengeHeader] = append(known, other...)
	if len(known) == 0 {
		return false, &routeError{fmt.Sprintf("%s wants clients to log in with %s\nseedpack can log in with Basic and with Bearer: let the registry offer one of them, too",
			host, strings.Join(schemes, " or "))}
	}
	return len(all) > len(lines), nil
}

// JoinedChallenges reports whether a registry was seen to offer several ways to log in in one header line. BuildKit, which asks
// registries itself, cannot read that.
func (k *Keychain) JoinedChallenges(host string) bool {
	if k == nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.joined[host]
}

func (k *Keychain) noteJoined(host string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.joined == nil {
		k.joined = map[string]bool{}
	}
	k.joined[host] = true
}
