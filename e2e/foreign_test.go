package e2e

import (
	"encoding/json"
	"os"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seedpack/seedpack/seed"
)

// This file has the script command foreign.

// scriptForeign makes the image that another tool would make: the base image with a label, in a Docker archive. The label has
// the manifest's text (plain), or a JSON string with that text, which the older CLI writes (string). Its key is Seed's by default.
func scriptForeign(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args) > 4 || args[0] != "plain" && args[0] != "string" {
		ts.Fatalf("usage: foreign plain|string MANIFEST FILE [LABEL]")
	}
	key := seed.Label
	if len(args) == 4 {
		key = args[3]
	}
	label := ts.ReadFile(args[1])
	if args[0] == "string" {
		quoted, err := json.Marshal(label)
		ts.Check(err)
		label = string(quoted)
	}
	base, err := layout.FromPath(os.Getenv("SEEDPACK_TEST_BASE"))
	ts.Check(err)
	index, err := base.ImageIndex()
	ts.Check(err)
	manifest, err := index.IndexManifest()
	ts.Check(err)
	img, err := index.Image(manifest.Manifests[0].Digest)
	ts.Check(err)
	img, err = mutate.Config(img, v1.Config{Labels: map[string]string{key: label}})
	ts.Check(err)
	tag, err := name.NewTag("made-elsewhere:1")
	ts.Check(err)
	ts.Check(tarball.WriteToFile(ts.MkAbs(args[2]), tag, img))
}
