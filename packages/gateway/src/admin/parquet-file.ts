/** Records as a Parquet file, made beside the calls that the process serves. */
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { openParquet } from '../ledger/feeds/filing/parquet.ts'
import { columnsOf } from '../ledger/feeds/forms.ts'
import type { RecordRow } from '../ledger/record.ts'

/** The rows of a file are in memory or spilled until it is whole, about 1 KB each. */
export const parquetRecordsMax = 1_000_000
const bounds = { memory: '256MB', spilled: '4GB', rowsAtOnce: 1_000 }

/** Handed over in one step, about 3 ms: calls of the gateway run in between. */
const rowsAtOnce = 50

/**
 * Reads all pages, writes the file, and gives its bytes. What it needs on the disk is gone afterwards, also when the
 * reader leaves.
 * @param scratch directory for the file; undefined for the one of the system.
 * @param signal aborted when the reader leaves.
 */
export async function* parquetOf(
  pages: AsyncIterable<readonly RecordRow[]>,
  scratch: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (scratch !== undefined) await mkdir(scratch, { recursive: true, mode: 0o700 })
  const directory = await mkdtemp(join(scratch ?? tmpdir(), 'gatehouse-export-'))
  try {
    const path = join(directory, 'records.parquet')
    await write(pages, path, join(directory, 'spill'), signal)
    yield* createReadStream(path) as AsyncIterable<Buffer>
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function write(
  pages: AsyncIterable<readonly RecordRow[]>,
  path: string,
  spill: string,
  signal: AbortSignal,
): Promise<void> {
  const format = await openParquet(columnsOf('gatehouse', null, false), spill, bounds)
  try {
    const writer = await format.begin(path)
    try {
      for await (const rows of pages) {
        for (const [at, row] of rows.entries()) {
          await writer.add({ row, request: null, response: null })
          if (at % rowsAtOnce === 0) await turn()
        }
        signal.throwIfAborted()
      }
      await writer.finish()
    } catch (error) {
      await writer.discard()
      throw error
    }
  } finally {
    await format.close()
  }
}
