-- A segment of one among many tenants is expected to have one chunk, however many it has, and then an index that begins with the
-- segment and one that goes on with column and chunk look equally good: joins of columns read all chunks of the segment for each
-- of its chunks. Only deletes look chunks up by created_by.
drop index app.dataset_chunks_segment;
create index dataset_chunks_segment on app.dataset_chunks (created_by, org_id, segment_id);
drop index app.dataset_words_dataset;
create index dataset_words_dataset on app.dataset_words (created_by, org_id, dataset_id);

---- create above / drop below ----

drop index app.dataset_words_dataset;
create index dataset_words_dataset on app.dataset_words (org_id, dataset_id, created_by);
drop index app.dataset_chunks_segment;
create index dataset_chunks_segment on app.dataset_chunks (org_id, segment_id, created_by);
