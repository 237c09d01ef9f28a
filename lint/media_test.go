package lint

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// mediaTypeForm is the grammar of media types as one expression, with which the function is compared.
var mediaTypeForm = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126})/([A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126})` +
	"([ \t]*;[ \t]*[A-Za-z0-9!#$%&'*+.^_`|~-]+=([A-Za-z0-9!#$%&'*+.^_`|~-]+|\"([^\"\\\\]|\\\\.)*\"))*$")

// TestIsMediaType proves that the function accepts what the grammar accepts, on texts of its own characters.
func TestIsMediaType(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	parts := []string{"a", "Z", "9", "/", ";", "=", " ", "\t", `"`, `\`, "+", "-", "%", "é", "\xff", "\n", "image/png", "; q=1", `;a="b"`, "application/vnd.x", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}
	accepted := 0
	for range 50_000 {
		text := ""
		for range 1 + r.IntN(6) {
			text += parts[r.IntN(len(parts))]
		}
		want := mediaTypeForm.MatchString(text)
		if want {
			accepted++
		}
		if got := isMediaType(text); got != want {
			t.Fatalf("%q: %v, want %v", text, got, want)
		}
	}
	if accepted < 500 {
		t.Errorf("only %d texts were media types", accepted)
	}
}

// TestSlips proves that a type is taken for a misspelled one only if it must be.
func TestSlips(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"application/kml+xml": "application/vnd.google-earth.kml+xml", "application/jsonl": "", "application/jsn": "", "image/tifff": "image/tiff", "text/cvs": "text/csv",
		"video/mpeg4": "video/mp4", "application/vnd.google-earth.kml": "application/vnd.google-earth.kml+xml", "application/cityjson": "application/city+json", "image/cog": "image/tiff", "appliction/json": "application/json", "image/jpge": "image/jpeg", "application/geo_json": "application/geo+json", "application/gml+xm": "",
		"application/hml+xml": "", "application/x-geojson": "application/geo+json", "text/x-csv": "text/csv", "application/wmo-grib2": "",
	} {
		got := ""
		if !passes(written) {
			got = meantMediaType(written)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", written, got, want)
		}
	}
	for written, want := range oftenMistaken {
		if !knownMediaType(want) || knownMediaType(written) && !strings.HasPrefix(written, "application/vnd.") {
			t.Errorf("%s is said to be %s", written, want)
		}
	}
}
