package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/seed"
)

// An Answer is the value of one member of the new manifest. It answers a question, or overrides a result.
type Answer struct {
	Pointer seed.Pointer
	// Text is the value: of a member that is a string, the string itself; of any other, JSON.
	Text string
}

// ParseAnswer reads POINTER=VALUE.
func ParseAnswer(s string) (Answer, error) {
	at, value, ok := strings.Cut(s, "=")
	if !ok || !strings.HasPrefix(at, "/") {
		return Answer{}, &AnswerError{seed.Pointer(at), "is no POINTER=VALUE, such as /job/maintainer/email=rae@example.org"}
	}
	return Answer{seed.Pointer(at), value}, nil
}

// An AnswerError says why an answer fits nowhere.
type AnswerError struct {
	Pointer seed.Pointer
	Why     string
}

func (e *AnswerError) Error() string { return fmt.Sprintf("%s %s", e.Pointer, e.Why) }

// answers are those of a call, with what became of them. Of several for one place, the last counts.
type answers struct {
	all  []Answer
	used map[seed.Pointer]bool
}

func newAnswers(all []Answer) *answers {
	a := &answers{used: map[seed.Pointer]bool{}}
	for i, answer := range all {
		if !slices.ContainsFunc(all[i+1:], func(later Answer) bool { return later.Pointer == answer.Pointer }) {
			a.all = append(a.all, answer)
		}
	}
	return a
}

// check refuses answers that no manifest can hold.
func (a *answers) check() error {
	for _, answer := range a.all {
		s, ok := shapeOf(answer.Pointer)
		switch {
		case !ok:
			return &AnswerError{answer.Pointer, "is no member of a manifest" + nearest(answer.Pointer)}
		case answer.Pointer == "" || answer.Pointer == seed.AtJob || answer.Pointer == "/seedVersion":
			return &AnswerError{answer.Pointer, "cannot be set: give the members below it"}
		}
		if _, err := answer.value(s); err != nil {
			return err
		}
	}
	return nil
}

// value returns the answer as a value of its type.
func (answer Answer) value(s shape) (any, error) {
	if s.kind == "string" {
		return answer.Text, nil
	}
	src := seed.ParseJSON([]byte(answer.Text))
	if len(src.Problems) > 0 || !fits(src, "", s.kind) {
		return nil, &AnswerError{answer.Pointer, fmt.Sprintf("is %s, must be %s", quote(answer.Text), article(s.kind))}
	}
	return read(src, ""), nil
}

// fits reports whether the value at a pointer has a JSON type.
func fits(src *seed.Source, at seed.Pointer, kind string) bool {
	return src.Kind(at) != "" && seed.HasType(src.Raw(at), kind)
}

// of returns the answer for a place, and notes that it was used.
func (a *answers) of(at seed.Pointer) (any, bool) {
	for _, answer := range a.all {
		if answer.Pointer == at {
			s, _ := shapeOf(at)
			value, err := answer.value(s)
			a.used[at] = err == nil
			return value, err == nil
		}
	}
	return nil, false
}

// apply overrides members of a manifest, and those that a question has asked for.
func (a *answers) apply(root *object, asked func(seed.Pointer) bool) {
	for _, answer := range a.all {
		if _, ok := find(root, answer.Pointer); !ok && (asked == nil || !asked(answer.Pointer)) {
			continue
		}
		if value, ok := a.of(answer.Pointer); ok {
			put(root, answer.Pointer, value)
		}
	}
}

// unused returns an error about an answer that was not used.
func (a *answers) unused() error {
	for _, answer := range a.all {
		if !a.used[answer.Pointer] {
			return &AnswerError{answer.Pointer, "answers nothing: no question asks for it, and the manifest has no such member"}
		}
	}
	return nil
}

// nearest returns a hint about the deepest part of a pointer that a manifest has.
func nearest(at seed.Pointer) string {
	for at != "" {
		at = at.Parent()
		if s, ok := shapeOf(at); ok && s.kind == "object" {
			return fmt.Sprintf(": %s has %s", name(at), strings.Join(s.members, ", "))
		} else if ok && s.kind == "array" {
			return fmt.Sprintf(": elements of %s are counted from 0", at)
		}
	}
	return ""
}

func name(at seed.Pointer) string {
	if at == "" {
		return "it"
	}
	return string(at)
}

func article(kind string) string {
	if strings.ContainsAny(kind[:1], "aeiou") {
		return "an " + kind
	}
	return "a " + kind
}
