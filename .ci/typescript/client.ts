// Compiled against the client that openapi-ts generates from docs/openapi.json: what a TypeScript program may rely on.
import { createClient } from './api/client'
import { createDataset, createVersion, downloadDataset, listDatasets, listRows, queryDataset, watchImport } from './api'
import type { Dataset, Filter, Order, Problem, Result, Rows, Specification } from './api'

const client = createClient({ baseUrl: 'http://127.0.0.1:8000', auth: 'access token' })

export async function datasets(organization: string): Promise<Dataset[]> {
  const { data, error } = await listDatasets({ client, path: { org_id: organization }, query: { limit: 100 } })
  if (error) throw refused(error)
  return data.items
}

export async function upload(organization: string, file: File): Promise<string> {
  const { data, error } = await createDataset({ client, path: { org_id: organization }, body: { file } })
  if (error) throw refused(error)
  return data.columns.map((c) => `${c.name} ${c.type satisfies 'integer' | 'decimal' | 'float' | 'boolean' | 'date' | 'timestamp' | 'text'}`).join()
}

export async function rainByMonth(organization: string, dataset: string): Promise<Result> {
  const body: Specification = {
    measures: [{ op: 'sum', column: 'precipitation', as: 'rain' }],
    dimensions: [{ column: 'date', grain: 'month' }],
    filters: [{ column: 'weather', op: 'in', value: ['rain', 'drizzle'] }],
    order: [{ by: 'rain', desc: true }],
  }
  const { data, error } = await queryDataset({ client, path: { org_id: organization, dataset_id: dataset }, body })
  if (error) throw refused(error)
  return data
}

export async function append(organization: string, dataset: string, file: File, id: string): Promise<number> {
  const path = { org_id: organization, dataset_id: dataset }
  const { data, error } = await createVersion({ client, path, query: { mode: 'append', import_id: id, nulls: ['NA', 'n/a'] }, body: { file } })
  if (error) throw refused(error)
  return data.version.row_count
}

export async function finished(organization: string, id: string): Promise<void> {
  const { stream } = await watchImport({ client, path: { org_id: organization, import_id: id } })
  for await (const event of stream) console.log(event)
}

export async function wettestDays(organization: string, dataset: string): Promise<Rows> {
  const filters: Filter[] = [{ column: 'weather', op: 'eq', value: 'rain' }]
  const order: Order[] = [{ by: 'precipitation', desc: true }]
  const query = { columns: ['date', 'precipitation'], filters: JSON.stringify(filters), order: JSON.stringify(order), limit: 10 }
  const { data, error } = await listRows({ client, path: { org_id: organization, dataset_id: dataset }, query })
  if (error) throw refused(error)
  return data
}

// Without parseAs a file is what its media type suggests: CSV a string, others a Blob.
export async function parquet(organization: string, dataset: string): Promise<Blob | string> {
  const path = { org_id: organization, dataset_id: dataset }
  const { data, error } = await downloadDataset({ client, path, query: { format: 'parquet' }, parseAs: 'blob' })
  if (error) throw refused(error)
  return data
}

export async function misuse(organization: string, dataset: string): Promise<void> {
  // @ts-expect-error an unknown aggregate
  await queryDataset({ client, path: { org_id: organization, dataset_id: dataset }, body: { measures: [{ op: 'total' }] } })
  // @ts-expect-error an organization is in the path of every tenant resource
  await listDatasets({ client, path: {} })
}

function refused(problem: Problem): Error {
  return new Error(`${problem.status} ${problem.code}`)
}
