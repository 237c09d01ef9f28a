package runtime

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/pack/supervisor/bin"
	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// facts are what a probe has found of an engine.
type facts struct {
	// Owner is how a container calls the user who runs Seedpack: UID:GID. Without root, that is the container's root.
	Owner string `json:"owner"`
	// Unlimited says why the engine cannot limit memory, processors and processes. Empty: it can.
	Unlimited string `json:"unlimited,omitempty"`
	Podman    bool   `json:"podman,omitempty"` // the program is Podman under another name
}

// factsAge is how long facts are relied on without another probe.
const factsAge = 24 * time.Hour

// probePatience is how long a probe may take. The first container of a machine takes longest.
const probePatience = time.Minute

// open returns an engine that works, or an error that says why it does not.
func open(ctx context.Context, opt Options, name string) (*Engine, error) {
	if !supported {
		return nil, errors.New("seedpack runs containers on Linux alone")
	}
	program, err := exec.LookPath(name)
	if err != nil {
		return nil, errors.New("there is no such program on PATH")
	}
	e := &Engine{Name: name, program: program, record: recordPath(opt, name, program)}
	ctx, cancel := context.WithTimeoutCause(ctx, probePatience, fmt.Errorf("no answer within %s", probePatience))
	defer cancel()
	unpacked := make(chan error, 1)
	go func() { unpacked <- e.unpack() }()
	alive := e.remember() && e.alive(ctx, opt.Images)
	if err := <-unpacked; err != nil {
		return nil, err
	}
	if alive {
		return e, nil
	}
	if err := e.probe(ctx); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	e.note()
	return e, nil
}

// recordPath returns the file with the facts of an engine. Its name changes with everything that may change the facts: the
// program, what it is told by the environment, the user, a restart of the machine.
func recordPath(opt Options, name, program string) string {
	if opt.CacheDir == "" || opt.Getenv == nil {
		return ""
	}
	boot, _ := disk.ReadFile("/proc/sys/kernel/random/boot_id", 1<<10) // empty: not known
	key := []string{program, string(boot), fmt.Sprint(os.Getuid(), os.Getgid()), os.TempDir()}
	if info, err := os.Stat(program); err == nil {
		key = append(key, fmt.Sprint(info.Size(), info.ModTime().UnixNano()))
	}
	for _, variable := range []string{"HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "CONTAINER_HOST", "CONTAINER_CONNECTION",
		"CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF", "XDG_RUNTIME_DIR", "PATH"} {
		key = append(key, variable+"="+opt.Getenv(variable))
	}
	return filepath.Join(opt.CacheDir, "run", name+"-"+sum([]byte(strings.Join(key, "\x00")))[:16]+".json")
}

// remember reads the facts of an earlier probe. It reports false if there are none that count.
func (e *Engine) remember() bool {
	if e.record == "" {
		return false
	}
	info, err := os.Stat(e.record)
	if err != nil || time.Since(info.ModTime()) > factsAge || time.Since(info.ModTime()) < 0 {
		return false
	}
	text, err := disk.ReadFile(e.record, disk.MaxText)
	return err == nil && json.Unmarshal(text, &e.facts) == nil && e.facts.Owner != ""
}

// note writes the facts for later calls. Without them, the next call probes again.
func (e *Engine) note() {
	if e.record == "" {
		return
	}
	text, err := json.Marshal(e.facts)
	if err != nil {
		return
	}
	dir, err := disk.Roots(nil).OpenDir(filepath.Dir(e.record))
	if err != nil {
		return
	}
	_ = disk.WriteIn(dir, filepath.Base(e.record), 0o600, func(f *os.File) error {
		_, err := f.Write(text)
		return err
	})
	_ = dir.Close()
}

// forget lets the next call probe again, because the engine could not run a job.
func (e *Engine) forget() {
	if e.record != "" {
		_ = os.Remove(e.record)
	}
}

// unpack unpacks the supervisor, which takes about as long as the first question to an engine.
func (e *Engine) unpack() error {
	program, err := bin.Find(architecture)
	if err != nil {
		return err
	}
	from, err := program.Open()
	if err != nil {
		return err
	}
	e.supervisor, err = io.ReadAll(from)
	return errors.Join(err, from.Close())
}

// alive reports whether the daemon of an engine answers, and has the image of the probe. Podman and Apptainer have no daemon. It also
// finds out which of the images there are.
func (e *Engine) alive(ctx context.Context, images []string) bool {
	if e.apptainer() || e.podman() {
		return true
	}
	probe, err := newProbeImage()
	if err != nil {
		return false
	}
	found, err := e.inspect(ctx, append([]string{probe.name}, images...)...)
	e.known = map[string]bool{}
	for _, id := range found {
		e.known[id] = true
	}
	// Engines call the probe by different digests.
	return err == nil && slices.ContainsFunc(found, func(id string) bool { return !slices.Contains(images, id) })
}

// probe runs a container that does nothing but read a file of this machine and write two. It sets the facts.
func (e *Engine) probe(ctx context.Context) (err error) {
	e.facts = facts{}
	if e.Name == Docker {
		version, err := e.output(ctx, nil, "--version")
		if err != nil {
			return err
		}
		e.facts.Podman = strings.Contains(strings.ToLower(version), "podman")
	}
	image, err := newProbeImage()
	if err != nil {
		return err
	}
	ref, err := e.Image(ctx, image.id, image.name)
	if err == nil && ref == "" {
		ref, err = e.Load(ctx, bytes.NewReader(image.archive), image.name, image.id)
	}
	if err != nil {
		return err
	}
	limited := e.tryProbe(ctx, ref, true)
	if limited == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := e.tryProbe(ctx, ref, false); err != nil {
		return err
	}
	// An engine that was only busy for a moment must not count for a day as one that has no limits.
	if e.tryProbe(ctx, ref, true) == nil {
		return nil
	}
	e.facts.Unlimited = firstLine(limited.Error())
	return nil
}

// tryProbe runs the probe with or without limits.
func (e *Engine) tryProbe(ctx context.Context, ref string, limited bool) (err error) {
	s, err := newScratch()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.remove(ctx, e, ref)) }()
	nonce := rand.Text()
	if err := errors.Join(s.supervisor(e.supervisor), s.dir.Mkdir("probe", 0o700), s.write("probe/"+wire.ProbeSeen, []byte(nonce))); err != nil {
		return err
	}
	owner := fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())
	c := &container{name: newName(), image: ref, args: []string{wire.ProbeArgument, owner}, nonce: nonce,
		binds:  []bind{s.bindSupervisor(), {s.path("probe"), wire.ProbeDir, true}},
		memory: 512 << 20, cpus: 1, limited: limited}
	args, env := e.command(c)
	cmd := exec.CommandContext(ctx, e.program, args...)
	ownGroup(cmd)
	cmd.Env, cmd.WaitDelay = append(os.Environ(), env...), 5*time.Second
	var complaint tail
	cmd.Stderr = &complaint
	said, err := cmd.Output()
	if err != nil {
		removeErr := e.end(context.WithoutCancel(ctx), c.name)
		return errors.Join(e.explain(ctx, err, complaint.lines()), removeErr)
	}
	if strings.TrimSpace(string(said)) != nonce {
		return errors.New("it does not see the files of this machine")
	}
	if ignored := complaint.lines(); limited && ignoresLimits(ignored) {
		return e.explain(ctx, nil, ignored)
	}
	e.facts.Owner, err = s.owner(owner)
	return err
}

// ignoresLimits reports whether an engine says that it has run a container without the limits that it was given.
func ignoresLimits(said string) bool {
	said = strings.ToLower(said)
	return strings.Contains(said, "limit") && (strings.Contains(said, "ignored") || strings.Contains(said, "discarded"))
}

// owner returns how the container calls this user, from the files that a probe has made.
func (s *scratch) owner(own string) (string, error) {
	for _, made := range []struct{ file, owner string }{{wire.ProbeOwn, "0:0"}, {wire.ProbeGiven, own}} {
		info, err := s.dir.Lstat("probe/" + made.file)
		if err != nil {
			return "", fmt.Errorf("what it writes is not seen on this machine: %w", err)
		}
		if ownerOf(info) == os.Getuid() {
			return made.owner, nil
		}
	}
	return "", errors.New("what its containers write would not belong to you, and cannot be given to you")
}

// supervisor writes the supervisor for this machine.
func (s *scratch) supervisor(program []byte) error {
	if err := s.dir.Mkdir("bin", 0o755); err != nil {
		return err
	}
	to, err := s.dir.OpenFile("bin/"+filepath.Base(wire.Program), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = to.Write(program)
	return errors.Join(err, to.Chmod(0o755), to.Close())
}
