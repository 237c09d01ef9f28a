package cli

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/github"
)

// A buildPushTest is a value of an input, and the flags that it stands for, or a part of the error that refuses it.
type buildPushTest struct {
	value string
	want  []string
	fails string
}

// buildPushInputs are the 33 inputs of docker/build-push-action.
var buildPushInputs = map[string][]buildPushTest{
	"add-hosts":      {{"a:1.2.3.4,b:::1\nc=5.6.7.8", []string{"--add-host=a:1.2.3.4", "--add-host=b:::1", "--add-host=c=5.6.7.8"}, ""}},
	"allow":          {{"network.host, security.insecure", []string{"--allow=network.host", "--allow=security.insecure"}, ""}},
	"annotations":    {{"\"index:a.b=1, 2\"\nc=\"d\"", []string{"--annotation=index:a.b=1, 2", "--annotation=c=\"d\""}, ""}},
	"attests":        {{"type=sbom,generator=a/b\ntype=provenance,mode=max", []string{"--attest=type=sbom,generator=a/b", "--attest=type=provenance,mode=max"}, ""}},
	"build-args":     {{"A=1,2\n\"B=x\r\ny\"\n\"C=1\",\"D=2\"", []string{"--build-arg=A=1,2", "--build-arg=B=x\r\ny", "--build-arg=C=1,D=2"}, ""}, {"\"A=1", nil, "a quote is not closed"}, {"\"A=1\"2", nil, "after a closing quote"}, {"A=1\n # B=2\n", nil, "there are no comments"}, {"A=#1", []string{"--build-arg=A=#1"}, ""}},
	"build-contexts": {{"# a\nb=c", nil, "there are no comments"}, {"a=docker-image://b:1\n\"c=./d,e\"", []string{"--build-context=a=docker-image://b:1", "--build-context=c=./d,e"}, ""}},
	"builder":        {{"mine", []string{"--builder=mine"}, ""}},
	"cache-from":     {{"a/b:cache\n\"type=registry,ref=a\"\ntype=local,\"src=a,b\"", []string{"--cache-from=a/b:cache", "--cache-from=type=registry,ref=a", `--cache-from=type=local,"src=a,b"`}, ""}},
	"cache-to":       {{"type=gha,mode=max", []string{"--cache-to=type=gha,mode=max"}, ""}},
	"call":           {{"build", nil, ""}, {"check", nil, "command: lint"}, {"outline", nil, "command: lint"}},
	"cgroup-parent":  {{"/a", []string{"--cgroup-parent=/a"}, ""}},
	"context":        {{".", []string{"--context=."}, ""}, {"{{defaultContext}}:sub", nil, "actions/checkout"}},
	"file":           {{"a/Dockerfile", []string{"--file=a/Dockerfile"}, ""}},
	"labels":         {{"\"a.b=c, \"\"d\"\"\"\ne=f", []string{`--label=a.b=c, "d"`, "--label=e=f"}, ""}},
	"load":           {{"True", []string{"--load=true"}, ""}, {"false", nil, ""}, {"yes", nil, `load "yes" must be true or false`}},
	"network":        {{"host", []string{"--network=host"}, ""}},
	"no-cache":       {{"TRUE", []string{"--no-cache=true"}, ""}},
	"no-cache-filters": {
		{"a,b\n\"c\"", []string{"--no-cache-filter=a", "--no-cache-filter=b", "--no-cache-filter=c"}, ""},
		{"\"a,b\"", []string{"--no-cache-filter=a", "--no-cache-filter=b"}, ""},
	},
	"outputs":      outputTests(),
	"platforms":    {{"linux/amd64,linux/arm64", []string{"--platform=linux/amd64", "--platform=linux/arm64"}, ""}, {"\"linux/amd64\",\n\"linux/arm64\"", []string{"--platform=linux/amd64", "--platform=linux/arm64"}, ""}},
	"provenance":   {{"mode=max", []string{"--provenance=mode=max"}, ""}},
	"pull":         {{"true", []string{"--pull=true"}, ""}},
	"push":         {{"TRUE", []string{"--push=true"}, ""}, {"False", []string{"--push=false"}, ""}},
	"sbom":         {{"true", []string{"--sbom=true"}, ""}},
	"secrets":      {{"A=1,2\n\"B=x\n\"\"y\"\"\"", []string{"--secret=id=A,env=SECRET1", "--secret=id=B,env=SECRET2"}, ""}, {"A", nil, "secrets: a secret must be NAME="}},
	"secret-envs":  {{"A=X,B=Y", []string{"--secret=id=A,env=X", "--secret=id=B,env=Y"}, ""}},
	"secret-files": {{"A=x,y", []string{`--secret=id=A,"src=x,y"`}, ""}},
	"shm-size":     {{"1g", []string{"--shm-size=1g"}, ""}},
	"ssh":          {{"default,a=b", []string{"--ssh=default", "--ssh=a=b"}, ""}},
	"tags": {
		{"latest,\"v1\"\nv1.2", []string{"--tag=latest", "--tag=v1", "--tag=v1.2"}, ""},
		{"user/app", nil, "registry"}, {"latest\n\"ghcr.io/user/app:latest\"", nil, "registry"}, {"app:1", nil, "registry"}, {"a@sha256:0", nil, "registry"},
	},
	"target":       {{"final", []string{"--target=final"}, ""}},
	"ulimit":       {{"nofile=1:2\nnproc=3", []string{"--ulimit=nofile=1:2", "--ulimit=nproc=3"}, ""}},
	"github-token": {{"t", nil, ""}},
}

// outputTests has outputs that publish, in many spellings, and others.
func outputTests() (tests []buildPushTest) {
	for _, value := range []string{
		"type=registry", "type=registry,name=a/b:1", "type=image,push=true", "type=image", "TYPE=Registry", " type = registry ", `"type=registry"`,
		`type="registry"`, `"type=image","push=true"`, "push=true", "type=image,PUSH=true", "type=image,name=a,push-by-digest=true", "type=oci,dest=a,push=true",
		"dest=x,type=image", "type=oci,dest=a.tar\ntype=registry", "type=docker,push=1,dest=x", "type='registry'", "type=oci,type=registry,dest=x",
	} {
		tests = append(tests, buildPushTest{value, nil, "push: true"})
	}
	return append(tests,
		buildPushTest{"type=oci,dest=a.tar\n type=local,\"dest=b,c\"", []string{"--output=type=oci,dest=a.tar", `--output=type=local,"dest=b,c"`}, ""},
		buildPushTest{"out", []string{"--output=out"}, ""},
		buildPushTest{"type=docker", nil, "load: true"}, buildPushTest{"type=docker,dest=push.tar", []string{"--output=type=docker,dest=push.tar"}, ""},
		buildPushTest{"type=oci,dest=a,name=b/c", nil, "registry"}, buildPushTest{"type=tar,dest=-", nil, "name a file"}, buildPushTest{"-", nil, "name a file"},
		buildPushTest{"type=cacheonly", nil, "leave it out"})
}

// stepArguments returns the command line of a step of pack with some inputs, without what each step has.
func stepArguments(env map[string]string) ([]string, error) {
	getenv := func(name string) string { return env[name] }
	args, err := github.NewStep(getenv, io.Discard, nil).Arguments(flagsOf(&Process{Getenv: getenv}))
	for i := range args {
		args[i] = strings.Replace(args[i], "SEEDPACK_SECRET_", "SECRET", 1)
	}
	return slices.DeleteFunc(args, func(arg string) bool {
		return slices.Contains([]string{"pack", "--format=json", "--progress=plain", "--push=false", "--"}, arg) && (arg != "--push=false" || env["INPUT_PUSH"] == "")
	}), err
}

// An input that has the name of one of docker/build-push-action means the same, or is refused with the input that does it.
func TestInputsOfBuildPushAction(t *testing.T) {
	t.Parallel()
	if len(buildPushInputs) != 33 {
		t.Errorf("%d inputs", len(buildPushInputs))
	}
	for input, tests := range buildPushInputs {
		for _, tt := range tests {
			got, err := stepArguments(map[string]string{"INPUT_" + strings.ToUpper(input): tt.value})
			switch {
			case tt.fails != "":
				if err == nil || !strings.Contains(err.Error(), tt.fails) || !strings.Contains(err.Error(), input) {
					t.Errorf("%s: %q: %q, %v; want an error with %q", input, tt.value, got, err, tt.fails)
				}
			case err != nil || !slices.Equal(got, tt.want):
				t.Errorf("%s: %q: %q, %v; want %q", input, tt.value, got, err, tt.want)
			}
		}
	}
}

// Other inputs refuse what they do not take, too, with their name.
func TestInputsRefuse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ input, value, want string }{
		{"COMMAND", "pakc", `command "pakc" must be one of pack, lint, smoke, verify, publish, list, diff, export, migrate, discover: did you mean pack?`},
		{"COMMAND", "run", `command "run" must be one of `},
		{"SUMMARY", "no", `summary "no" must be true or false`},
		{"STRICT-RESOURCES", "1", `strict-resources "1" must be true or false`},
		{"PROVIDES", "gpus\n# none\n", `provides: "# none": there are no comments in a list`},
	} {
		args, err := stepArguments(map[string]string{"INPUT_" + tt.input: tt.value})
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: %q, %v; want %s", tt.input, args, err, tt.want)
		}
	}
}

// The token goes only to repositories of this GitHub, and a token of the input secrets wins.
func TestGitHubToken(t *testing.T) {
	t.Parallel()
	const token = "--secret=id=GIT_AUTH_TOKEN.github.com,env=SECRET1"
	for _, tt := range []struct {
		context, contexts, secrets, want string
	}{
		{"https://github.com/a/b.git#main:x", "", "", token},
		{"", "a=https://github.com/a/b.git", "", token},
		{"https://github.com.example/a/b.git", "", "", ""},
		{"https://example.com/a/b.git", "", "", ""},
		{".", "a=docker-image://github.com/a", "", ""},
		{"https://github.com/a/b.git", "", "GIT_AUTH_TOKEN=mine", "--secret=id=GIT_AUTH_TOKEN,env=SECRET1"},
	} {
		args, err := stepArguments(map[string]string{"INPUT_GITHUB-TOKEN": "t0ken", "INPUT_CONTEXT": tt.context, "INPUT_BUILD-CONTEXTS": tt.contexts, "INPUT_SECRETS": tt.secrets})
		got := strings.Join(slices.DeleteFunc(args, func(arg string) bool { return !strings.HasPrefix(arg, "--secret") }), " ")
		if err != nil || got != tt.want {
			t.Errorf("%+v: %q, %v", tt, got, err)
		}
	}
}

// The values of secrets are masked, and are on no command line.
func TestSecretsAreMasked(t *testing.T) {
	t.Parallel()
	env := map[string]string{"INPUT_SECRETS": "\"KEY=first line\r\n\"\"second\"\"\"", "INPUT_GITHUB-TOKEN": "gh-token", "INPUT_CONTEXT": "https://github.com/a/b.git"}
	getenv := func(name string) string { return env[name] }
	var out bytes.Buffer
	step := github.NewStep(getenv, &out, nil)
	args, err := step.Arguments(flagsOf(&Process{Getenv: getenv}))
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"first line", `"second"`, "gh-token"} {
		if !strings.Contains(out.String(), "::add-mask::"+value) || strings.Contains(strings.Join(args, " "), value) {
			t.Errorf("%q is not masked, or is on the command line:\n%s", value, out.String())
		}
	}
	if got := step.Getenv("SEEDPACK_SECRET_1"); got != "first line\r\n\"second\"" {
		t.Errorf("the secret is %q", got)
	}
}
