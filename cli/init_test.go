//go:build linux

package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/containerd/console"

	"github.com/seedpack/seedpack/exit"
)

// A dialogue is a person at a pseudo terminal, who answers each prompt once.
type dialogue struct {
	screen  console.Console
	answers []string // a prompt's end, and the answer to it, by turns
	mu      sync.Mutex
	shown   bytes.Buffer
	done    chan struct{}
}

// converse starts to answer. What cannot be answered stays open until the terminal is closed.
func (d *dialogue) converse(t *testing.T) {
	d.done = make(chan struct{})
	go func() {
		defer close(d.done)
		rest, at := "", 0
		buffer := make([]byte, 4096)
		for {
			n, err := d.screen.Read(buffer)
			d.mu.Lock()
			d.shown.Write(buffer[:n])
			d.mu.Unlock()
			rest += string(buffer[:n])
			for at < len(d.answers) && strings.Contains(rest, d.answers[at]) {
				_, rest, _ = strings.Cut(rest, d.answers[at])
				answer := d.answers[at+1] + "\n"
				if d.answers[at+1] == "^D" {
					answer = "\x04"
				}
				if _, err := io.WriteString(d.screen, answer); err != nil {
					t.Error(err)
				}
				at += 2
			}
			if err != nil {
				if at < len(d.answers) {
					t.Errorf("it was never asked %q:\n%s", d.answers[at], d.text())
				}
				return
			}
		}
	}()
}

func (d *dialogue) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shown.String()
}

// asPerson runs a command for a person who gives these answers. It returns the exit status, standard output and the screen.
func asPerson(t *testing.T, answers []string, args ...string) (status int, stdout, screen string) {
	t.Helper()
	pty, name, err := console.NewPty()
	if err != nil {
		t.Skipf("there is no pseudo terminal: %v", err)
	}
	tty, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	d := &dialogue{screen: pty, answers: answers}
	d.converse(t)
	var out bytes.Buffer
	status = Run(t.Context(), args, Process{Stdin: tty, Stdout: &out, Stderr: tty, Getenv: os.Getenv})
	if err := tty.Close(); err != nil {
		t.Error(err)
	}
	<-d.done
	if err := pty.Close(); err != nil {
		t.Error(err)
	}
	return status, out.String(), strings.ReplaceAll(d.text(), "\r\n", "\n")
}

// askedManifest is what comes of the answers in TestInitAsks.
const askedManifest = `{
  "seedVersion": "1.0.0",
  "job": {
    "name": "scene-mean",
    "jobVersion": "0.1.0",
    "packageVersion": "0.1.0",
    "title": "Scene mean",
    "description": "Takes the mean of a scene.",
    "maintainer": {
      "name": "Ada Doe",
      "email": "ada@example.com"
    },
    "timeout": 3600,
    "interface": {
      "command": "/job.sh ${SCENE} ${MASK} ${OUTPUT_DIR}",
      "inputs": {
        "files": [
          { "name": "SCENE" },
          { "name": "MASK", "mediaTypes": ["image/tiff"] }
        ],
        "json": [
          { "name": "LEVEL", "type": "string" }
        ]
      },
      "outputs": {
        "files": [
          { "name": "TABLE", "mediaType": "text/csv", "pattern": "*.csv" }
        ],
        "json": [
          { "name": "MEAN", "type": "number" }
        ]
      },
      "mounts": [
        { "name": "MODELS", "path": "/models" }
      ],
      "settings": [
        { "name": "TOKEN", "secret": true }
      ]
    },
    "resources": {
      "scalar": [
        { "name": "cpus", "value": 1 },
        { "name": "mem", "value": 256 },
        { "name": "disk", "value": 64, "inputMultiplier": 2 }
      ]
    }
  }
}
`

func TestInitAsks(t *testing.T) {
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(t.TempDir(), "none"))
	dir := filepath.Join(t.TempDir(), "Scene Stats")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"Dockerfile": "FROM debian:13-slim\nCOPY job.sh /\nUSER nobody\nCMD [\"/job.sh\"]\n",
		"job.sh": "#!/bin/sh\necho \"$SCENE $LEVEL $TOKEN $EDITION\"\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	status, stdout, screen := asPerson(t, []string{
		"name of the job [scene-stats]: ", "Scene Mean",
		"; write scene-mean", "scene-mean", // it is asked again
		"uses SCENE. Is it an input file (i), a JSON input (j), a setting (s), a secret setting (x), or none of these (n)? [n]: ", "i",
		"uses LEVEL.", "what",
		"write i, j, s, x or n", "j",
		"uses TOKEN.", "x",
		"uses EDITION.", "",
		"input file: NAME or NAME=MEDIATYPE, as in IMAGE=image/tiff (empty: no more): ", "MASK=image/tiff",
		"(empty: no more): ", "SCENE",
		"there is an input SCENE already", "LEVEL",
		`gives the variable "LEVEL", which input "LEVEL" gives too`, "", // a line of what is not written yet is not named
		"JSON input: ", "",
		"output file: ", "TABLE",
		"it must be NAME=PATTERN, as in RESULT=*.csv", "TABLE=*.csv",
		"output file: ", "",
		"JSON output: ", "MEAN=number",
		"JSON output: ", "",
		"setting: ", "",
		"mount: ", "MODELS=/models",
		"mount: ", "",
		"what it does, in a sentence [Reads SCENE, MASK and LEVEL and writes TABLE and MEAN.]: ", "Takes the mean of a scene.",
		"full name of the maintainer: ", "",
		"a manifest must have it", "Ada Doe",
		"e-mail of the maintainer: ", "nonsense",
		"\"nonsense\" is not an e-mail address", "ada@example.com",
		"a smoke file with a sample of each input? [Y/n]: ", "",
	}, "init", dir)
	if status != exit.StatusClean {
		t.Fatalf("status %d\n%s\n%s", status, stdout, screen)
	}
	got, err := os.ReadFile(filepath.Join(dir, "seed.manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != askedManifest {
		t.Errorf("%s\nthe screen:\n%s", got, screen)
	}
	if strings.Contains(stdout, "EDITION") {
		t.Errorf("what was settled is asked for again:\n%s", stdout)
	}
	for _, name := range []string{"seed.smoke.yaml", "inputs/mask.tif", ".dockerignore"} {
		if !exists(filepath.Join(dir, name)) {
			t.Errorf("%s is missing", name)
		}
	}

	// A manifest that is there gets more. What it has is said with its line.
	status, stdout, screen = asPerson(t, []string{
		"uses EDITION.", "s", "input file: ", "SCENE", "there is an input SCENE already, on line 18", "", "JSON input: ", "", "output file: ", "", "JSON output: ", "", "setting: ", "", "mount: ", "",
	}, "init", dir)
	if status != exit.StatusClean || !strings.Contains(stdout, "seed.manifest.json: setting EDITION\n") {
		t.Errorf("status %d\n%s\n%s", status, stdout, screen)
	}
}

// The end of the input writes nothing, and --yes asks nothing.
func TestInitEndsOrAsksNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "job")
	status, stdout, screen := asPerson(t, []string{"name of the job [job]: ", "", "input file: ", "^D"}, "init", dir)
	if status != exit.StatusFailure || !strings.Contains(screen, "the input ended: nothing is written") || exists(dir) {
		t.Errorf("status %d\n%s\n%s", status, stdout, screen)
	}
	status, stdout, screen = asPerson(t, nil, "init", dir, "--yes", "--maintainer-name", "A", "--maintainer-email", "a@example.com")
	if status != exit.StatusClean || screen != "" || !exists(filepath.Join(dir, "seed.manifest.json")) {
		t.Errorf("status %d\n%s\n%s", status, stdout, screen)
	}
}

// An interrupted question says what is so: nothing was written, and nobody wanted to publish.
func TestInitInterrupted(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{"init": "interrupted: nothing was written", "run": "interrupted", "export": "interrupted",
		"pack": "interrupted: nothing was published under a name"} {
		var stderr bytes.Buffer
		complain(&Process{Stderr: &stderr, command: command}, exit.StatusInterrupted, "", context.Canceled)
		if got := stderr.String(); got != "seedpack: "+want+"\n" {
			t.Errorf("%s: %q, want %q", command, got, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr bytes.Buffer
	dir := filepath.Join(t.TempDir(), "job")
	status := Run(ctx, []string{"diff", "git:HEAD", dir}, Process{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: &stderr, Getenv: os.Getenv})
	if got := stderr.String(); status != exit.StatusInterrupted || got != "seedpack: interrupted: nothing was written\n" {
		t.Errorf("status %d: %q", status, got)
	}
}

// A password that is asked for is not shown.
func TestLoginPrompt(t *testing.T) {
	t.Parallel()
	status, _, screen := asPerson(t, []string{"name for localhost:1: ", "ada", "password of ada (it is not shown): ", "swordfish"}, "login", "localhost:1")
	if status != exit.StatusFailure || strings.Contains(screen, "swordfish") || !strings.Contains(screen, "nothing is written") {
		t.Errorf("status %d\n%s", status, screen)
	}
}
