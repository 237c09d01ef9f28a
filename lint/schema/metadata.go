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
	return geoJSON(src, "", src.Value(), sideCarTypes)
}

func geoJSON(src *seed.Source, at seed.Pointer, value any, types []string) []Violation {
	object, ok := value.(map[string]any)
	if !ok {
		return []Violation{{Pointer: at, Keyword: "type", Message: fmt.Sprintf("is %s, must be an object", article(typeOf(value)))}}
	}
	raw, ok := object["type"]
	if !ok && !(slices.Equal(types, featureTypes)) {
		return []Violation{{Pointer: at, Keyword: "required", Member: "type", Message: `member "type" is missing, it is required here`}}
	}
	kind, isString := raw.(string)
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
	return within(src, at, kind, object)
}

var featureTypes = []string{"Feature"}

// within checks the contents of features and collections.
func within(src *seed.Source, at seed.Pointer, kind string, object map[string]any) (found []Violation) {
	each := func(name string, types []string) {
		list, _ := object[name].([]any)
		for i, value := range list {
			found = append(found, geoJSON(src, at.Member(name).Index(i), value, types)...)
		}
	}
	switch kind {
	case "Feature":
		if object["geometry"] != nil {
			found = geoJSON(src, at.Member("geometry"), object["geometry"], geometryTypes)
		}
	case "GeometryCollection":
		each("geometries", geometryTypes)
	case "FeatureCollection":
		each("features", featureTypes)
	}
	return found
}
