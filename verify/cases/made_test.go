package cases

import (
	"bytes"
	"image"
	"strings"
	"testing"

	"github.com/gabriel-vasile/mimetype"

	"github.com/seedpack/seedpack/seed"
)

func TestMade(t *testing.T) {
	t.Parallel()
	cases := Made(seed.Parse([]byte(taking)))
	if len(cases) != 2 || len(cases[0].MadeUp) != 7 || len(cases[1].MadeUp) != 5 || len(cases[1].Inputs) != 1 {
		t.Errorf("%+v", cases)
	}
	nothing := Made(seed.Parse([]byte(`{"job": {}}`)))
	if len(nothing) != 1 || len(nothing[0].MadeUp) > 0 {
		t.Errorf("%+v", nothing)
	}
}

// An independent detection recognises made files, and pictures can be decoded.
func TestMadeFiles(t *testing.T) {
	t.Parallel()
	for _, mediaType := range []string{"image/png", "image/jpeg", "image/gif", "image/tiff", "text/csv", "application/json",
		"application/geo+json", "text/xml", "application/zip", "application/gzip", "text/plain", "application/pdf"} {
		f := madeFile([]string{"x/unknown", mediaType})
		if got := mimetype.Detect(f.Content); !got.Is(mediaType) && !(mediaType == "text/csv" && got.Is("text/plain")) {
			t.Errorf("%s is made as %s", mediaType, got)
		}
	}
	for _, kind := range []string{"png", "jpeg", "gif"} {
		if _, got, err := image.Decode(bytes.NewReader(madeFile([]string{"image/" + kind}).Content)); err != nil || got != kind {
			t.Errorf("%s decodes as %q: %v", kind, got, err)
		}
	}
	if f := madeFile([]string{"x/unknown"}); f.Name != "made-up.bin" || f.Size != int64(len(f.Content)) {
		t.Errorf("%+v", f)
	}
}

// Read accepts the example, except for the files that the user has to name.
func TestExample(t *testing.T) {
	t.Parallel()
	m := seed.Parse([]byte(taking))
	for _, text := range []string{string(Example(m)), ExampleLine(m)} {
		_, got := read(t, text)
		if strings.Contains(got, "\n") || !strings.Contains(got, `there is no file "inputs/in.txt"`) {
			t.Errorf("%s\n%s", text, got)
		}
	}
}
