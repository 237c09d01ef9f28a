package jobbergate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/seedpack/seedpack/export"
	"github.com/seedpack/seedpack/secret"
)

// A Client publishes templates to the API of Jobbergate.
type Client struct {
	URL   string // of the server, without /jobbergate
	Token string // a bearer token; it is in no error
	HTTP  *http.Client
}

// An OwnerError says that the template is another user's.
type OwnerError struct{ Identifier, Owner string }

func (e *OwnerError) Error() string {
	owner := e.Owner
	if owner == "" {
		owner = "another user"
	}
	return fmt.Sprintf("the template %q is %s's: ask for it, or give another --identifier", e.Identifier, owner)
}

// A PartError is the error for a template that has not all of its files, or those of before.
type PartError struct {
	Identifier string
	Created    bool // the template is new
	Err        error
}

// Error says what was done and what was not.
func (e *PartError) Error() string { return e.Err.Error() + "\n" + e.State() }

// Unwrap returns why the files could not be uploaded.
func (e *PartError) Unwrap() error { return e.Err }

// State says what the server holds.
func (e *PartError) State() string {
	if e.Created {
		return fmt.Sprintf("the template %q was created, and not all of its files were uploaded: publish again, or delete it", e.Identifier)
	}
	return fmt.Sprintf("the template %q was updated, and not all of its files were: publish again", e.Identifier)
}

// CheckIdentifier refuses identifiers that the API does not take. One of digits would be read as a number of the database.
func CheckIdentifier(identifier string) error {
	switch {
	case identifier == "":
		return errors.New("an identifier must not be empty")
	case isNumber(identifier):
		return fmt.Errorf("the identifier %q is a number, which Jobbergate reads as that of a template: give another one", identifier)
	case strings.ContainsFunc(identifier, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }):
		return fmt.Errorf("the identifier %q has blanks or control characters, which Jobbergate does not take", identifier)
	case strings.Contains(identifier, "/") || identifier == "." || identifier == "..":
		return fmt.Errorf("the identifier %q cannot be a part of a URL: give one without slashes", identifier)
	case len([]rune(identifier)) > maxText:
		return fmt.Errorf("the identifier has %d characters, and Jobbergate takes %d", len([]rune(identifier)), maxText)
	}
	return nil
}

// isNumber reports whether the server would read an identifier as a number, as Python does: digits of any script, with a sign in
// front and underscores between them.
func isNumber(identifier string) bool {
	digits := strings.ReplaceAll(strings.TrimLeft(identifier, "+-"), "_", "")
	return digits != "" && !strings.ContainsFunc(digits, func(r rune) bool { return !unicode.IsNumber(r) })
}

// existing is what the API says of a template.
type existing struct {
	Owner    string `json:"owner_email"`
	Archived bool   `json:"is_archived"`
	Files    []struct {
		Filename string `json:"filename"`
		Type     string `json:"file_type"`
	} `json:"template_files"`
}

// Publish creates the template of a job, or updates it: the same job again leaves the same template. It returns whether the
// template is new. The steps are: look, create or update, upload the script, upload the workflow. An error after the second
// step is a *PartError.
func (c *Client) Publish(ctx context.Context, j *export.Job, p *export.Package, identifier string) (created bool, err error) {
	if err := CheckIdentifier(identifier); err != nil {
		return false, err
	}
	at := "/job-script-templates/" + url.PathEscape(identifier)
	old, err := c.look(ctx, at)
	if err != nil {
		return false, err
	}
	about := map[string]any{"name": export.Cut(j.Job.Name+" "+j.Job.JobVersion, maxText), "identifier": identifier, "description": describe(j), "template_vars": Variables(j)}
	if old == nil {
		err = c.send(ctx, http.MethodPost, "/job-script-templates", about)
		var taken *statusError
		if created = err == nil; errors.As(err, &taken) && taken.status == http.StatusConflict {
			// Another user made it since, or it is one that this user may not see.
			if old, err = c.look(ctx, at); err == nil && old == nil {
				err = taken
			}
		}
	}
	if old != nil && err == nil {
		about["is_archived"] = false
		err = c.update(ctx, at, identifier, old, about)
	}
	if err != nil {
		return false, err
	}
	if err := c.upload(ctx, at, old, p); err != nil {
		return created, &PartError{identifier, created, err}
	}
	return created, nil
}

// describe names the version first, so that cutting keeps it.
func describe(j *export.Job) string {
	return export.Cut(export.OneLine(fmt.Sprintf("%s, package %s: %s", j.Job.JobVersion, j.Job.PackageVersion, j.Job.Description)), maxText)
}

func (c *Client) look(ctx context.Context, at string) (*existing, error) {
	answer, err := c.do(ctx, http.MethodGet, at, "", nil)
	var refused *statusError
	if errors.As(err, &refused) && refused.status == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var old existing
	if err := json.Unmarshal(answer, &old); err != nil {
		return nil, fmt.Errorf("GET %s: the answer is no template: %w", at, err)
	}
	return &old, nil
}

func (c *Client) update(ctx context.Context, at, identifier string, old *existing, about map[string]any) error {
	err := c.send(ctx, http.MethodPut, at, about)
	var refused *statusError
	if errors.As(err, &refused) && refused.status == http.StatusForbidden && strings.Contains(refused.detail, "owner_email") {
		return &OwnerError{identifier, old.Owner}
	}
	return err
}

// upload puts the script and the workflow in their places, and deletes scripts that a former version had under other names:
// two entry points could not be rendered.
func (c *Client) upload(ctx context.Context, at string, old *existing, p *export.Package) error {
	text := func(name string) string {
		i := slices.IndexFunc(p.Files, func(f export.File) bool { return f.Name == name })
		return p.Files[i].Text
	}
	if err := c.send(ctx, http.MethodPut, at+"/upload/template/ENTRYPOINT", form{file: template, text: text(TemplateFile)}); err != nil {
		return err
	}
	runtime := `{"default_template": "` + template + `", "output_directory": "."}`
	if err := c.send(ctx, http.MethodPut, at+"/upload/workflow", form{file: WorkflowFile, text: text(WorkflowFile), field: "runtime_config", value: runtime}); err != nil {
		return err
	}
	if old == nil {
		return nil
	}
	for _, f := range old.Files {
		if f.Filename == template {
			continue
		}
		if _, err := c.do(ctx, http.MethodDelete, at+"/upload/template/"+url.PathEscape(f.Filename), "", nil); err != nil {
			return err
		}
	}
	return nil
}

// A form is a file to upload, with perhaps a field.
type form struct{ file, text, field, value string }

// send sends JSON, or a form.
func (c *Client) send(ctx context.Context, method, at string, body any) error {
	var b bytes.Buffer
	kind := "application/json"
	if f, ok := body.(form); ok {
		w := multipart.NewWriter(&b)
		part, err := w.CreateFormFile("upload_file", f.file)
		if err == nil {
			_, err = io.WriteString(part, f.text)
		}
		if err == nil && f.field != "" {
			err = w.WriteField(f.field, f.value)
		}
		if err = errors.Join(err, w.Close()); err != nil {
			return err
		}
		kind = w.FormDataContentType()
	} else if err := json.NewEncoder(&b).Encode(body); err != nil {
		return err
	}
	_, err := c.do(ctx, method, at, kind, &b)
	return err
}

// maxAnswer is more than the API answers.
const maxAnswer = 1 << 20

// A statusError is an answer that refuses. Its text is foreign.
type statusError struct {
	what   string
	status int
	detail string
}

func (e *statusError) Error() string {
	hint := ""
	switch {
	case e.status == http.StatusUnauthorized:
		hint = "\nthe token in JOBBERGATE_TOKEN is missing, wrong or has expired"
	case e.status == http.StatusForbidden:
		hint = "\nthe token lacks a permission: publishing needs jobbergate:job-templates:create, :update and :read"
	case e.status == http.StatusBadRequest && strings.Contains(strings.ToLower(e.detail), "email"):
		hint = "\nthe token has no email address, which owners of templates need"
	case e.status == http.StatusRequestEntityTooLarge:
		hint = "\nthe server takes no files of that size"
	}
	return fmt.Sprintf("%s: %d %s: %s%s", e.what, e.status, http.StatusText(e.status), e.detail, hint)
}

// do makes one request. An answer that is no success is a *statusError.
func (c *Client) do(ctx context.Context, method, at, kind string, body io.Reader) ([]byte, error) {
	what := method + " " + at
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.URL, "/")+"/jobbergate"+at, body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	request.Header.Set("Authorization", "Bearer "+c.Token)
	request.Header.Set("Accept", "application/json")
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if response.StatusCode >= 300 {
		return nil, &statusError{what, response.StatusCode, detail(answer, secret.New(c.Token).Hide)}
	}
	return answer, nil
}

// detail is what an answer says, as the API writes it, or else its beginning. The token is redacted before the text is cut.
func detail(answer []byte, hide func(string) string) string {
	var said struct {
		Detail json.RawMessage `json:"detail"`
	}
	brief := func(text string, most int) string { return export.Cut(hide(export.OneLine(hide(text))), most) }
	if json.Unmarshal(answer, &said) == nil && len(said.Detail) > 0 {
		var text string
		if json.Unmarshal(said.Detail, &text) == nil {
			return brief(text, 500)
		}
		return brief(string(said.Detail), 500)
	}
	return brief(string(answer), 200)
}
