package cases

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/seed"
)

// Made returns the cases of a job without a smoke file. The first has everything that the manifest declares. If some of
// it is optional, the second has only what is required. All values are made up.
func Made(m *seed.Manifest) []Case {
	all := Case{Name: "made from the manifest"}
	fill(m, &all, false)
	cases := []Case{all}
	least := Case{Name: "made from the manifest, only what is required"}
	if fill(m, &least, true); len(least.MadeUp) < len(all.MadeUp) {
		cases = append(cases, least)
	}
	return cases
}

// fill makes up the values that a case lacks. With requiredOnly, it leaves out optional inputs.
func fill(m *seed.Manifest, c *Case, requiredOnly bool) {
	c.init()
	face := &m.Job.Interface
	for i, in := range face.Inputs.Files {
		if _, given := c.Inputs[in.Name]; !given && (in.Required || !requiredOnly) {
			c.Inputs[in.Name] = []InputFile{madeFile(in.MediaTypes)}
			c.MadeUp = append(c.MadeUp, seed.AtInputFiles.Index(i))
		}
	}
	for i, in := range face.Inputs.JSON {
		if _, given := c.JSON[in.Name]; !given && (in.Required || !requiredOnly) {
			c.JSON[in.Name] = json.RawMessage(madeJSON(in.Type))
			c.MadeUp = append(c.MadeUp, seed.AtInputJSON.Index(i))
		}
	}
	for i, s := range face.Settings {
		if _, given := c.Settings[s.Name]; !given {
			c.Settings[s.Name] = "made-up"
			c.MadeUp = append(c.MadeUp, seed.AtSettings.Index(i))
		}
	}
	for i, mount := range face.Mounts {
		if _, given := c.Mounts[mount.Name]; !given {
			c.Mounts[mount.Name] = Mount{}
			c.MadeUp = append(c.MadeUp, seed.AtMounts.Index(i))
		}
	}
}

func (c *Case) init() {
	if c.Inputs == nil {
		c.Inputs = map[string][]InputFile{}
	}
	if c.JSON == nil {
		c.JSON = map[string]json.RawMessage{}
	}
	if c.Settings == nil {
		c.Settings = map[string]string{}
	}
	if c.Mounts == nil {
		c.Mounts = map[string]Mount{}
	}
}

func madeJSON(kind string) string {
	made := map[string]string{"array": "[]", "boolean": "true", "integer": "1", "number": "1.5", "object": "{}", "string": `"made-up"`}
	if v, ok := made[kind]; ok {
		return v
	}
	return "null"
}

// sampleKinds are the media types for which there is a small valid file, by the end of their subtype.
var sampleKinds = []struct {
	subtypes []string
	ext      string
	content  func() []byte
}{
	{[]string{"png"}, "png", samplePNG},
	{[]string{"jpeg", "jpg"}, "jpg", sampleJPEG},
	{[]string{"gif"}, "gif", sampleGIF},
	{[]string{"tiff", "geotiff", "x-geotiff", "vnd.stac.geotiff"}, "tif", sampleTIFF},
	{[]string{"csv"}, "csv", sampleCSV},
	{[]string{"geo+json", "vnd.geo+json", "geojson"}, "geojson", sampleGeoJSON},
	{[]string{"json", "+json"}, "json", literalContent("{}\n")},
	{[]string{"xml", "+xml"}, "xml", literalContent(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<made-up/>\n")},
	{[]string{"zip", "+zip"}, "zip", sampleZip},
	{[]string{"gzip", "x-gzip", "+gzip"}, "gz", sampleGzip},
	{[]string{"plain", "markdown"}, "txt", literalContent("made up\n")},
	{[]string{"pdf"}, "pdf", samplePDF},
	{[]string{"x-hdf5", "x-hdf", "x-hdf5-image", "x-netcdf", "netcdf"}, "h5", literalContent("\x89HDF\r\n\x1a\n")},
	{[]string{"x-tar"}, "tar", sampleTar},
	{[]string{"vnd.sqlite3", "geopackage+sqlite3", "x-sqlite3"}, "db", literalContent("SQLite format 3\x00")},
	{[]string{"mp4"}, "mp4", literalContent("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2")},
	{[]string{"jp2"}, "jp2", literalContent("\x00\x00\x00\x0cjP  \r\n\x87\n")},
	{[]string{"nitf", "vnd.nitf"}, "ntf", literalContent("NITF02.10")},
}

// madeFile returns a small file of the first known media type.
func madeFile(mediaTypes []string) InputFile {
	for _, t := range mediaTypes {
		if ext, content, ok := madeContent(t); ok {
			return InputFile{Name: "made-up." + ext, Content: content, Size: int64(len(content))}
		}
	}
	content, ext := []byte("made up\n"), "bin"
	if len(mediaTypes) == 0 || strings.HasPrefix(mediaTypes[0], "text/") {
		ext = "txt"
	}
	return InputFile{Name: "made-up." + ext, Content: content, Size: int64(len(content))}
}

func madeContent(mediaType string) (ext string, content []byte, ok bool) {
	mediaType, _, _ = strings.Cut(strings.ToLower(mediaType), ";")
	_, subtype, _ := strings.Cut(strings.TrimSpace(mediaType), "/")
	for _, k := range sampleKinds {
		if slices.ContainsFunc(k.subtypes, func(s string) bool {
			return s == subtype || strings.HasPrefix(s, "+") && strings.HasSuffix(subtype, s)
		}) {
			return k.ext, k.content(), true
		}
	}
	return "", nil, false
}

func literalContent(s string) func() []byte { return func() []byte { return []byte(s) } }

// MadeUpNames returns the names of the members with made-up values.
func (c *Case) MadeUpNames(m *seed.Manifest) (names []string) {
	face := &m.Job.Interface
	add := func(at seed.Pointer, name string) {
		if slices.Contains(c.MadeUp, at) {
			names = append(names, name)
		}
	}
	for i, in := range face.Inputs.Files {
		add(seed.AtInputFiles.Index(i), in.Name)
	}
	for i, in := range face.Inputs.JSON {
		add(seed.AtInputJSON.Index(i), in.Name)
	}
	for i, s := range face.Settings {
		add(seed.AtSettings.Index(i), s.Name)
	}
	for i, mount := range face.Mounts {
		add(seed.AtMounts.Index(i), mount.Name)
	}
	return names
}
