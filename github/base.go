package github

// A BaseRevision is a revision that a change may begin at. If it is not whole, the change begins at the last commit that it has
// in common with HEAD.
type BaseRevision struct {
	Revision string
	Whole    bool
}

// BaseRevisions returns where a change may begin, the surest first: what a pull request of GitHub or a merge request of GitLab is
// made against, and otherwise the main branch of the clone.
func BaseRevisions(getenv func(string) string) []BaseRevision {
	if sha := getenv("CI_MERGE_REQUEST_DIFF_BASE_SHA"); commitForm.MatchString(sha) {
		return []BaseRevision{{sha, true}}
	}
	if branch := getenv("GITHUB_BASE_REF"); branch != "" {
		return []BaseRevision{{"refs/remotes/origin/" + branch, false}, {"refs/heads/" + branch, false}}
	}
	return []BaseRevision{
		{"refs/remotes/origin/HEAD", false}, {"refs/remotes/origin/main", false}, {"refs/remotes/origin/master", false},
		{"refs/heads/main", false}, {"refs/heads/master", false},
	}
}
