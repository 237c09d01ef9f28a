package engine

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/containerd/platforms"
	"github.com/docker/cli/cli/connhelper/commandconn"
	"github.com/moby/buildkit/client"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/seedpack/seedpack/disk"
)

// A buildxBuilder is the file in which buildx keeps a builder.
type buildxBuilder struct {
	Name   string
	Driver string
	Nodes  []buildxNode
}

// A buildxNode is one machine of a builder.
type buildxNode struct {
	Name       string
	Endpoint   string // a docker context or an address, depending on the driver
	DriverOpts map[string]string
	Platforms  []ocispecs.Platform // that the user listed for it
}

// A buildxStore is buildx's directory. It may not exist.
type buildxStore struct {
	dir    string
	opt    *Options
	docker DockerHost
}

// buildx finds the directory in the same way as buildx.
func (o *Options) buildx() buildxStore {
	s := buildxStore{opt: o, docker: o.docker()}
	switch {
	case o.env("BUILDX_CONFIG") != "":
		s.dir = o.env("BUILDX_CONFIG")
	case s.docker.dir() != "":
		s.dir = filepath.Join(s.docker.dir(), "buildx")
	}
	return s
}

// buildxName matches the names that buildx allows. Names become paths.
var buildxName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9._-]*$`)

// read returns the builder, or nil if there is none of that name.
func (s buildxStore) read(name string) (*buildxBuilder, error) {
	if s.dir == "" || !buildxName.MatchString(name) {
		return nil, nil
	}
	path := filepath.Join(s.dir, "instances", strings.ToLower(name))
	text, err := disk.ReadFile(path, disk.MaxText)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b := &buildxBuilder{}
	if err := json.Unmarshal(text, b); err != nil {
		return nil, fmt.Errorf("read the buildx builder %s: %w", path, err)
	}
	if b.Name == "" {
		b.Name = name
	}
	return b, nil
}

// names returns the names of all builders, sorted.
func (s buildxStore) names() []string {
	entries, err := os.ReadDir(filepath.Join(s.dir, "instances"))
	if s.dir == "" || err != nil {
		return nil
	}
	var all []string
	for _, e := range entries {
		if buildxName.MatchString(e.Name()) {
			all = append(all, e.Name())
		}
	}
	return all
}

// current returns the builder that buildx would use, or nil if that is the Docker Engine itself. A choice in buildx
// holds for one endpoint of Docker, unless it is global. Like buildx, current ignores a choice whose builder is gone.
func (s buildxStore) current() (*buildxBuilder, error) {
	if s.dir == "" {
		return nil, nil
	}
	key := s.docker.key()
	text, err := disk.ReadFile(filepath.Join(s.dir, "current"), disk.MaxText)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var chosen struct {
		Key, Name string
		Global    bool
	}
	if err == nil {
		if err := json.Unmarshal(text, &chosen); err != nil {
			return nil, fmt.Errorf("read %s: %w", filepath.Join(s.dir, "current"), err)
		}
	}
	if chosen.Name != "" && (chosen.Global || chosen.Key == key) {
		return s.read(chosen.Name)
	}
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(key)))
	text, err = disk.ReadFile(filepath.Join(s.dir, "defaults", sum[:20]), disk.MaxText)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return s.read(strings.TrimSpace(string(text)))
}

// buildxNodes returns the nodes of a builder by its name. As in buildx, the name of a docker context means the engine of that
// context.
func buildxNodes(opt Options, name string) ([]*node, error) {
	s := opt.buildx()
	b, err := s.read(name)
	if err != nil {
		return nil, err
	}
	if b != nil {
		return b.nodes(opt)
	}
	contexts := s.docker.contexts()
	if slices.Contains(contexts, name) {
		return oneNode(name, func(ctx context.Context) (*Engine, error) { return dialDocker(ctx, s.docker, name) }), nil
	}
	known := slices.Concat(s.names(), contexts, []string{builderDocker, builderPrivate})
	slices.Sort(known)
	return nil, fmt.Errorf("builder %q is unknown: there are %s\n"+
		"name one of these, or write an address: unix:///run/buildkit/buildkitd.sock, tcp://HOST:PORT or docker-container://NAME",
		name, strings.Join(slices.Compact(known), ", "))
}

// nodes returns the nodes of a builder.
func (b *buildxBuilder) nodes(opt Options) (all []*node, err error) {
	if len(b.Nodes) == 0 {
		return nil, fmt.Errorf("the buildx builder %s has no nodes\nmake it anew: docker buildx rm %s, docker buildx create", b.Name, b.Name)
	}
	from := fmt.Sprintf("the buildx builder %s (%s)", b.Name, b.Driver)
	for i, n := range b.Nodes {
		one := &node{name: n.Name, from: from, dial: func(ctx context.Context) (*Engine, error) {
			e, err := dialNode(ctx, opt, b.Driver, n)
			if err != nil {
				return nil, fmt.Errorf("buildx builder %s: %w", b.Name, err)
			}
			e.From = from
			if len(b.Nodes) > 1 {
				e.From = fmt.Sprintf("node %s of %s", n.Name, from)
			}
			return e, nil
		}}
		if n.Name == "" {
			one.name = fmt.Sprintf("%s[%d]", b.Name, i)
		}
		for _, p := range n.Platforms {
			one.listed = append(one.listed, platforms.Format(platforms.Normalize(p)))
		}
		all = append(all, one)
	}
	return all, nil
}

// dialNode connects to a node of a builder, in the way of the builder's driver.
func dialNode(ctx context.Context, opt Options, driver string, n buildxNode) (*Engine, error) {
	switch driver {
	case "docker":
		return dialDocker(ctx, opt.docker(), n.Endpoint)
	case "docker-container":
		return dialContainer(ctx, opt.docker(), n)
	case "remote":
		return dialEngine(ctx, n.Endpoint, n.tls())
	case "kubernetes":
		return dialPod(ctx, n)
	}
	return nil, fmt.Errorf("its driver %q is unknown: it must be docker, docker-container, remote or kubernetes", driver)
}

func (n buildxNode) tls() TLSFiles {
	return TLSFiles{CA: n.DriverOpts["cacert"], Cert: n.DriverOpts["cert"], Key: n.DriverOpts["key"], ServerName: n.DriverOpts["servername"]}
}

var podName = regexp.MustCompile(`^pod/[a-z0-9][a-z0-9.-]*$`)

// dialPod connects to a running pod of the builder's deployment. The endpoint is
// kubernetes:///NAME?deployment=…&kubeconfig=….
func dialPod(ctx context.Context, n buildxNode) (*Engine, error) {
	u, err := url.Parse(n.Endpoint)
	if err != nil {
		return nil, err
	}
	var base []string
	if file := u.Query().Get("kubeconfig"); file != "" {
		base = append(base, "--kubeconfig="+file)
	}
	if namespace := n.DriverOpts["namespace"]; namespace != "" {
		base = append(base, "--namespace="+namespace)
	}
	deployment := u.Query().Get("deployment")
	args := append(slices.Clone(base), "get", "pods", "--output=name", "--selector=app="+deployment, "--field-selector=status.phase=Running")
	out, err := exec.CommandContext(ctx, "kubectl", args...).Output()
	if err != nil {
		return nil, fmt.Errorf("look for pods of the deployment %s: %w%s", deployment, err, stderrOf(err))
	}
	pod, _, _ := strings.Cut(string(out), "\n")
	if !podName.MatchString(pod) {
		return nil, fmt.Errorf("no pod of the deployment %s runs\nstart it: docker buildx inspect --bootstrap", deployment)
	}
	args = append(slices.Clone(base), "exec", "--container=buildkitd", "--stdin", pod, "--", "buildctl", "dial-stdio")
	return dialClient(ctx, "the BuildKit in "+pod, "", client.WithContextDialer(func(context.Context, string) (net.Conn, error) {
		// The context of the dialer ends when it has dialled. The command must live as long as the connection.
		return commandconn.New(context.Background(), "kubectl", args...)
	}))
}

// stderrOf returns what a failed program wrote to standard error, on lines of its own.
func stderrOf(err error) string {
	var exit *exec.ExitError
	if !errors.As(err, &exit) || len(exit.Stderr) == 0 {
		return ""
	}
	return "\n" + strings.TrimSpace(string(exit.Stderr))
}
