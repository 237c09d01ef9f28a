package cases

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// A Left is what the runs of one case left behind.
type Left struct {
	Case    string
	Skipped string // why nothing is known; the case then stays as it is
	Outputs []LeftOutput
	JSON    []LeftJSON
}

// A LeftOutput is what runs left of one file output. Members that differ between files or runs have no value.
type LeftOutput struct {
	Name             string
	Count            int // files of a run
	CountDiffers     bool
	MinSize, MaxSize int64 // of all files of all runs
	MediaType        string
	SHA256           string
	Content          []byte // nil also for a file that is too large
	JSON             []byte
}

// A LeftJSON is a value of a JSON output, as it was written; nil if there is none.
type LeftJSON struct {
	Name    string
	Value   []byte
	Differs bool // between runs
}

// An Updated is a smoke file with the expectations of what runs left.
type Updated struct {
	Text  []byte
	Files []ExpectedFile
	Notes []string // what stays as it is, or is removed, and why
}

// An ExpectedFile is a file with the content that is expected of an output, and the content that the runs left.
type ExpectedFile struct {
	Path     string // in the smoke file
	Old, New []byte
}

// Update writes what runs left into the text of a smoke file, as expectations. An expectation that holds stays as it is. One that
// does not is replaced. Expectations of what differs between runs are removed. The left ones are of all cases, in their order.
func Update(path string, text []byte, m *seed.Manifest, getenv func(string) string, left []Left) (*Updated, error) {
	all, found := Read(path, text, m, getenv)
	if len(found.Diagnostics) > 0 || len(all) != len(left) {
		return nil, fmt.Errorf("%s has changed during the runs", path)
	}
	u := &updater{document: document{text}, result: &Updated{}}
	for i := range all {
		if why := left[i].Skipped; why != "" {
			u.note("case %q stays as it is: %s", all[i].Name, why)
			continue
		}
		before := u.text
		if err := u.update(i, &all[i], &left[i]); err != nil {
			u.text = before
			u.note("case %q stays as it is: its expectations cannot be changed by a program: %v", all[i].Name, err)
		}
	}
	if err := u.check(path, all, m, getenv); err != nil {
		return nil, err
	}
	u.result.Text = u.text
	return u.result, nil
}

type updater struct {
	document
	index  int // of the case
	result *Updated
}

func (u *updater) note(format string, args ...any) {
	u.result.Notes = append(u.result.Notes, diag.Sprintf(format, args...))
}

// check makes sure that only expectations have changed.
func (u *updater) check(path string, before []Case, m *seed.Manifest, getenv func(string) string) error {
	after, found := Read(path, u.text, m, getenv)
	if len(found.Diagnostics) > 0 {
		return fmt.Errorf("the new text of %s cannot be read: %s", path, found.Diagnostics[0].Message)
	}
	same := len(after) == len(before)
	for i := range before {
		if same {
			a, b := before[i], after[i]
			a.Expect.Outputs, a.Expect.JSON, b.Expect.Outputs, b.Expect.JSON = nil, nil, nil, nil
			a.file, a.places, b.file, b.places = nil, nil, nil, nil // they move
			same = reflect.DeepEqual(a, b)
		}
	}
	if !same {
		return errors.New("more than the expectations would change")
	}
	return nil
}

func (u *updater) update(index int, c *Case, left *Left) error {
	u.index = index
	for i := range left.Outputs {
		o := &left.Outputs[i]
		have, ok := c.Expect.Outputs[o.Name]
		if err := u.output(c.Name, have, ok, o); err != nil {
			return err
		}
	}
	for _, o := range left.JSON {
		have, expected := c.Expect.JSON[o.Name]
		at := []string{"expect", "json", o.Name}
		var err error
		switch {
		case expected && (o.Differs || o.Value == nil):
			u.note("case %q: the value of JSON output %q is no longer expected: %s", c.Name, o.Name, why(o.Differs, "there was none"))
			err = u.remove(index, at)
		case o.Differs:
			u.note("case %q: the value of JSON output %q differs between runs", c.Name, o.Name)
		case o.Value != nil && !(expected && same(have, o.Value)):
			err = u.put(index, at, member{value: string(compact(seed.ParseJSON(o.Value).Value()))})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func why(differs bool, otherwise string) string {
	if differs {
		return "it differs between runs"
	}
	return otherwise
}

// output updates the expectations of one output.
func (u *updater) output(name string, have OutputExpectation, expected bool, left *LeftOutput) error {
	changes := left.count(have)
	if left.Count > 0 {
		changes = slices.Concat(changes, left.sizes(have), left.kind(have), left.content(have))
	}
	if have.File != "" && left.Content != nil && !bytes.Equal(have.Content, left.Content) {
		u.result.Files = append(u.result.Files, ExpectedFile{have.File, have.Content, left.Content})
	}
	at := []string{"expect", "outputs", left.Name}
	if !expected || reflect.ValueOf(have).IsZero() {
		m := member{}
		for _, c := range changes {
			if !c.removed {
				m.members = append(m.members, c.member)
			}
		}
		return u.put(u.index, at, m)
	}
	// First what is new, so that a mapping never becomes empty.
	slices.SortStableFunc(changes, func(a, b change) int { return boolCompare(a.removed, b.removed) })
	for _, c := range changes {
		var err error
		if path := append(at[:3:3], c.key); c.removed {
			u.note("case %q: %s of output %q is no longer expected: it differs between files or runs", name, c.key, left.Name)
			err = u.remove(u.index, path)
		} else {
			err = u.put(u.index, path, c.member)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// A change is a member to write or to remove.
type change struct {
	member
	removed bool
}

func set(key, value string) change { return change{member: member{key: key, value: value}} }
func drop(key string) change       { return change{member: member{key: key}, removed: true} }

func (l *LeftOutput) count(have OutputExpectation) []change {
	switch {
	case l.CountDiffers && have.Count != nil:
		return []change{drop("count")}
	case l.CountDiffers, have.Count != nil && *have.Count == l.Count:
		return nil
	}
	return []change{set("count", strconv.Itoa(l.Count))}
}

// sizes are exact if all runs left the same bytes. Otherwise the next run may leave a few more or less: half and double are allowed.
func (l *LeftOutput) sizes(have OutputExpectation) (changes []change) {
	least, most := l.MinSize, l.MaxSize
	if l.SHA256 == "" {
		least, most = least/2, 2*most
	}
	given := have.MinSize > 0 || have.MaxSize > 0
	if !given || have.MinSize > l.MinSize {
		changes = append(changes, set("min-size", strconv.FormatInt(least, 10)))
	}
	if most > 0 && (!given || have.MaxSize > 0 && have.MaxSize < l.MaxSize) {
		changes = append(changes, set("max-size", strconv.FormatInt(most, 10)))
	}
	return changes
}

func (l *LeftOutput) kind(have OutputExpectation) []change {
	switch {
	case l.MediaType == "" && have.MediaType != "":
		return []change{drop("media-type")}
	case l.MediaType == "", have.MediaType != "" && isKind(have.MediaType, l.MediaType):
		return nil
	}
	return []change{set("media-type", l.MediaType)}
}

// isKind compares media types as the probe of expectations does, which knows their other names.
func isKind(want, found string) bool {
	t := mimetype.Lookup(found)
	return strings.EqualFold(want, found) || t != nil && t.Is(want)
}

// content keeps the way in which content is expected. A digest is the way for an output that has none.
func (l *LeftOutput) content(have OutputExpectation) (changes []change) {
	if have.File != "" && l.Content == nil {
		changes = append(changes, drop("file"))
	}
	switch {
	case have.JSON != nil && l.JSON == nil:
		changes = append(changes, drop("json"))
	case have.JSON != nil && !same(have.JSON, l.JSON):
		changes = append(changes, set("json", string(compact(seed.ParseJSON(l.JSON).Value()))))
	}
	switch {
	case have.SHA256 != "" && l.SHA256 == "":
		changes = append(changes, drop("sha256"))
	case l.SHA256 == "", strings.EqualFold(have.SHA256, l.SHA256), have.SHA256 == "" && (have.File != "" || have.JSON != nil):
	default:
		changes = append(changes, set("sha256", l.digest()))
	}
	return changes
}

// digest is written in quotes if it could be a number.
func (l *LeftOutput) digest() string {
	if strings.Trim(l.SHA256, "0123456789e") == "" {
		return string(compact(l.SHA256))
	}
	return l.SHA256
}
