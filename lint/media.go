package lint

import (
	_ "embed"
	"path"
	"regexp"
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

// common are the types of the first list. extensions are these types by file name extension.
var common, extensions = readMediaTypes(commonList)

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

// inList reports whether a list has a type. The lists are searched as text: most manifests never need them.
func inList(list, name string) bool { return strings.Contains(list, "\n"+name+"\n") }

// knownMediaType reports whether a type, in lower case and without parameters, is registered, or in use.
func knownMediaType(base string) bool {
	return common[base] || inList(ianaList, base) || inList(inUseList, base)
}

// MediaType returns the likeliest media type for the extension of a file name, or "".
func MediaType(name string) string {
	if types := extensions[strings.ToLower(path.Ext(name))]; len(types) > 0 {
		return types[0]
	}
	return ""
}

// SpellMediaType returns a media type as the fixes of the rules spell it: image/jpg is image/jpeg. It returns any other as it
// is.
func SpellMediaType(value string) string {
	if !mediaTypeForm.MatchString(value) {
		return formed(value)
	}
	if base := baseType(value); !passes(base) {
		if better := meantMediaType(base); better != "" {
			return better
		}
	}
	return value
}

// formed returns the only type for an extension that stands in place of a type, else the value.
func formed(value string) string {
	if types := extensions["."+strings.ToLower(strings.TrimPrefix(value, "."))]; len(types) == 1 {
		return types[0]
	}
	return value
}

// baseType returns a type without its parameters, in lower case.
func baseType(value string) string {
	value, _, _ = strings.Cut(strings.ToLower(value), ";")
	return strings.TrimSpace(value)
}

// The grammar is RFC 6838, section 4.2. Parameters are RFC 9110, section 5.6.6.
var mediaTypeForm = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126})/([A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126})` +
	"([ \t]*;[ \t]*[A-Za-z0-9!#$%&'*+.^_`|~-]+=([A-Za-z0-9!#$%&'*+.^_`|~-]+|\"([^\"\\\\]|\\\\.)*\"))*$")

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
	"application/tar": "application/x-tar", "image/jpeg2000": "image/jp2", "image/jpg2000": "image/jp2",
}

// sortedTypes are the types that an unknown one may have been meant to be.
var sortedTypes = sync.OnceValue(func() []string {
	var all []string
	for name := range common {
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
	const shortest = 4 // letters of a subtype; among shorter ones many differ by one letter
	if len(subtype) < shortest {
		return ""
	}
	meant := ""
	for _, name := range sortedTypes() {
		if diag.Edits(base, name) == 1 {
			if meant != "" {
				return ""
			}
			meant = name
		}
	}
	return meant
}
