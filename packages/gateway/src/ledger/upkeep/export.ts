import { mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { FileFormat } from '../feeds/filing/format.ts'
import { bodyBytesMax, columnsOf, type FedRecord, type FeedColumn, readableBody } from '../feeds/forms.ts'
import { LedgerError } from '../index.ts'
import { syncDirectory } from '../journal/files.ts'
import { openHolds } from '../privacy/holds.ts'
import type { RecordBodies, RecordRow } from '../record.ts'
import type { RecordsPage, RecordsQuery } from '../reports.ts'
import { readStopped } from './read-stopped.ts'

/** What records are read from for an export: a running gateway or a stopped ledger. */
export interface ExportSource {
  list(query: RecordsQuery): Promise<RecordsPage>
  /** Null where the bodies were deleted or not captured, `damaged` where they are not as they were written. */
  bodies(id: string): Promise<RecordBodies | null | 'damaged'>
}

export interface Exported {
  readonly records: number
  /** Records of these without their bodies, because those are damaged. */
  readonly damaged: number
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

/** Writes the records that match into one file, newest first. */
export async function exportRecords(source: ExportSource, plan: ExportPlan): Promise<Exported> {
  const { query, openFormat, bodies, path } = plan
  const beside = await mkdtemp(join(dirname(path), '.export-'))
  try {
    const format = await openFormat(columnsOf('gatehouse', null, bodies), join(beside, 'spill'))
    const temporary = join(beside, 'records')
    const exported = await write(format, source, query, bodies, temporary).finally(() => format.close())
    await rename(temporary, path)
    await syncDirectory(dirname(path))
    return exported
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
): Promise<Exported> {
  const writer = await file.begin(path)
  let damaged = 0
  try {
    for await (const rows of pagesOf(source, query)) {
      for (const row of rows) {
        const record = withBodies ? await withBodiesOf(source, row) : { row, request: null, response: null }
        if (record === 'damaged') damaged += 1
        await writer.add(record === 'damaged' ? { row, request: omitted, response: omitted } : record)
      }
    }
    await writer.finish()
    return { records: writer.records, damaged }
  } catch (error) {
    await writer.discard()
    throw error
  }
}

const omitted = { text: null, encoding: 'omitted' } as const

async function withBodiesOf(source: ExportSource, row: RecordRow): Promise<FedRecord | 'damaged'> {
  if (row.requestBytes + row.responseBytes > bodyBytesMax) return { row, request: omitted, response: omitted }
  const kept = await source.bodies(row.id)
  if (kept === 'damaged') return kept
  const readable = (body: Uint8Array | null | undefined): FedRecord['request'] =>
    body === null || body === undefined ? null : readableBody([body])
  return { row, request: readable(kept?.request), response: readable(kept?.response) }
}

/**
 * Opens a stopped ledger for an export; loads what its store does not have yet.
 * @param bodiesFromMs bodies of exchanges that began earlier are left out.
 */
export function fromStopped<T>(
  directory: string,
  bodiesFromMs: number,
  work: (source: ExportSource) => Promise<T>,
): Promise<T> {
  return readStopped(directory, (store, path) => {
    const holds = openHolds(path, true).list()
    const bodies: ExportSource['bodies'] = id => undamaged(store.bodies(id, bodiesFromMs, holds))
    return work({ list: query => store.list(query), bodies })
  })
}

async function undamaged(bodies: Promise<RecordBodies | null>): Promise<RecordBodies | null | 'damaged'> {
  try {
    return await bodies
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'ledger_corrupt') return 'damaged'
    throw error
  }
}
