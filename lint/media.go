package lint

import (
	_ "embed"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/seedpack/seedpack/diag"
)

// Media types come in three lists: common ones with the extensions of their files, the whole registry of IANA, and types in
// use that are not registered. All names are in lower case.
//
//go:generate sh ../setup/mediatypes.sh
var (
	//go:embed media-types.txt
	commonList string
	//go:embed media-types-iana.txt
	ianaList string
	//go:embed media-types-in-use.txt
	inUseList string
)

// common returns the types of the first list, and these types by file name extension.
var common = sync.OnceValues(func() (types map[string]bool, byExtension map[string][]string) { return readMediaTypes(commonList) })

// typesOf returns the types of the first list that files with an extension have.
func typesOf(extension string) []string {
	_, byExtension := common()
	return byExtension[strings.ToLower(extension)]
}

func readMediaTypes(list string) (types map[string]bool, byExtension map[string][]string) {
	types, byExtension = map[string]bool{}, map[string][]string{}
	for line := range strings.Lines(list) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		types[fields[0]] = true
		for _, ext := range fields[1:] {
			byExtension[ext] = append(byExtension[ext], fields[0])
		}
	}
	return types, byExtension
}

// isCommon reports whether the first list has a type.
func isCommon(name string) bool {
	types, _ := common()
	return types[name]
}

// inList reports whether a list has a type. The lists are searched as text: most manifests never need them.
func inList(list, name string) bool { return strings.Contains(list, "\n"+name+"\n") }

// knownMediaType reports whether a type, in lower case and without parameters, is registered, or in use.
func knownMediaType(base string) bool {
	return strings.Contains(commonList, "\n"+base+" ") || inList(commonList, base) || inList(ianaList, base) || inList(inUseList, base)
}

// MediaType returns the likeliest media type for the extension of a file name, or "".
func MediaType(name string) string {
	if types := typesOf(path.Ext(name)); len(types) > 0 {
		return types[0]
	}
	return ""
}

// SpellMediaType returns a media type as the fixes of the rules spell it: image/jpg is image/jpeg. It returns any other as it
// is.
func SpellMediaType(value string) string {
	if !isMediaType(value) {
		return formed(value)
	}
	if base := baseType(value); !passes(base) {
		if better := meantMediaType(base); better != "" {
			return better
		}
	}
	return value
}

// formed returns the only type for an extension or subtype that stands in place of a type, else the value.
func formed(value string) string {
	word := strings.ToLower(strings.TrimPrefix(value, "."))
	if types := typesOf("." + word); len(types) == 1 {
		return types[0]
	}
	for _, top := range []string{"application/", "text/", "image/", "application/x-"} {
		if all, _ := common(); all[top+word] || top == "application/x-" && inList(inUseList, top+word) {
			return top + word
		}
	}
	return value
}

// baseType returns a type without its parameters, in lower case.
func baseType(value string) string {
	value, _, _ = strings.Cut(strings.ToLower(value), ";")
	return strings.TrimSpace(value)
}

// isMediaType reports whether a value has the form of a media type: RFC 6838, section 4.2, with parameters of RFC 9110, section
// 5.6.6. A regular expression for the lengths of the names takes longer to compile than the lint of a manifest.
func isMediaType(value string) bool {
	rest, ok := afterName(value)
	if !ok || !strings.HasPrefix(rest, "/") {
		return false
	}
	for rest, ok = afterName(rest[1:]); ok && rest != ""; {
		rest, ok = afterParameter(rest)
	}
	return ok
}

// afterName returns what follows the name of a type or subtype.
func afterName(s string) (rest string, ok bool) {
	const longest = 127
	n := run(s, "!#$&^_.+-")
	return s[n:], n > 0 && n <= longest && run(s[:1], "") == 1
}

// afterParameter returns what follows a parameter, with the semicolon before it.
func afterParameter(s string) (rest string, ok bool) {
	const token = "!#$%&'*+.^_`|~-"
	s = strings.TrimLeft(s, " \t")
	if !strings.HasPrefix(s, ";") {
		return s, false
	}
	s = strings.TrimLeft(s[1:], " \t")
	n := run(s, token)
	if n == 0 || !strings.HasPrefix(s[n:], "=") {
		return s, false
	}
	if s = s[n+1:]; !strings.HasPrefix(s, `"`) {
		n := run(s, token)
		return s[n:], n > 0
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return s[i+1:], true
		case '\\':
			if i++; i < len(s) && s[i] == '\n' {
				return s, false
			}
		}
	}
	return s, false
}

// run returns how many letters, digits and other given characters a text begins with.
func run(s, others string) int {
	n := 0
	for n < len(s) && (s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z' || s[n] >= '0' && s[n] <= '9' || strings.IndexByte(others, s[n]) >= 0) {
		n++
	}
	return n
}

// oftenMistaken are types that authors often write for another type.
var oftenMistaken = map[string]string{
	"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/tif": "image/tiff", "text/json": "application/json",
	"txt/csv": "text/csv", "text/txt": "text/plain", "text/text": "text/plain", "text/tsv": "text/tab-separated-values", "text/yaml": "application/yaml",
	"text/geojson": "application/geo+json", "application/geojson": "application/geo+json", "application/vnd.geo+json": "application/geo+json",
	"application/x-zip-compressed": "application/zip", "application/x-zip": "application/zip", "application/yml": "application/yaml", "text/yml": "application/yaml",
	"application/geopackage": "application/geopackage+sqlite3", "application/gpkg": "application/geopackage+sqlite3", "application/x-sqlite3+gpkg": "application/geopackage+sqlite3",
	"application/kml": "application/vnd.google-earth.kml+xml", "application/kmz": "application/vnd.google-earth.kmz",
	"application/gml": "application/gml+xml", "text/gml": "application/gml+xml", "application/binary": "application/octet-stream", "application/octetstream": "application/octet-stream",
	"application/netcdf4": "application/x-netcdf", "application/hdf": "application/x-hdf5", "image/hdf5": "application/x-hdf5", "application/txt": "text/plain", "application/text": "text/plain",
	"application/kml+xml": "application/vnd.google-earth.kml+xml", "application/x-kml": "application/vnd.google-earth.kml+xml", "application/x-geojson": "application/geo+json", "application/json+geo": "application/geo+json",
	"application/x-geopackage": "application/geopackage+sqlite3", "application/x-gpkg": "application/geopackage+sqlite3", "application/sqlite": "application/vnd.sqlite3", "application/sqlite3": "application/vnd.sqlite3",
	"application/shp": "application/vnd.shp", "application/x-shp": "application/vnd.shp", "application/octet": "application/octet-stream", "application/x-binary": "application/octet-stream",
	"application/xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/jsonlines": "application/jsonl", "application/json-lines": "application/jsonl",
	"application/ndjson": "application/x-ndjson", "video/mpeg4": "video/mp4", "audio/mp3": "audio/mpeg", "image/svg": "image/svg+xml", "application/netcdf-4": "application/x-netcdf",
	"application/vnd.google-earth.kml": "application/vnd.google-earth.kml+xml", "application/cityjson": "application/city+json", "application/dxf": "image/vnd.dxf", "image/dxf": "image/vnd.dxf",
	"application/dwg": "image/vnd.dwg", "image/dwg": "image/vnd.dwg", "application/gz": "application/gzip", "application/7z": "application/x-7z-compressed", "application/x-dbf": "application/vnd.dbf",
	"application/dbf": "application/vnd.dbf", "video/avi": "video/x-msvideo", "image/jpeg-2000": "image/jp2", "application/ipynb": "application/x-ipynb+json", "application/ipynb+json": "application/x-ipynb+json",
	"application/mvt": "application/vnd.mapbox-vector-tile", "application/x-mvt": "application/vnd.mapbox-vector-tile", "application/pbf": "application/vnd.mapbox-vector-tile", "image/cog": "image/tiff",
	"application/cog": "image/tiff", "application/stac+json": "application/geo+json", "application/docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"application/tar": "application/x-tar", "image/jpeg2000": "image/jp2", "image/jpg2000": "image/jp2",
}

// sortedTypes are the types that an unknown one may have been meant to be.
var sortedTypes = sync.OnceValue(func() []string {
	var all []string
	types, _ := common()
	for name := range types {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
})

// meantMediaType returns the type that an unknown one must have been meant to be, or "". It is in lower case.
func meantMediaType(base string) string {
	if right := oftenMistaken[base]; right != "" {
		return right
	}
	top, subtype, _ := strings.Cut(base, "/")
	var sameSubtype []string
	for _, name := range sortedTypes() {
		if _, other, _ := strings.Cut(name, "/"); other == subtype || other == strings.TrimPrefix(subtype, "x-") && strings.HasPrefix(name, top+"/") {
			sameSubtype = append(sameSubtype, name)
		}
	}
	if len(sameSubtype) == 1 {
		return sameSubtype[0]
	}
	if bare := top + "/x-" + subtype; knownMediaType(bare) {
		return bare
	}
	if bare := top + "/" + strings.TrimPrefix(subtype, "x-"); knownMediaType(bare) {
		return bare
	}
	meant := ""
	for _, name := range sortedTypes() {
		if slip(base, name) {
			if meant != "" {
				return ""
			}
			meant = name
		}
	}
	return meant
}

// slip reports whether a type differs from another by a slip of the keyboard. Two letters that are swapped or doubled are one. Any
// other letter is one in a long subtype only: of short ones many differ by a letter, as kml and gml, or json and jsonl.
func slip(written, name string) bool {
	if diag.Edits(written, name) != 1 {
		return false
	}
	at := 0
	for at < min(len(written), len(name)) && written[at] == name[at] {
		at++
	}
	longer := written
	if len(name) > len(written) {
		longer = name
	}
	switch n := len(longer); {
	case at < strings.IndexByte(name, '/'):
		return true // the subtypes are the same
	case len(written) == len(name) && at+1 < n && written[at] == name[at+1] && written[at+1] == name[at]:
		return true
	case len(written) == len(name) && strings.IndexByte("+-._", written[at]) >= 0 && strings.IndexByte("+-._", name[at]) >= 0:
		return true
	case len(written) != len(name) && longer[at] == longer[at-1]:
		return true
	}
	const long = 6
	_, subtype, _ := strings.Cut(name, "/")
	stem, _, _ := strings.Cut(subtype, "+")
	letter := func(s string) bool { return at >= len(s) || s[at] >= 'a' && s[at] <= 'z' }
	return len(stem) >= long && letter(written) && letter(name)
}
