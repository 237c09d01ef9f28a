package verify

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"

	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/lint/glob"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

// fewMembers is how many members are suggested at once.
const fewMembers = 5

// addTo returns what to add to a list of outputs, which may be missing in the manifest: a hint for the author. It is "" if there
// is nothing to add.
func (r *Run) addTo(list seed.Pointer, members []string) string {
	if len(members) == 0 {
		return ""
	}
	more := ""
	if n := len(members) - fewMembers; n > 0 {
		members, more = members[:fewMembers], fmt.Sprintf(", and so on for %d more", n)
	}
	text, at := strings.Join(members, ", "), list
	for outer := false; at != "/job" && !r.Manifest.Source.Has(at); outer, at = true, at.Parent() {
		text = wrap(at, text, outer)
	}
	return "add to " + dotted(at) + ": " + text + more
}

// wrap writes a member that is missing: the list itself, or an object around it.
func wrap(at seed.Pointer, content string, isObject bool) string {
	name := strconv.Quote(path.Base(string(at)))
	if isObject {
		return name + ": {" + content + "}"
	}
	return name + ": [" + content + "]"
}

// dotted returns the name of a member as people write it: interface.outputs.json.
func dotted(at seed.Pointer) string {
	if at == seed.AtJob {
		return "job"
	}
	return strings.ReplaceAll(strings.TrimPrefix(string(at), string(seed.AtJob)+"/"), "/", ".")
}

// outputNames are the names of all outputs. A name for a new one is added.
type outputNames []string

func (r *Run) outputNames() (names outputNames) {
	for _, out := range r.Manifest.Job.Interface.Outputs.Files {
		names = append(names, out.Name)
	}
	for _, out := range r.Manifest.Job.Interface.Outputs.JSON {
		names = append(names, out.Name)
	}
	return names
}

// fresh returns a name that the standard allows and no output has.
func (n *outputNames) fresh(like string) string {
	base := strings.Trim(strings.Map(func(c rune) rune {
		if c < utf8.RuneSelf && (unicode.IsLetter(c) || unicode.IsDigit(c) || c == '-' || c == '_') {
			return c
		}
		return '_'
	}, like), "_")
	if base == "" {
		base = "OUTPUT"
	}
	name := base
	for i := 2; slices.ContainsFunc(*n, func(other string) bool { return strings.EqualFold(other, name) }); i++ {
		name = fmt.Sprintf("%s_%d", base, i)
	}
	*n = append(*n, name)
	return name
}

// jsonMembers returns the declarations of keys of seed.outputs.json. A null has no type of the standard, and gets none.
func (r *Run) jsonMembers(keys []string) (members []string) {
	names := r.outputNames()
	for _, key := range keys {
		kind := seed.TypeOf(r.Outputs.Raw(seed.Pointer("").Member(key)))
		if kind == "" || kind == "null" || strings.ContainsFunc(key, unprintable) {
			continue
		}
		name, own := names.fresh(key), ""
		if name != key {
			own = fmt.Sprintf(`"key": %s, `, strconv.Quote(key))
		}
		members = append(members, fmt.Sprintf(`{"name": "%s", %s"type": "%s"}`, name, own, kind))
	}
	return members
}

func unprintable(c rune) bool { return c == utf8.RuneError || !unicode.IsPrint(c) }

// fileMembers returns the declarations of outputs for files that none captures: one for the files of a directory with the same
// extension, if its pattern matches no other file.
func (r *Run) fileMembers(left []*pack.File) (members []string) {
	names := r.outputNames()
	groups, order := map[string][]*pack.File{}, []string(nil)
	for _, f := range left {
		if strings.ContainsFunc(f.Name, unprintable) || strings.ContainsAny(f.Name, `*?[\`) || !f.Mode.IsRegular() {
			continue
		}
		key := path.Join(path.Dir(f.Name), "*"+path.Ext(f.Name))
		if strings.HasPrefix(path.Base(f.Name), ".") || !r.matchesNoOther(key, left) {
			key = f.Name
		}
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], f)
	}
	for _, pattern := range order {
		members = append(members, fileMember(&names, pattern, groups[pattern]))
	}
	return members
}

// matchesNoOther reports whether all files that a pattern matches are among some.
func (r *Run) matchesNoOther(pattern string, some []*pack.File) bool {
	match := glob.Matcher(pattern)
	for i := range r.Outcome.Files {
		f := &r.Outcome.Files[i]
		if match(f.Name) && !slices.Contains(some, f) && !describesOutputs(f.Name) {
			return false
		}
	}
	return true
}

func fileMember(names *outputNames, pattern string, files []*pack.File) string {
	multiple := ""
	like := path.Base(files[0].Name)
	if bare := strings.TrimSuffix(like, path.Ext(like)); bare != "" {
		like = bare
	}
	if len(files) > 1 {
		multiple = `, "multiple": true`
		if like = path.Base(path.Dir(pattern)); like == "." {
			like = strings.TrimPrefix(path.Ext(pattern), ".")
		}
	} else {
		pattern = files[0].Name
	}
	kind := ""
	if t := mediaTypeOf(files[0]); t != "" {
		kind = fmt.Sprintf(`, "mediaType": "%s"`, t)
	}
	return fmt.Sprintf(`{"name": "%s", "pattern": "%s"%s%s}`, names.fresh(strings.ToUpper(like)), pattern, multiple, kind)
}

// mediaTypeOf returns the likeliest media type of a file, or "". Of a text, the extension says more than the content.
func mediaTypeOf(f *pack.File) string {
	byName := lint.MediaType(f.Name)
	if len(f.Content) == 0 {
		return byName
	}
	found, _, _ := strings.Cut(mimetype.Detect(f.Content).String(), ";")
	if byName != "" && (strings.HasPrefix(found, "text/") || found == "application/octet-stream" || found == "application/json" || found == "application/zip") {
		return byName
	}
	if found == "application/octet-stream" {
		return ""
	}
	return found
}
