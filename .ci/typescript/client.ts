// Compiled against the client that openapi-ts generates from docs/openapi.json: what a TypeScript program may rely on.
import { createClient } from './api/client'
import { createDataset, listDatasets, queryDataset } from './api'
import type { Dataset, Problem, Result, Specification } from './api'

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

export async function misuse(organization: string, dataset: string): Promise<void> {
  // @ts-expect-error an unknown aggregate
  await queryDataset({ client, path: { org_id: organization, dataset_id: dataset }, body: { measures: [{ op: 'total' }] } })
  // @ts-expect-error an organization is in the path of every tenant resource
  await listDatasets({ client, path: {} })
}

function refused(problem: Problem): Error {
  return new Error(`${problem.status} ${problem.code}`)
}
