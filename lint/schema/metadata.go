package schema

import (
	"fmt"
	"slices"

	"github.com/seedpack/seedpack/seed"
)

// Types of GeoJSON: each list has the types that one kind of member may have.
var (
	geometryTypes = []string{"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}
	sideCarTypes  = append(slices.Clone(geometryTypes), "GeometryCollection", "Feature", "FeatureCollection")
)

// Metadata checks a side-car (section 3.1.3). It chooses the schema by GeoJSON type. A Point without coordinates is
// thus reported as that, and not as matching none of nine forms (T-19).
func Metadata(src *seed.Source) []Violation {
	if src.Kind("") == "" {
		return nil
	}
	return geoJSON(src, "", src.Root(), sideCarTypes)
}

func geoJSON(src *seed.Source, at seed.Pointer, value seed.Element, types []string) []Violation {
	if value.Kind() != "object" {
		return []Violation{{Pointer: at, Keyword: "type", Message: fmt.Sprintf("is %s, must be an object", article(typeOf(value)))}}
	}
	raw, ok := value.Member("type")
	if !ok && !(slices.Equal(types, featureTypes)) {
		return []Violation{{Pointer: at, Keyword: "required", Member: "type", Message: `member "type" is missing, it is required here`}}
	}
	kind, isString := raw.Text(), raw.Kind() == "string"
	if !ok {
		kind, isString = "Feature", true // the standard's schema does not check the type of features in a collection
	}
	if !isString || !slices.Contains(types, kind) {
		message := fmt.Sprintf("type is %q, must be %s", clip(kind), quoteAll(types))
		if !isString {
			message = fmt.Sprintf("is %s, must be %s", article(typeOf(raw)), quoteAll(types))
		}
		return []Violation{{Pointer: at.Member("type"), Keyword: "enum", Message: message}}
	}
	found := check(sideCarValidators()[kind], src, at, value)
	if len(found) > 0 {
		return found
	}
	return within(src, at, kind, value)
}

var featureTypes = []string{"Feature"}

// within checks the contents of features and collections.
func within(src *seed.Source, at seed.Pointer, kind string, object seed.Element) (found []Violation) {
	each := func(name string, types []string) {
		list, _ := object.Member(name)
		for i := range list.Len() {
			found = append(found, geoJSON(src, at.Member(name).Index(i), list.At(i), types)...)
		}
	}
	switch kind {
	case "Feature":
		if geometry, ok := object.Member("geometry"); ok && geometry.Kind() != "null" {
			found = geoJSON(src, at.Member("geometry"), geometry, geometryTypes)
		}
	case "GeometryCollection":
		each("geometries", geometryTypes)
	case "FeatureCollection":
		each("features", featureTypes)
	}
	return found
}
