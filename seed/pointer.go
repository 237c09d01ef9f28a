package seed

import (
	"strconv"
	"strings"
)

// A Pointer names a JSON value in a document (RFC 6901). The empty Pointer is the whole document.
type Pointer string

var (
	escapeToken   = strings.NewReplacer("~", "~0", "/", "~1")
	unescapeToken = strings.NewReplacer("~1", "/", "~0", "~")
)

// Places of members in a manifest.
const (
	AtJob         Pointer = "/job"
	AtMaintainer  Pointer = "/job/maintainer"
	AtResources   Pointer = "/job/resources"
	AtScalar      Pointer = "/job/resources/scalar"
	AtErrors      Pointer = "/job/errors"
	AtCommand     Pointer = "/job/interface/command"
	AtInputFiles  Pointer = "/job/interface/inputs/files"
	AtInputJSON   Pointer = "/job/interface/inputs/json"
	AtOutputFiles Pointer = "/job/interface/outputs/files"
	AtOutputJSON  Pointer = "/job/interface/outputs/json"
	AtMounts      Pointer = "/job/interface/mounts"
	AtSettings    Pointer = "/job/interface/settings"
)

// Member returns the pointer to a member. It escapes the name as RFC 6901 requires.
func (p Pointer) Member(name string) Pointer {
	return p + "/" + Pointer(escapeToken.Replace(name))
}

// Index returns the pointer to element i, counted from 0.
func (p Pointer) Index(i int) Pointer {
	return p + "/" + Pointer(strconv.Itoa(i))
}

// Parent returns the pointer to the value that holds this one. The whole document is its own parent.
func (p Pointer) Parent() Pointer {
	return p[:max(strings.LastIndexByte(string(p), '/'), 0)]
}

// Base returns the last token, unescaped: a member's name or an element's index. It is empty for the whole document.
func (p Pointer) Base() string {
	_, token := p.split()
	return token
}

// split returns Parent and Base.
func (p Pointer) split() (Pointer, string) {
	i := strings.LastIndexByte(string(p), '/')
	if i < 0 {
		return "", ""
	}
	return p[:i], unescapeToken.Replace(string(p[i+1:]))
}

// cut returns the first token, unescaped, and the rest. It must not be called for the whole document.
func (p Pointer) cut() (token string, rest Pointer) {
	token = strings.TrimPrefix(string(p), "/")
	if i := strings.IndexByte(token, '/'); i >= 0 {
		token, rest = token[:i], Pointer(token[i:])
	}
	if strings.Contains(token, "~") {
		token = unescapeToken.Replace(token)
	}
	return token, rest
}
