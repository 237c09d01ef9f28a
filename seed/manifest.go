// Package seed holds the Seed manifest as plain values, with the place of every member in its text.
//
// It decodes and indexes. It judges nothing: package lint says what a manifest should contain. Comments name sections
// of the Seed standard 1.0.0.
package seed

// A Manifest is one decoded seed.manifest.json (section 2.1).
//
// An optional member that is missing has the standard's default. A member of the wrong JSON type has its zero value;
// the schema reports it. Ask Source whether a member is written at all.
type Manifest struct {
	SeedVersion string `json:"seedVersion"`
	Job         Job    `json:"job"`

	// Source is the text the manifest was read from. It is never nil after Parse.
	Source *Source `json:"-"`

	renamed map[Pointer]string
}

// A Job describes one unit of work (section 2.1.1).
type Job struct {
	Name           string     `json:"name"`
	JobVersion     string     `json:"jobVersion"`
	PackageVersion string     `json:"packageVersion"`
	Title          string     `json:"title"`
	Description    string     `json:"description"`
	Tags           []string   `json:"tags"`
	Maintainer     Maintainer `json:"maintainer"`
	Timeout        int64      `json:"timeout"` // seconds, a hard limit
	Resources      Resources  `json:"resources"`
	Interface      Interface  `json:"interface"`
	Errors         []Error    `json:"errors"`
}

// A Maintainer is the point of contact of a job (section 2.1.1.1).
type Maintainer struct {
	Name         string `json:"name"`
	Organization string `json:"organization"`
	Email        string `json:"email"`
	URL          string `json:"url"`
	Phone        string `json:"phone"`
}

// Resources are what a job needs (section 2.1.1.2).
type Resources struct {
	Scalar []Scalar `json:"scalar"`
}

// A Scalar is an amount of one resource. Storage (mem, disk, sharedMem) is in MiB (section 2.1.1.2).
type Scalar struct {
	Name            string  `json:"name"`
	Value           float64 `json:"value"`
	InputMultiplier float64 `json:"inputMultiplier"`
}

// An Interface is what goes into a job and what comes out of it (section 2.1.1.3).
type Interface struct {
	Command  string    `json:"command"`
	Inputs   Inputs    `json:"inputs"`
	Outputs  Outputs   `json:"outputs"`
	Mounts   []Mount   `json:"mounts"`
	Settings []Setting `json:"settings"`
}

// Inputs are the immutable data that a job gets (section 2.1.1.3.1).
type Inputs struct {
	Files []InputFile `json:"files"`
	JSON  []InputJSON `json:"json"`
}

// An InputFile is one file. With Multiple it is a flat directory of files (section 2.1.1.3.1).
type InputFile struct {
	Name       string   `json:"name"`
	MediaTypes []string `json:"mediaTypes"`
	Multiple   bool     `json:"multiple"`
	Partial    bool     `json:"partial"`
	Required   bool     `json:"required" default:"true"`
}

// An InputJSON is one value of a JSON type (section 2.1.1.3.1).
type InputJSON struct {
	Name     string `json:"name"`
	Type     string `json:"type"` // array, boolean, integer, number, object or string
	Required bool   `json:"required" default:"true"`
}

// Outputs are what is captured after a run (section 2.1.1.3.2).
type Outputs struct {
	Files []OutputFile `json:"files"`
	JSON  []OutputJSON `json:"json"`
}

// An OutputFile captures the files that match Pattern, a glob relative to OUTPUT_DIR (section 2.1.1.3.2).
type OutputFile struct {
	Name      string `json:"name"`
	MediaType string `json:"mediaType"`
	Pattern   string `json:"pattern"`
	Multiple  bool   `json:"multiple"`
	Required  bool   `json:"required" default:"true"`
}

// An OutputJSON captures one member of seed.outputs.json: Key, or Name if Key is empty (section 2.1.1.3.2).
type OutputJSON struct {
	Name     string `json:"name"`
	Key      string `json:"key"`
	Type     string `json:"type"`
	Required bool   `json:"required" default:"true"`
}

// A Mount is a directory that the job needs (section 2.1.1.3.3).
type Mount struct {
	Name string `json:"name"`
	Path string `json:"path"`
	Mode string `json:"mode" default:"ro"` // ro or rw
}

// A Setting is an environment variable that is not data (section 2.1.1.3.4).
type Setting struct {
	Name   string `json:"name"`
	Secret bool   `json:"secret"`
}

// An Error is the meaning of an exit code (section 2.1.1.4).
type Error struct {
	Code        int64  `json:"code"`
	Name        string `json:"name"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Category    string `json:"category" default:"job"` // job or data
}
