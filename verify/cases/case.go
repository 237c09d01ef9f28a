// Package cases holds smoke cases, which are runs to try. It reads them from the smoke file, takes them from the
// command line, or makes them up from the manifest.
//
// It runs nothing and judges no run: package verify does.
package cases

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

// Schema is the JSON Schema of the smoke file, for editors. Read does not use it, since its own findings say more.
//
//go:embed cases.schema.json
var Schema string

// File is the name of the smoke file. It is next to the manifest, and has the values for smoke runs.
const File = "seed.smoke.yaml"

// A Case is one smoke run to try. The keys of its maps are names of the manifest. A missing key means that the run does
// not get that value.
type Case struct {
	Name     string
	Inputs   map[string][]InputFile
	JSON     map[string]json.RawMessage
	Settings map[string]string
	Mounts   map[string]Mount
	// MadeUp are the members of the manifest with made-up values. A run with such values is not conclusive.
	MadeUp []seed.Pointer

	RunAs     string        // like USER in a Dockerfile; default: the image's own
	Timeout   time.Duration // replaces a longer timeout of the manifest; default: none
	Platforms []string      // the platforms to run on; default: all
	Requires  []string      // what the runner must have, such as gpus; see verify.Options.Provides
	Network   bool          // the run has a network; default: none
	Expect    Expectation
	// Skip says why the case cannot be tried, such as a missing secret. It is empty for other cases.
	Skip string

	file   *diag.Report         // the smoke file; nil if no file has the case
	places map[string]seed.Span // of what is expected, in the smoke file; see ExpectedAt
}

// A Place is one in a smoke file.
type Place struct {
	Path   string // of the file, as the user named it
	Source *seed.Source
	Span   seed.Span
}

// ExpectedAt returns where the smoke file says what is expected: of "exit", of an element of "stdout" or "stderr" by its text, of an
// output of "json" by its name, or of an output of "outputs" by its name and a member such as "count". It is nil if no file says it.
func (c *Case) ExpectedAt(member string, names ...string) *Place {
	span, said := c.places[placeKey(member, names)]
	if !said {
		return nil
	}
	return &Place{c.file.Path, c.file.Source, span}
}

func placeKey(member string, names []string) string {
	return strings.Join(append([]string{member}, names...), "\x00")
}

// An InputFile is a file of the host, or a new one with Content.
type InputFile struct {
	Name    string // the base name that the job sees
	Host    string
	Content []byte
	Size    int64
}

// A Mount is a directory of the host, or an empty directory if Host is empty.
type Mount struct {
	Host     string
	Image    string // replaces Host: the reference of an image that the engine pulls
	Writable bool   // as in the manifest: any user may write to the job's copy
}

// An Expectation is how a run should end. The zero value is exit status 0.
type Expectation struct {
	Exit  int
	Error string // one of job.errors; it wins over Exit
	// Stdout and Stderr are regular expressions. What the job prints should match each of them.
	Stdout, Stderr []string
	Outputs        map[string]OutputExpectation // by the name of the file output
	JSON           map[string]json.RawMessage   // by the name of the JSON output
}

// An OutputExpectation is what the files of an output should be. Members with a zero value are not compared.
type OutputExpectation struct {
	Count     *int   // number of files
	Content   []byte // of each file, exactly
	File      string // that holds Content, as the smoke file names it
	SHA256    string // of each file, in hexadecimal
	MinSize   int64  // bytes
	MaxSize   int64
	MediaType string          // as detected from the content
	JSON      json.RawMessage // the value in each file
}

// WantsContent reports whether the whole content of files must be compared.
func (e OutputExpectation) WantsContent() bool {
	return e.Content != nil || e.SHA256 != "" || e.JSON != nil
}

// Code returns the expected exit status.
func (e Expectation) Code(m *seed.Manifest) int {
	for _, x := range m.Job.Errors {
		if x.Name == e.Error && e.Error != "" {
			return int(x.Code)
		}
	}
	return e.Exit
}

// Inputs returns the files that runs of the cases need. It is for pack.Request.Inputs, before the build.
func Inputs(cases []Case) pack.Tree {
	tree := pack.Tree{}
	for _, c := range cases {
		if c.Skip != "" {
			continue // its files may be missing, and that is why it is skipped
		}
		for _, files := range c.Inputs {
			dir := InputTree(files)
			tree[dir] = pack.Entry{Dir: true}
			for _, f := range files {
				tree[path.Join(dir, f.Name)] = pack.Entry{Host: f.Host, Content: f.Content}
			}
		}
		for _, m := range c.Mounts {
			if m.Host != "" {
				tree[m.Tree()] = pack.Entry{Host: m.Host, Dir: true, Writable: m.Writable}
			}
		}
	}
	return tree
}

// InputTree names a directory by its content, so that cases with the same files share it.
func InputTree(files []InputFile) string {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%q %q %x\n", f.Name, f.Host, sha256.Sum256(f.Content))
	}
	return "input-" + hex.EncodeToString(h.Sum(nil)[:8])
}

// Tree returns the name of the mount's directory in the tree of Inputs. Mounts of one directory of the host share it if both
// may be written, or neither.
func (m Mount) Tree() string {
	sum := sha256.Sum256([]byte(m.Host))
	if m.Writable {
		return "mount-rw-" + hex.EncodeToString(sum[:8])
	}
	return "mount-" + hex.EncodeToString(sum[:8])
}

// containerName returns a base name without blanks and control characters, since executors would split there.
func containerName(name string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f {
			return '_'
		}
		return r
	}, name)
}

// Secrets returns the values of the secret settings that the case gives. Values that were made up are no secrets.
func (c *Case) Secrets(m *seed.Manifest) (all []string) {
	for i, s := range m.Job.Interface.Settings {
		if s.Secret && !slices.Contains(c.MadeUp, seed.AtSettings.Index(i)) {
			all = append(all, c.Settings[s.Name])
		}
	}
	return all
}
