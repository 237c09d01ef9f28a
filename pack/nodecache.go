package pack

import (
	"cmp"
	"maps"
	"path/filepath"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/client"
)

// nodeCaches gives the caches of one of several nodes names of their own. Otherwise each would replace those of the nodes before.
// A node also reads what is there under the plain name.
func nodeCaches(opt *client.SolveOpt, platforms []string) {
	var own []string
	for _, p := range platforms {
		own = append(own, strings.ReplaceAll(normal(p), "/", "-"))
	}
	suffix := "-" + strings.Join(own, "-")
	var imports []client.CacheOptionsEntry
	for _, e := range opt.CacheImports {
		if named, ok := nodeCache(e, suffix); ok && !isEmptyCache(named) {
			imports = append(imports, named)
		}
		if !isEmptyCache(e) {
			imports = append(imports, e)
		}
	}
	opt.CacheImports = imports
	for i, e := range opt.CacheExports {
		if named, ok := nodeCache(e, suffix); ok {
			opt.CacheExports[i] = named
		}
	}
}

// nodeCache returns a cache under a name that ends with a suffix; one of type local is in a directory of its own below. It reports
// false for one that needs no name, such as a cache that is part of the image.
func nodeCache(e client.CacheOptionsEntry, suffix string) (client.CacheOptionsEntry, bool) {
	e.Attrs = maps.Clone(e.Attrs)
	switch e.Type {
	case "registry":
		named, err := reference.ParseNormalizedNamed(e.Attrs["ref"])
		if _, ok := named.(reference.Digested); err != nil || ok {
			return e, false
		}
		tag := reference.TagNameOnly(named).(reference.Tagged).Tag()
		e.Attrs["ref"] = reference.TrimNamed(named).Name() + ":" + tag + suffix
	case "local":
		if e.Attrs["digest"] != "" {
			return e, false
		}
		// Two clients that write to one directory at a time disturb each other.
		for _, key := range []string{"src", "dest"} {
			if dir := e.Attrs[key]; dir != "" {
				e.Attrs[key] = filepath.Join(dir, suffix[1:])
			}
		}
	case "gha":
		e.Attrs["scope"] = cmp.Or(e.Attrs["scope"], "buildkit") + suffix
	case "s3", "azblob":
		e.Attrs["name"] = cmp.Or(e.Attrs["name"], "buildkit") + suffix
	default:
		return e, false
	}
	return e, true
}

// isEmptyCache reports whether a directory is known to hold no cache under the tag. The client would refuse it.
func isEmptyCache(e client.CacheOptionsEntry) bool {
	if e.Type != "local" || e.Attrs["src"] == "" || e.Attrs["digest"] != "" {
		return false
	}
	digest, err := cacheDigest(e)
	return err == nil && digest == ""
}
