/** The Parquet of the feeds, read by what data people use: pandas, pyarrow, polars. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import type { FiledRecord } from '../../packages/gateway/src/ledger/feeds/files/files.fixture.ts'
import { openFeed } from '../../packages/gateway/src/ledger/feeds/files/index.ts'
import type { FilesSettings } from '../../packages/gateway/src/ledger/feeds/files/settings.ts'
import {
  assertAsRecorded,
  endedLedger,
  startRunner,
} from '../../packages/gateway/src/ledger/feeds/filing/filing.fixture.ts'
import { type CellType, columnsOf } from '../../packages/gateway/src/ledger/feeds/forms.ts'
import { fetchPython } from '../../scripts/python/fetch.ts'
import { temporaryDirectory } from '../support/directory.ts'

interface Read {
  readonly types: Readonly<Record<string, string>>
  readonly records: readonly FiledRecord[]
}

/** By reader: its name of each type, and those of the two columns that the directories add. */
const readers = {
  pyarrow: {
    ...{ text: 'string', json: 'string', whole: 'int64', real: 'double', flag: 'bool' },
    ...{ day: 'string', hour: 'int32' },
  },
  pandas: {
    ...{ text: 'string[pyarrow]', json: 'string[pyarrow]', whole: 'int64[pyarrow]' },
    ...{ real: 'double[pyarrow]', flag: 'bool[pyarrow]' },
    ...{ day: 'dictionary<values=string, indices=int32, ordered=0>[pyarrow]' },
    ...{ hour: 'dictionary<values=int32, indices=int32, ordered=0>[pyarrow]' },
  },
  polars: {
    ...{ text: 'String', json: 'String', whole: 'Int64', real: 'Float64', flag: 'Boolean' },
    ...{ day: 'Date', hour: 'Int64' },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<CellType | 'day' | 'hour', string>>>>

const settings = { format: 'parquet', form: 'gatehouse', columns: null, bodies: true } as const

for (const [reader, types] of Object.entries(readers)) {
  // Files that only one program reads are no archive.
  test(`${reader} reads days and hours, every type and every value as the ledger has them`, async t => {
    const pythonPath = fetchPython('requirements.txt')
    const ended = await endedLedger(t, ['text', 'empty', 'invalid', 'nul', 'audio', 'surrogate'])
    const directory = join(temporaryDirectory('ledger'), 'out')
    const all: FilesSettings = { ...settings, directory }
    await (await startRunner(t, ended, parts => openFeed(all, parts))).runner.caughtUp()
    const script = join(import.meta.dirname, 'parquet', 'read.py')
    const env = { ...process.env, PYTHONPATH: pythonPath }
    const out = execFileSync('python3', [script, reader, directory], { env, encoding: 'utf8', maxBuffer: 2 ** 26 })
    const read = JSON.parse(out) as Read
    const columns = columnsOf('gatehouse', null, true).map(({ name, type }) => [name, types[type]])
    assert.deepEqual(read.types, { ...Object.fromEntries(columns), day: types.day, hour: types.hour })
    assertAsRecorded(read.records, ended.rows, 'parquet')
    const hours = new Set(read.records.map(({ day, hour }) => `${day} ${hour}`))
    assert.deepEqual(
      [...hours].toSorted(),
      [14, 15, 16, 17, 18, 19].map(hour => `2026-11-26 ${hour}`),
    )
  })
}
