/** `gatehouse ledger export`: records into a file, from a running gateway or a stopped ledger. */
import { type FileHandle, open } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import { Command, Option } from 'commander'
import { codeOf } from '../../errors.ts'
import type { FileFormat } from '../../ledger/feeds/filing/format.ts'
import type { RecordBodies } from '../../ledger/record.ts'
import { recordCsv, recordCsvHead } from '../../ledger/record-csv.ts'
import type { RecordsPage, RecordsQuery } from '../../ledger/reports.ts'
import type { Exported, ExportPlan, ExportSource } from '../../ledger/upkeep/export.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { type AdminQuery, askAdmin } from '../reach/admin-client.ts'
import { Reasoned, reasonOption } from '../reach/reasoned.ts'
import { forPeople } from '../terminal/people.ts'
import { jsonText } from '../terminal/printable.ts'
import { figure } from '../terminal/table.ts'
import { addFilterOptions, type FilterOptions, filterQuery, withPeriod } from './filters.ts'
import { addPlaceOptions, asCliError, type PlaceOptions, placeOf } from './ledger-place.ts'

const formats = ['jsonl', 'parquet', 'csv'] as const
type ExportFormat = (typeof formats)[number]

interface ExportOptions extends FilterOptions, PlaceOptions {
  readonly out: string
  readonly format?: ExportFormat
  readonly bodies?: true
  readonly as?: string
  readonly reason?: string
}

export function exportCommand(context: CliContext): Command {
  const command = new Command('export')
    .description(
      'records into a file: of the running gateway, or of the stopped ledger that --directory or --config names',
    )
    .requiredOption('--out <file>', 'the file; it appears when it is whole')
    .addOption(new Option('--format <form>', 'default: what the file is called').choices(formats))
    .option('--bodies', 'prompts and completions too (role auditor; each reading is logged)')
    .option(...reasonOption)
    .option('--as <name>', 'read as this account')
  return addPlaceOptions(addFilterOptions(command, null)).action(async (options: ExportOptions) => {
    const format = exportFormatOf(options)
    const path = resolve(context.cwd, options.out)
    const { records, damaged } = await exported(context, options, format, path)
    const without = damaged === 0 ? '' : `! ${figure(damaged)} of them are without their bodies, which are damaged.\n`
    const text = forPeople(`✓ ${figure(records)} records are in ${path}.\n${without}`, context)
    context.stdout.write(context.json ? `${jsonText({ path, records, damaged })}\n` : text)
  })
}

function exportFormatOf({ out, format, bodies }: ExportOptions): ExportFormat {
  const chosen = format ?? formats.find(one => extname(out) === `.${one}`)
  if (chosen === undefined) {
    const why = `The name of ${out} does not say which form the file has.`
    throw new CliError('format_unknown', why, null, '--format jsonl, parquet or csv', { exitCode: 2 })
  }
  if (chosen === 'csv' && bodies === true) {
    const what = '--bodies and CSV exclude each other.'
    const why = 'Bodies have no place in CSV.'
    throw new CliError('format_unfit', what, why, 'the same with --format jsonl', { exitCode: 2 })
  }
  return chosen
}

async function exported(
  context: CliContext,
  options: ExportOptions,
  format: ExportFormat,
  path: string,
): Promise<Exported> {
  const { exportRecords, fromStopped } = await import('../../ledger/upkeep/export.ts')
  const isStopped = options.directory !== undefined || options.config !== undefined
  const filters = filterQuery(isStopped ? options : await withPeriod(context, options), context)
  const plan = {
    ...{ query: queryOf(filters), path, bodies: options.bodies === true },
    openFormat: await opener(format),
  }
  const write = (source: ExportSource): Promise<Exported> =>
    exportRecords(source, plan).catch(error => {
      throw fileError(error, path)
    })
  if (!isStopped) return write(running(context, filters, options))
  const { directory, bodiesFromMs } = await placeOf(context, options)
  return asCliError(fromStopped(directory, bodiesFromMs, write))
}

/** Errors of the file that is written, in words. */
function fileError(error: unknown, path: string): unknown {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'Its directory does not exist.',
    EACCES: 'This user may not write there.',
    EROFS: 'The file system is read-only.',
    ENOSPC: 'The disk is full.',
    EISDIR: 'It is a directory.',
  }
  const why = reasons[codeOf(error) ?? '']
  return why === undefined
    ? error
    : new CliError('file_unwritable', `${path} cannot be written.`, why, '--out with another file', { cause: error })
}

/** Filters of the management API as the ledger itself has them. */
export function queryOf({ from, to, ...filters }: AdminQuery): RecordsQuery {
  const query = {
    ...filters,
    fromMs: from === undefined ? undefined : Date.parse(String(from)),
    toMs: to === undefined ? undefined : Date.parse(String(to)),
  }
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as RecordsQuery
}

interface BodyPart {
  readonly base64: string
}

/** The records of a running gateway, through its management API. */
function running(context: CliContext, filters: AdminQuery, { as, reason }: ExportOptions): ExportSource {
  const reasoned = new Reasoned(context, reason)
  return {
    list: ({ limit, before }) =>
      askAdmin<RecordsPage>(context, { path: '/api/v1/records', query: { ...filters, limit, before }, as }),
    async bodies(id): Promise<RecordBodies> {
      type Bodies = { readonly request: BodyPart | null; readonly response: BodyPart | null }
      const { request, response } = await reasoned.ask<Bodies>({ path: `/api/v1/records/${id}/bodies`, as })
      const bytes = (part: BodyPart | null): Uint8Array | null =>
        part === null ? null : Buffer.from(part.base64, 'base64')
      return { id, request: bytes(request), response: bytes(response) }
    },
  }
}

async function opener(format: ExportFormat): Promise<ExportPlan['openFormat']> {
  if (format === 'csv') return openCsv
  if (format === 'jsonl') return (await import('../../ledger/feeds/filing/json-lines.ts')).openJsonLines
  return (await import('../../ledger/feeds/filing/parquet.ts')).openParquet
}

/** CSV with the columns of `gatehouse records list --format csv`. */
async function openCsv(): Promise<FileFormat> {
  return {
    extension: 'csv',
    partBytesMax: null,
    begin: async path => csvWriter(await open(path, 'wx', 0o640)),
    count: async () => 0,
    close: async () => {},
  }
}

/** Characters of lines that wait for a write. */
const waitingMax = 1_048_576

function csvWriter(file: FileHandle): Awaited<ReturnType<FileFormat['begin']>> {
  let records = 0
  let lines = recordCsvHead
  const write = async (): Promise<void> => {
    const text = lines
    lines = ''
    await file.writeFile(text)
  }
  return {
    get records() {
      return records
    },
    async add({ row }) {
      lines += recordCsv(row)
      records += 1
      if (lines.length >= waitingMax) await write()
    },
    async finish() {
      await write()
      await file.datasync()
      const { size } = await file.stat()
      await file.close()
      return size
    },
    async discard() {
      await file.close().catch(() => {})
    },
  }
}
