package cases

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/tiff"

	"github.com/seedpack/seedpack/seed"
)

// Decoders of images read the samples: 64 by 64 pixels that get brighter to the right.
func TestSampleImages(t *testing.T) {
	t.Parallel()
	for mediaType, decode := range map[string]func(io.Reader) (image.Image, error){
		"image/png": png.Decode, "image/jpeg": jpeg.Decode, "image/gif": gif.Decode, "image/tiff": tiff.Decode, "image/tiff; application=geotiff": tiff.Decode,
	} {
		m, err := decode(bytes.NewReader(Sample(mediaType)))
		if err != nil || m.Bounds() != image.Rect(0, 0, 64, 64) {
			t.Errorf("%s: %v, %v", mediaType, m, err)
			continue
		}
		for _, y := range []int{0, 31, 63} {
			left, _, _, _ := m.At(0, y).RGBA()
			middle, _, _, _ := m.At(32, y).RGBA()
			right, _, _, _ := m.At(63, y).RGBA()
			if left >= middle || middle >= right {
				t.Errorf("%s: row %d has %d, %d and %d", mediaType, y, left, middle, right)
			}
		}
	}
}

func TestSampleTexts(t *testing.T) {
	t.Parallel()
	rows, err := csv.NewReader(bytes.NewReader(Sample("text/csv"))).ReadAll()
	if err != nil || len(rows) != 11 || strings.Join(rows[0], ",") != "id,name,value,longitude,latitude" || rows[10][0] != "10" {
		t.Errorf("CSV: %q, %v", rows, err)
	}
	var geo struct {
		Type     string
		Features []struct {
			Geometry struct {
				Type        string
				Coordinates json.RawMessage
			}
			Properties map[string]any
		}
	}
	if err := json.Unmarshal(Sample("application/geo+json"), &geo); err != nil || geo.Type != "FeatureCollection" || len(geo.Features) != 12 {
		t.Errorf("GeoJSON: %+v, %v", geo, err)
	}
	for _, f := range geo.Features {
		if f.Geometry.Type == "" || len(f.Geometry.Coordinates) == 0 || len(f.Properties) != 3 {
			t.Errorf("GeoJSON: %+v", f)
		}
	}
}

func TestSampleArchives(t *testing.T) {
	t.Parallel()
	z := Sample("application/zip")
	r, err := zip.NewReader(bytes.NewReader(z), int64(len(z)))
	if err != nil || len(r.File) != 1 || r.File[0].Name != "made-up.csv" || r.File[0].UncompressedSize64 != uint64(len(sampleCSV())) {
		t.Errorf("zip: %+v, %v", r, err)
	}
	in := tar.NewReader(bytes.NewReader(Sample("application/x-tar")))
	h, err := in.Next()
	if err != nil || h.Name != "made-up.csv" {
		t.Errorf("tar: %+v, %v", h, err)
	}
	if text, err := io.ReadAll(in); err != nil || !bytes.Equal(text, sampleCSV()) {
		t.Errorf("tar: %q, %v", text, err)
	}
	if _, err := in.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("tar: %v", err)
	}
}

// GDAL finds where the sample lies, if it is on the machine.
func TestSampleGeoTIFF(t *testing.T) {
	t.Parallel()
	gdalinfo, err := exec.LookPath("gdalinfo")
	if err != nil {
		t.Log("there is no gdalinfo: the tags are compared with those that it has read before")
		if got := fmt.Sprintf("%x", sampleTIFF()); !strings.Contains(got, "7b14ae47e17a843f7b14ae47e17a843f") {
			t.Error("the size of a pixel is not in the file")
		}
		return
	}
	path := filepath.Join(t.TempDir(), "scene.tif")
	if err := os.WriteFile(path, Sample("image/tiff"), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(gdalinfo, "-stats", path).CombinedOutput()
	for _, want := range []string{"Driver: GTiff/GeoTIFF", "Size is 64, 64", "WGS 84", "Origin = (-1.000000000000000,52.000000000000000)", "Pixel Size = (0.010000000000000,-0.010000000000000)", "STATISTICS_MAXIMUM=252"} {
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%v, no %s in\n%s", err, want, out)
		}
	}
}

// The same call gives the same bytes, since they tell whether an author has changed a file.
func TestSamplesStay(t *testing.T) {
	t.Parallel()
	for _, kind := range sampleKinds {
		if a, b := kind.content(), kind.content(); !bytes.Equal(a, b) || len(a) == 0 || len(a) > 4<<10 {
			t.Errorf("%s: %d and %d bytes", kind.ext, len(a), len(b))
		}
	}
}

// Values of Example count as made up until their author changes them, or takes out the mark.
func TestExampleStaysMadeUp(t *testing.T) {
	t.Parallel()
	m := seed.Parse([]byte(`{"job": {"interface": {"inputs": {"files": [{"name": "SCENE", "mediaTypes": ["image/tiff"]}, {"name": "TEXT"}], "json": [{"name": "LEVEL", "type": "integer"}]},
		"settings": [{"name": "HOST"}, {"name": "PASS", "secret": true}], "mounts": [{"name": "M", "path": "/m"}]}}}`))
	all := "/job/interface/inputs/files/0 /job/interface/inputs/files/1 /job/interface/inputs/json/0 /job/interface/settings/0 /job/interface/mounts/0"
	for name, tt := range map[string]struct {
		from, to string // in the smoke file
		file     string // another content of SCENE
		want     string
	}{
		"as it is written":           {"", "", "", all},
		"another file":               {"", "", "II*\x00", strings.Replace(all, "/job/interface/inputs/files/0 ", "", 1)},
		"another value":              {"LEVEL: 1 #", "LEVEL: 2 #", "", strings.Replace(all, "/job/interface/inputs/json/0 ", "", 1)},
		"the same value, meant":      {"LEVEL: 1 # made up", "LEVEL: 1", "", strings.Replace(all, "/job/interface/inputs/json/0 ", "", 1)},
		"another setting":            {"HOST: value", "HOST: example.com", "", strings.Replace(all, "/job/interface/settings/0 ", "", 1)},
		"the sample, meant":          {"scene.tif # made up", "scene.tif", "", strings.Replace(all, "/job/interface/inputs/files/0 ", "", 1)},
		"the comment has more words": {"LEVEL: 1 # made up", "LEVEL: 1 # still made up, sorry", "", all},
	} {
		dir := t.TempDir()
		text := strings.Replace(string(Example(m)), tt.from, tt.to, 1)
		if tt.from != "" && text == string(Example(m)) {
			t.Fatalf("%s: there is no %q in\n%s", name, tt.from, text)
		}
		if err := os.Mkdir(filepath.Join(dir, "inputs"), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, in := range m.Job.Interface.Inputs.Files {
			content := Sample(in.MediaTypes...)
			if in.Name == "SCENE" && tt.file != "" {
				content = []byte(tt.file)
			}
			if err := os.WriteFile(filepath.Join(dir, ExampleInput(in)), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		cases, found := Read(filepath.Join(dir, File), []byte(text), m, func(string) string { return "secret" })
		if len(found.Diagnostics) > 0 || len(cases) != 1 {
			t.Fatalf("%s: %+v\n%s", name, found.Diagnostics, text)
		}
		if got := strings.Trim(fmt.Sprint(cases[0].MadeUp), "[]"); got != tt.want {
			t.Errorf("%s: %s\nwant %s", name, got, tt.want)
		}
	}
}
