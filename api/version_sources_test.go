package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// noise is a table of so many bytes that does not get smaller.
func noise(size int) string {
	b, random := []byte("word\n"), rand.New(rand.NewPCG(1, 2))
	for len(b) < size-17 {
		b = append(fmt.Appendf(b, "%016x", random.Uint64()), '\n')
	}
	return string(b)
}

func TestASourceIsKeptAsItWasSent(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	zipped, large := gzipped(t, weather), noise(maxUpload)
	form := func(name, mediaType, text string) (string, string) {
		return "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name + "\"\r\nContent-Type: " + mediaType + "\r\n\r\n" + text + "\r\n--xx--\r\n", formType
	}
	for name, c := range map[string]struct {
		sent                  func() (body, contentType string)
		file, mediaType, name string
	}{
		"raw":   {func() (string, string) { return weather, "text/csv; charset=utf-8" }, weather, "text/csv", "version-1"},
		"gzip":  {func() (string, string) { return zipped, "application/gzip" }, zipped, "application/gzip", "version-1"},
		"form":  {func() (string, string) { return form("Wetter für.csv", "text/csv", weather) }, weather, "text/csv", "Wetter für.csv"},
		"path":  {func() (string, string) { return form(`C:\\secret\\x.csv`, "text/csv", weather) }, weather, "text/csv", "x.csv"},
		"path2": {func() (string, string) { return form("../../etc/passwd.csv", "text/csv", weather) }, weather, "text/csv", "passwd.csv"},
		"html":  {func() (string, string) { return form("x", "text/html", weather) }, weather, "application/octet-stream", "x"},
		"large": {func() (string, string) { return large, "application/octet-stream" }, large, "application/octet-stream", "version-1"},
	} {
		body, contentType := c.sent()
		made := o.analyst.post(o.path("/datasets?name=x&keep_source=true"), body, "Content-Type", contentType)
		made.is(http.StatusCreated)
		version := made.header.Get("Location") + "/versions/1"
		require.Equal(t, true, o.viewer.get(version).is(http.StatusOK)["source_kept"], name)
		a := o.viewer.get(version + "/source")
		require.Equal(t, http.StatusOK, a.status, name)
		require.True(t, c.file == string(a.body), name)
		sum := sha256.Sum256([]byte(c.file))
		require.Equal(t, `"`+hex.EncodeToString(sum[:])+`"`, a.header.Get("ETag"), name)
		require.Equal(t, c.mediaType, a.header.Get("Content-Type"), name)
		require.Equal(t, strconv.Itoa(len(c.file)), a.header.Get("Content-Length"), name)
		require.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"))
		require.Equal(t, c.name, attachedName(t, a), name)
	}
	requireNoFiles(t, o.s.tempDir)
	o.viewer.get(o.dataset(o.analyst)+"/versions/1/source").refused(http.StatusNotFound, "not_found")
}

// attachment is the name in Content-Disposition.
func attachedName(t *testing.T, a answer) string {
	t.Helper()
	disposition, params, err := mime.ParseMediaType(a.header.Get("Content-Disposition"))
	require.NoError(t, err)
	require.Equal(t, "attachment", disposition)
	return params["filename"]
}

func requireNoFiles(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, files)
}

// TestALargeSourceIsKeptInPieces and read from them, in their order; they are planted in another one.
func TestALargeSourceIsKeptInPieces(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	version := o.sourced(o.analyst)
	pieces := []byte(noise(3<<20 + 100))
	o.s.force("delete from app.dataset_pieces")
	for no := 0; no*(1<<20) < len(pieces); no++ {
		o.s.force(`insert into app.dataset_pieces (org_id, dataset_id, version, piece_no, created_by, bytes) select org_id, id, 1, $2, created_by, $3 from app.datasets where id = $1`,
			lastOf(datasetOf(version)), 3-no, pieces[no<<20:min(len(pieces), (no+1)<<20)])
	}
	a := o.viewer.get(version + "/source")
	require.Equal(t, http.StatusOK, a.status)
	require.Len(t, a.body, len(pieces))
	require.True(t, bytes.Equal(a.body[len(a.body)-1<<20:], pieces[:1<<20]))
}

// TestASourceIsHiddenWithAnyColumn: who does not see all columns is told what is told of a version without one.
func TestASourceIsHiddenWithAnyColumn(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	hidden, without := o.sourced(o.analyst), o.dataset(o.analyst)+"/versions/1"
	o.hide(datasetOf(hidden), "note", 1)
	for _, p := range []struct {
		person
		sees bool
	}{{o.viewer, false}, {o.analyst, true}, {o.owner, true}} {
		a := p.get(hidden + "/source")
		require.Equal(t, p.sees, p.get(hidden).is(http.StatusOK)["source_kept"])
		if p.sees {
			require.Equal(t, weather, string(a.body))
			continue
		}
		requireSameAnswer(t, p.get(without+"/source"), a)
		require.Nil(t, p.get(hidden).is(http.StatusOK)["sha256"])
	}
}

func TestADeletedSourceFreesItsSpace(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	version := o.sourced(o.analyst)
	used := func() int { bytes, _ := o.used("stored_bytes"); return bytes }
	require.Equal(t, 2*len(weather), used())
	files := o.export(o.owner)
	path := "datasets/" + lastOf(datasetOf(version)) + "/"
	require.Equal(t, weather, files[path+"1.source"])
	require.Contains(t, files[path+"dataset.json"], `"kept":true`)

	o.analyst.delete(version + "/source").is(http.StatusNoContent)
	require.Equal(t, len(weather), used())
	for _, gone := range []answer{o.viewer.get(version + "/source"), o.analyst.delete(version + "/source")} {
		gone.refused(http.StatusNotFound, "not_found")
	}
	require.Equal(t, false, o.viewer.get(version).is(http.StatusOK)["source_kept"])
	require.Len(t, o.viewer.get(datasetOf(version) + "/rows").is(http.StatusOK)["rows"], 3)
	files = o.export(o.owner)
	require.NotContains(t, files, path+"1.source")
	require.Contains(t, files[path+"dataset.json"], `"kept":false`)

	other := o.replaced(datasetOf(version), weather, "keep_source=true")
	o.analyst.delete(other).is(http.StatusNoContent)
	require.Equal(t, json.Number(strconv.Itoa(2*len(weather))), o.analyst.post(other+"/purge", nil).is(http.StatusOK)["bytes"])
	require.Equal(t, len(weather), used())
}

// TestAKeptSourceCountsBeforeItIsRead where its length is known, and otherwise afterwards.
func TestAKeptSourceCountsBeforeItIsRead(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.limit("stored_bytes", 2*len(weather)-1)
	path := o.path("/datasets?name=x&keep_source=true")
	o.owner.partial(path, "text/csv", fmt.Sprint("Content-Length: ", len(weather)), "").over("stored_bytes", 0, 2*len(weather)-1)
	o.nothingStored(func() answer {
		return o.owner.post(path, struct{ io.Reader }{strings.NewReader(weather)}, "Content-Type", "text/csv")
	}).over("stored_bytes", 0, 2*len(weather)-1)
	o.dataset(o.owner)
	o.nothingStored(func() answer { return o.owner.partial(path, "text/csv", "Content-Length: 50", "a,b\n1") }).refused(http.StatusBadRequest, "upload_incomplete")
}

// TestAHiddenSourceCountsForEverybody, also for the ANALYST who adds to what is over the limit with it.
func TestAHiddenSourceCountsForEverybody(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	version := o.sourced(o.owner)
	o.owner.patch(columnPath(datasetOf(version), place), object{"visibility": "admins"}).is(http.StatusOK)
	for _, p := range []person{o.owner, o.admin, o.analyst, o.viewer} {
		used := p.get(o.path("/usage")).is(http.StatusOK)["stored_bytes"].(object)["used"]
		require.Equal(t, json.Number(strconv.Itoa(2*len(weather))), used)
	}
	o.analyst.get(version+"/source").refused(http.StatusNotFound, "not_found")
	o.limit("stored_bytes", 3*len(weather)-1)
	o.upload(o.analyst, weather).over("stored_bytes", 2*len(weather), 3*len(weather)-1)
}

// TestAVersionTellsHowItsFileWasRead as its upload was told, to who sees all of its columns.
func TestAVersionTellsHowItsFileWasRead(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	created := o.analyst.post(o.path(`/datasets?name=x&on_reject=null&columns=[{"name":"n","type":"integer"}]`), "place,n\nOslo,1\nBergen,many\n", "Content-Type", csvType)
	dataset := created.header.Get("Location")
	require.Equal(t, json.Number("1"), created.is(http.StatusCreated)["rejections"].(object)["cell_count"])
	appended := o.analyst.renew(dataset, "append", "place,n\nRjukan,$5\n")
	replaced := o.analyst.renew(dataset, "replace", "place\tn\nOdda\t2\n")
	for i, a := range []answer{created, appended, replaced} {
		told, version := a.is(http.StatusCreated), o.viewer.get(fmt.Sprint(dataset, "/versions/", i+1)).is(http.StatusOK)
		require.Equal(t, object{"file": told["file"], "warnings": told["warnings"], "rejections": told["rejections"]}, version["file_report"], i+1)
	}
	require.NotEmpty(t, appended.object()["warnings"])

	o.analyst.retype(dataset, object{"columns": []object{{"name": "n", "type": "text"}}}).is(http.StatusCreated)
	require.Nil(t, o.owner.get(dataset + "/versions/4").is(http.StatusOK)["file_report"], "it was made of no file")

	o.hide(dataset, "n", 1)
	require.Nil(t, o.viewer.get(dataset + "/versions/1").is(http.StatusOK)["file_report"])
	require.NotNil(t, o.analyst.get(dataset + "/versions/1").is(http.StatusOK)["file_report"])
}
