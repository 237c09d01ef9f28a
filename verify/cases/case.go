// Package cases holds smoke cases, which are runs to try. It reads them from the smoke file, takes them from the command
// line, or makes them up from the manifest.
//
// It runs nothing and judges no run: that is the business of package verify.
package cases

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

// Schema is the JSON Schema of File, for editors. Read does not need it: it says more.
//
//go:embed cases.schema.json
var Schema string

// File stands beside the manifest and says what smoke runs are given.
const File = "seed.smoke.yaml"

// A Case is one smoke run to try. Its maps go by the names of the manifest; what is not in them is not given.
type Case struct {
	Name     string
	Inputs   map[string][]InputFile
	JSON     map[string]json.RawMessage
	Settings map[string]string
	Mounts   map[string]Mount
	// MadeUp are the members of the manifest whose values nobody gave. What such a run shows is not conclusive.
	MadeUp []seed.Pointer

	RunAs     string        // as USER in a Dockerfile; default: the image's own
	Timeout   time.Duration // in place of the manifest's where it is shorter; default: none
	Platforms []string      // those that the case is for; default: all
	Requires  []string      // what the runner must have, such as gpus; Options.Provides says what it has
	Network   bool          // the run has one; default: none
	Expect    Expectation
	// Skip says why the case cannot be tried: a secret that is not there, say. It is empty for the others.
	Skip string
}

// An InputFile is a file of the host, or one made of Content.
type InputFile struct {
	Name    string // the base name that the job sees
	Host    string
	Content []byte
	Size    int64
}

// A Mount is a directory of the host; Host is empty for an empty one.
type Mount struct {
	Host     string
	Image    string // in place of Host: a reference of an image that the engine gets
	Writable bool   // the manifest declares it so: whatever user the job has may write to its copy
}

// An Expectation is how a run should end. The zero value is exit status 0.
type Expectation struct {
	Exit  int
	Error string // one of job.errors; it wins over Exit
	// Stdout and Stderr are regular expressions that something printed should match.
	Stdout, Stderr []string
	Outputs        map[string]OutputExpectation // by the name of the file output
	JSON           map[string]json.RawMessage   // by the name of the JSON output
}

// An OutputExpectation is what the files of an output should be. Zero members are not compared.
type OutputExpectation struct {
	Count     *int   // of files
	Content   []byte // of each file, exactly; nil is not compared
	SHA256    string // of each file, in hexadecimal
	MinSize   int64  // bytes
	MaxSize   int64
	MediaType string          // as the content itself says
	JSON      json.RawMessage // what each file holds
}

// WantsContent tells whether whole files have to be looked at.
func (e OutputExpectation) WantsContent() bool {
	return e.Content != nil || e.SHA256 != "" || e.JSON != nil
}

// Code is the exit status that is expected.
func (e Expectation) Code(m *seed.Manifest) int {
	for _, x := range m.Job.Errors {
		if x.Name == e.Error && e.Error != "" {
			return int(x.Code)
		}
	}
	return e.Exit
}

// Inputs is what runs of the cases need: it goes into pack.Request.Inputs before the build.
func Inputs(cases []Case) pack.Tree {
	tree := pack.Tree{}
	for _, c := range cases {
		if c.Skip != "" {
			continue // what it needs may not be there, which is why
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

// InputTree names a directory after what is in it, so that cases with the same files share it.
func InputTree(files []InputFile) string {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%q %q %x\n", f.Name, f.Host, sha256.Sum256(f.Content))
	}
	return "input-" + hex.EncodeToString(h.Sum(nil)[:8])
}

func (m Mount) Tree() string {
	sum := sha256.Sum256([]byte(m.Host))
	if m.Writable {
		return "mount-rw-" + hex.EncodeToString(sum[:8])
	}
	return "mount-" + hex.EncodeToString(sum[:8])
}

// containerName is a base name without what executors would split at: blanks and control characters.
func containerName(name string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f {
			return '_'
		}
		return r
	}, name)
}

// madeUp tells whether any value of the case was.
func (c *Case) madeUp() bool { return len(c.MadeUp) > 0 }
