package cli

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

func TestDataThatNoVersionNamesIsFoundAndLeftAlone(t *testing.T) {
	db := postgrestest.Database(t)
	admin := connect(t, db.URL(superuser))
	plantOrganization(t, admin)
	const names = "'" + anOrganization + "', '01900000-0000-7000-8000-000000000003'"
	const by = ", '01900000-0000-7000-8000-000000000002'"
	exec(t, admin, `insert into app.datasets (org_id, id, created_by, name, last_column_no) values (`+names+by+`, 'x', 2);
		insert into app.dataset_segments (org_id, dataset_id, created_by, id, row_count)
			values (`+names+by+`, '01900000-0000-7000-8000-000000000004', 1), (`+names+by+`, '01900000-0000-7000-8000-000000000005', 1);
		insert into app.dataset_versions (org_id, dataset_id, created_by, published_by, number, row_count, byte_count, segment_ids)
			values (`+names+by+by+`, 1, 1, 1, '{01900000-0000-7000-8000-000000000004}');
		insert into app.dataset_columns (org_id, dataset_id, created_by, version, column_no, column_id, position, name, header, type, scale, payload, null_count)
			values (`+names+by+`, 1, 1, 1, 1, 'a', 'a', 'text', 0, 'codes', 0);
		insert into app.dataset_chunks (org_id, segment_id, created_by, column_no, chunk_no, first_row, row_count, null_count, codes)
			values ('`+anOrganization+`', '01900000-0000-7000-8000-000000000004'`+by+`, 1, 0, 0, 1, 0, '{0}');
		insert into app.dataset_words (org_id, dataset_id, created_by, column_no, page_no, words) values (`+names+by+`, 1, 0, '{x}')`)
	exec(t, admin, "delete from app.dataset_segments where id = '01900000-0000-7000-8000-000000000005'")
	found, err := findOrphans(t.Context(), admin)
	require.NoError(t, err)
	require.Equal(t, orphans{}, found)

	exec(t, admin, `insert into app.dataset_segments (org_id, dataset_id, created_by, id, row_count) values (`+names+by+`, '01900000-0000-7000-8000-000000000005', 1);
		insert into app.dataset_chunks (org_id, segment_id, created_by, column_no, chunk_no, first_row, row_count, null_count, codes)
			values ('`+anOrganization+`', '01900000-0000-7000-8000-000000000004'`+by+`, 2, 0, 0, 1, 0, '{0}'),
				('`+anOrganization+`', '01900000-0000-7000-8000-000000000005'`+by+`, 1, 0, 0, 1, 0, '{0}');
		insert into app.dataset_words (org_id, dataset_id, created_by, column_no, page_no, words) values (`+names+by+`, 2, 0, '{x}'), (`+names+by+`, 2, 1, '{y}');
		update app.dataset_versions set segment_ids = segment_ids || '01900000-0000-7000-8000-000000000006'::uuid`)
	found, err = findOrphans(t.Context(), admin)
	require.NoError(t, err)
	require.Equal(t, orphans{Segments: 1, Columns: 2, Dictionaries: 1, Missing: 1}, found)

	t.Setenv("DATABASE_URL", db.URL(superuser))
	said := saidOnStderr(t, func() { require.Equal(t, 0, Main([]string{"migrate"}, sqlFiles)) })
	require.Contains(t, said, "Warning: of datasets there are 1 segments, 2 columns of segments and 1 dictionaries that no version names, and 1 segments are missing")
	again, err := findOrphans(t.Context(), admin)
	require.NoError(t, err)
	require.Equal(t, found, again)

	_, err = findOrphans(t.Context(), connect(t, db.URL("insightforge")))
	require.ErrorIs(t, err, errNotAdministrator)
}
