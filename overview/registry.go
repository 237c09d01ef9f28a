package overview

import (
	"net/url"
	"path"
	"regexp"
	"strings"
)

// referenceForm are references that may become a part of an address: HOST/REPOSITORY[:TAG][@DIGEST].
var referenceForm = regexp.MustCompile(`^([a-z0-9.-]+(?::[0-9]+)?)/([a-z0-9._/-]+)(?::([A-Za-z0-9_][A-Za-z0-9._-]*))?(?:@(sha256:[0-9a-f]{64}))?$`)

// ImagePage returns the address of the page that a registry has for an image; empty if none is known. GitHub is the address
// of the repository that the run is of, such as https://github.com/OWNER/REPOSITORY; it may be empty.
func ImagePage(reference, github string) string {
	m := referenceForm.FindStringSubmatch(reference)
	if m == nil {
		return ""
	}
	host, repository, tag, digest := m[1], m[2], m[3], m[4]
	parent := path.Dir(repository) // "." if there is none
	switch {
	case host == "docker.io" || host == "index.docker.io" || host == "registry-1.docker.io":
		return dockerHub(repository, tag)
	case host == "ghcr.io":
		return githubPackage(repository, github)
	case host == "quay.io" && digest != "":
		return "https://quay.io/repository/" + repository + "/manifest/" + digest
	case host == "quay.io":
		return "https://quay.io/repository/" + repository + "?tab=tags"
	case host == "registry.gitlab.com" && strings.Contains(parent, "/"):
		return "https://gitlab.com/" + parent + "/container_registry"
	case host == "registry.gitlab.com" && parent != ".":
		return "https://gitlab.com/" + repository + "/container_registry"
	case host == "public.ecr.aws":
		return "https://gallery.ecr.aws/" + repository
	case host == "codeberg.org" && parent != "." && tag != "":
		owner, image, _ := strings.Cut(repository, "/")
		return "https://codeberg.org/" + owner + "/-/packages/container/" + url.PathEscape(image) + "/" + tag
	case strings.HasSuffix(host, "-docker.pkg.dev") || host == "gcr.io" || strings.HasSuffix(host, ".gcr.io"):
		return "https://" + host + "/" + repository // it redirects to the console
	case ecrHost.MatchString(host):
		at := ecrHost.FindStringSubmatch(host)
		return "https://" + at[2] + ".console.aws.amazon.com/ecr/repositories/private/" + at[1] + "/" + repository
	}
	return ""
}

var ecrHost = regexp.MustCompile(`^([0-9]{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com$`)

func dockerHub(repository, tag string) string {
	page := "https://hub.docker.com/r/" + repository + "/tags"
	if official, ok := strings.CutPrefix(repository, "library/"); ok {
		page = "https://hub.docker.com/_/" + official + "/tags"
	}
	if tag != "" {
		page += "?name=" + url.QueryEscape(tag)
	}
	return page
}

// githubPackage returns the page of a package. That of the run's own owner is below its repository. For others, GitHub's
// registry redirects a browser.
func githubPackage(repository, github string) string {
	owner, image, ok := strings.Cut(repository, "/")
	if !ok {
		return ""
	}
	if u, err := url.Parse(github); err == nil && github != "" {
		if of, _, ok := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/"); ok && strings.EqualFold(of, owner) {
			return strings.TrimSuffix(github, "/") + "/pkgs/container/" + url.PathEscape(image)
		}
	}
	return "https://ghcr.io/" + repository
}
