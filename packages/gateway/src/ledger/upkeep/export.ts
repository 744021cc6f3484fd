import { mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { silentLog } from '../../log.ts'
import type { FileFormat } from '../feeds/filing/format.ts'
import { columnsOf, type FedRecord, type FeedColumn, readableBody } from '../feeds/forms.ts'
import { syncDirectory } from '../journal/files.ts'
import type { RecordBodies, RecordRow } from '../record.ts'
import type { RecordsPage, RecordsQuery } from '../reports.ts'
import { Store } from '../store/store.ts'
import { whileStopped } from './stopped.ts'

/** What records are read from for an export: a running gateway or a stopped ledger. */
export interface ExportSource {
  list(query: RecordsQuery): Promise<RecordsPage>
  /** Null where the bodies were deleted or not captured. */
  bodies(id: string): Promise<RecordBodies | null>
}

export interface ExportPlan {
  readonly query: RecordsQuery
  /** @param spill directory for rows that do not fit into memory; removed after the export. */
  readonly openFormat: (columns: readonly FeedColumn[], spill: string) => Promise<FileFormat>
  readonly bodies: boolean
  /** The file: it appears under this name when it is whole. */
  readonly path: string
}

const pageRecords = 1_000

/** All records that match, newest first, in pages. */
export async function* pagesOf(
  source: Pick<ExportSource, 'list'>,
  query: RecordsQuery,
): AsyncGenerator<readonly RecordRow[]> {
  let before: string | undefined
  for (;;) {
    const page = await source.list({ ...query, limit: pageRecords, ...(before === undefined ? {} : { before }) })
    yield page.records
    if (page.next === null) return
    before = page.next
  }
}

/** Writes the records that match into one file, newest first. @returns how many. */
export async function exportRecords(source: ExportSource, plan: ExportPlan): Promise<number> {
  const { query, openFormat, bodies, path } = plan
  const beside = await mkdtemp(join(dirname(path), '.export-'))
  try {
    const format = await openFormat(columnsOf('gatehouse', null, bodies), join(beside, 'spill'))
    const temporary = join(beside, 'records')
    const records = await write(format, source, query, bodies, temporary).finally(() => format.close())
    await rename(temporary, path)
    await syncDirectory(dirname(path))
    return records
  } finally {
    await rm(beside, { recursive: true, force: true })
  }
}

async function write(
  file: FileFormat,
  source: ExportSource,
  query: RecordsQuery,
  withBodies: boolean,
  path: string,
): Promise<number> {
  const writer = await file.begin(path)
  try {
    for await (const rows of pagesOf(source, query)) {
      for (const row of rows) await writer.add(await exported(source, row, withBodies))
    }
    await writer.finish()
    return writer.records
  } catch (error) {
    await writer.discard()
    throw error
  }
}

async function exported(source: ExportSource, row: RecordRow, withBodies: boolean): Promise<FedRecord> {
  const kept = withBodies ? await source.bodies(row.id) : null
  const readable = (body: Uint8Array | null | undefined): FedRecord['request'] =>
    body === null || body === undefined ? null : readableBody([body])
  return { row, request: readable(kept?.request), response: readable(kept?.response) }
}

/** Opens a stopped ledger for an export; loads what its store does not have yet. */
export function fromStopped<T>(directory: string, work: (source: ExportSource) => Promise<T>): Promise<T> {
  return whileStopped(directory, async path => {
    const store = await Store.open({ directory: path, names: {}, log: silentLog, loadTo: null })
    try {
      return await work({ list: query => store.list(query), bodies: id => store.bodies(id, 0) })
    } finally {
      await store.close()
    }
  })
}
