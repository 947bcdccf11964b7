package api_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// form is a multipart body with the boundary xx.
func form(field, fileName, text string) string {
	return fmt.Sprintf("--xx\r\nContent-Disposition: form-data; name=%q; filename=%q\r\nContent-Type: text/csv\r\n\r\n%s\r\n--xx--\r\n", field, fileName, text)
}

const formType = "multipart/form-data; boundary=xx"

func TestAFileIsTakenRawAndAsAForm(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	raw := o.upload(o.analyst, weather).is(http.StatusCreated)
	sum := sha256.Sum256([]byte(weather))
	require.Equal(t, "weather", raw["name"])
	require.Equal(t, o.analyst.id.String(), raw["created_by"])
	version := raw["version"].(object)
	require.Equal(t, hex.EncodeToString(sum[:]), version["sha256"])
	require.Equal(t, json.Number("3"), version["row_count"])
	require.Equal(t, json.Number(strconv.Itoa(len(weather))), version["byte_count"])
	var types []any
	for _, column := range raw["columns"].([]any) {
		types = append(types, column.(object)["type"])
	}
	require.Equal(t, []any{"date", "decimal", "text", "boolean", "text"}, types)

	a := o.analyst.post(o.path("/datasets"), form("file", "My table.csv", weather), "Content-Type", formType)
	formed := a.is(http.StatusCreated)
	require.Equal(t, "My table", formed["name"])
	require.Equal(t, raw["columns"], formed["columns"])
	require.Equal(t, version["sha256"], formed["version"].(object)["sha256"])
	read := o.viewer.get(a.header.Get("Location")).is(http.StatusOK)
	require.Equal(t, "My table", read["name"])
	require.Equal(t, formed["columns"], read["columns"])

	named := o.owner.post(o.path("/datasets?name=Given"), form("file", "other.csv", weather), "Content-Type", formType)
	require.Equal(t, "Given", named.is(http.StatusCreated)["name"])
}

// nothingStored requires that refused, which was to store a dataset, has changed nothing but that there was an import, and left no file.
func (o *organization) nothingStored(refused func() answer) answer {
	o.s.t.Helper()
	before := o.s.dumpBesideImports()
	a := refused()
	require.Equal(o.s.t, before, o.s.dumpBesideImports())
	files, err := os.ReadDir(o.s.tempDir)
	require.NoError(o.s.t, err)
	require.Empty(o.s.t, files)
	return a
}

func TestAFileLargerThanTheLimitIsRefused(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	head, line := "text\n", strings.Repeat("a", 99)+"\n"
	lines := (maxUpload - len(head)) / len(line)
	largest := head + strings.Repeat(line, lines) + strings.Repeat("b", maxUpload-len(head)-lines*len(line))
	require.Len(t, largest, maxUpload)
	o.upload(o.owner, largest).is(http.StatusCreated)

	for _, refused := range []func() answer{
		func() answer { return o.upload(o.owner, largest+"c") },
		func() answer { // of a length that is not known beforehand
			body := struct{ io.Reader }{strings.NewReader(largest + line)}
			return o.owner.post(o.path("/datasets?name=x"), body, "Content-Type", "text/csv")
		},
		func() answer {
			return o.owner.post(o.path("/datasets"), form("file", "x.csv", largest), "Content-Type", formType)
		},
	} {
		o.nothingStored(refused).refused(http.StatusRequestEntityTooLarge, "payload_too_large")
	}
}

// partial sends the beginning of a request and then no more.
func (p person) partial(path, contentType, length, body string) answer {
	p.s.t.Helper()
	conn, err := net.Dial("tcp", p.s.Listener.Addr().String())
	require.NoError(p.s.t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\n%s\r\n\r\n%s",
		path, p.token, contentType, length, body)
	require.NoError(p.s.t, err)
	if body != "" {
		require.NoError(p.s.t, conn.(*net.TCPConn).CloseWrite())
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(p.s.t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(p.s.t, err)
	return answer{p.s.t, response.StatusCode, response.Header, text}
}

func TestAnUnfinishedUploadIsRefused(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	path := o.path("/datasets?name=x")
	complete := form("file", "x.csv", weather)
	unclosed := complete[:len(complete)-len("\r\n--xx--\r\n")]
	for _, refused := range []func() answer{
		func() answer { return o.owner.partial(path, "text/csv", "Content-Length: 5000", weather) },
		func() answer {
			return o.owner.partial(path, "text/csv", "Transfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s\r\n", len(weather), weather))
		},
		func() answer { return o.owner.partial(path, formType, "Content-Length: 5000", complete[:100]) },
		func() answer { return o.owner.partial(path, formType, "Content-Length: 5000", unclosed) },
		func() answer { return o.owner.post(path, unclosed, "Content-Type", formType) },
		func() answer { return o.owner.post(path, complete[:20], "Content-Type", formType) },
	} {
		o.nothingStored(refused).refused(http.StatusBadRequest, "upload_incomplete")
	}
}

func TestWhoMayNotUploadIsRefusedBeforeTheBodyIsRead(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	const length = "Content-Length: 1000000000" // none of it is sent
	o.viewer.partial(o.path("/datasets?name=x"), "text/csv", length, "").refused(http.StatusForbidden, "forbidden")
	o.s.newPerson("Otto Outsider").partial(o.path("/datasets?name=x"), "text/csv", length, "").refused(http.StatusNotFound, "not_found")
	o.s.nobody().partial(o.path("/datasets?name=x"), "text/csv", length, "").refused(http.StatusUnauthorized, "unauthorized")
	o.owner.partial(o.path("/datasets?name=x"), "text/html", length, "").refused(http.StatusUnsupportedMediaType, "unsupported_media_type")
}

func TestOnlyTypesOfTablesAreTaken(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	path := o.path("/datasets?name=x")
	for _, header := range [][]string{
		{"Content-Type", "application/zip"}, {"Content-Type", "text/html"}, {"Content-Type", ""}, {"Content-Type", "nonsense/"},
		{"Content-Type", "application/vnd.ms-excel"}, {"Content-Type", "multipart/mixed; boundary=xx"},
	} {
		o.nothingStored(func() answer { return o.owner.post(path, weather, header...) }).
			refused(http.StatusUnsupportedMediaType, "unsupported_media_type")
	}
	o.owner.post(path, weather, "Content-Type", "text/csv; charset=utf-8", "Content-Encoding", "identity").is(http.StatusCreated)
}

func TestAFileWithAFaultIsRefusedWholeAndSaysWhere(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for code, file := range map[string]string{
		"ragged_row":     weather + "2014-02-02,1.00,Oslo,true,,secret\n",
		"unclosed_quote": weather + "2014-02-02,1.00,\"secret,true,\n",
		"stray_quote":    weather + "2014-02-02,1.00,\"Oslo\"secret,true,\n",
		"nul_character":  weather + "2014-02-02,1.00,secret\x00,true,\n",
		"table_empty":    "\n\n",
	} {
		a := o.nothingStored(func() answer { return o.upload(o.owner, file) })
		problem := a.refused(http.StatusUnprocessableEntity, code)
		require.NotContains(t, string(a.body), "secret")
		if code != "table_empty" {
			require.Regexp(t, "(?i)line 5", problem["detail"], code)
		}
	}
	require.Empty(t, o.owner.get(o.path("/datasets")).items())
}

func TestAnUploadNeedsAFileAndAName(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for _, refused := range []func() answer{
		func() answer { return o.owner.post(o.path("/datasets"), weather, "Content-Type", "text/csv") },
		func() answer { return o.owner.post(o.path("/datasets?name=%20"), weather, "Content-Type", "text/csv") },
		func() answer {
			return o.owner.post(o.path("/datasets"), form("file", "", weather), "Content-Type", formType)
		},
	} {
		o.nothingStored(refused).refused(http.StatusUnprocessableEntity, "upload_no_name")
	}
	o.nothingStored(func() answer {
		return o.owner.post(o.path("/datasets?name=x"), form("table", "x.csv", weather), "Content-Type", formType)
	}).refused(http.StatusUnprocessableEntity, "upload_no_file")
}

func TestAMalformedFormIsRefused(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	path := o.path("/datasets?name=x")
	for _, form := range []struct{ contentType, body string }{
		{"multipart/form-data", form("file", "x.csv", weather)},
		{"multipart/form-data; boundary=", form("file", "x.csv", weather)},
		{formType, "--xx\r\nno colon\r\n\r\n" + weather + "\r\n--xx--\r\n"},
		{formType, weather},
		{formType, ""},
		{formType, "--xx--\r\n"},
		{formType, "--xx\r\nContent-Disposition: form-data; name=\"a\"; name=\"b\"\r\n\r\n" + weather + "\r\n--xx--\r\n"},
		{formType, "--xx\r\nX-Long: " + strings.Repeat("x", 1<<19) + "\r\n\r\n" + weather + "\r\n--xx--\r\n"},
	} {
		a := o.nothingStored(func() answer { return o.owner.post(path, form.body, "Content-Type", form.contentType) })
		require.GreaterOrEqual(t, a.status, 400, "%s", a.body)
		require.Less(t, a.status, 500, "%s %.50s: %s", form.contentType, form.body, a.body)
	}
}
