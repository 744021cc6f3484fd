/** `gatehouse records search TEXT`. */
import { Command, InvalidArgumentError } from 'commander'
import { csvLine } from '../../csv.ts'
import { type SearchHit, type SearchPage, searchHitsMax, textFault } from '../../ledger/search/index.ts'
import type { CliContext } from '../context.ts'
import { Reasoned, reasonOption } from '../reach/reasoned.ts'
import { forPeople } from '../terminal/people.ts'
import { jsonText } from '../terminal/printable.ts'
import { endsOfIds, timesOfDay } from '../terminal/shorter.ts'
import { figure, renderTable, type TableColumn } from '../terminal/table.ts'
import { instant } from '../terminal/times.ts'
import { addReaderOptions, formatOf, type ReaderOptions, wholeNumber, widthOf } from './filters.ts'

interface SearchOptions extends Pick<ReaderOptions, 'format' | 'as' | 'caller'> {
  readonly workload: string
  readonly day?: string
  readonly limit: number
  readonly seconds: number
  readonly before?: string
  readonly reason?: string
}

export function searchCommand(context: CliContext): Command {
  const command = new Command('search')
    .description(
      "Look for a text in the bodies of one workload's day, newest first: prompts and answers as people read them, in either case, also where a stream was cut (role auditor; each search is logged).",
    )
    .argument('<text>', 'text to look for, 2 to 256 characters; any white space in it matches any other', searchText)
    .requiredOption('--workload <name>', 'search this workload')
    .option('--day <date>', 'search this day, UTC, as 2026-11-23 (default: today)', dayText)
    .option('--caller <who>', 'only this caller: object id, user:TENANT/OID, app:TENANT/APPID, or display name')
    .option(
      '--limit <number>',
      `stop after so many hits, 1 to ${searchHitsMax}`,
      text => wholeNumber(text, 1, searchHitsMax),
      50,
    )
    .option(
      '--seconds <number>',
      'stop after about so many seconds, 1 to 3600',
      text => wholeNumber(text, 1, 3_600),
      30,
    )
    .option('--before <id>', 'go on with records before this one, which an earlier search named')
    .option(...reasonOption)
  return addReaderOptions(command).action((text: string, options: SearchOptions) => search(context, text, options))
}

function searchText(text: string): string {
  const fault = textFault(text)
  if (fault !== null) throw new InvalidArgumentError(`The text ${fault}.`)
  return text
}

function dayText(text: string): string {
  const atMs = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN
  // `Date.parse` reads a 30th of February as the 1st of March.
  if (Number.isNaN(atMs) || new Date(atMs).toISOString().slice(0, 10) !== text) {
    throw new InvalidArgumentError('Expected a date, as 2026-11-23.')
  }
  return text
}

async function search(context: CliContext, text: string, options: SearchOptions): Promise<void> {
  const format = formatOf(options, context)
  const day = options.day ?? new Date(context.clock()).toISOString().slice(0, 10)
  const width = widthOf(context)
  const found = await searchAll(context, { text, workload: options.workload, day }, options)
  if (format === 'json') {
    context.stdout.write(`${jsonText(found, 2)}\n`)
    return
  }
  if (format === 'csv') context.stdout.write(csvHead + found.hits.map(csvOf).join(''))
  else if (found.hits.length > 0)
    context.stdout.write(
      `${renderTable(
        columns,
        found.hits.map(hit => cellsOf(hit, width)),
        width,
      )}\n`,
    )
  const notes = `${notesOf(found, options.workload, day).join('\n')}\n`
  // A file of CSV holds nothing else.
  const output = format === 'csv' ? context.stderr : context.stdout
  output.write(forPeople(notes, context, output))
}

/** Asks answer after answer, each of which has a bound of its own, and adds them up. */
async function searchAll(
  context: CliContext,
  asked: { readonly text: string; readonly workload: string; readonly day: string },
  { as, caller, limit, seconds, before, reason }: SearchOptions,
): Promise<SearchPage> {
  const endMs = context.clock() + seconds * 1_000
  const reasoned = new Reasoned(context, reason)
  let sum: SearchPage | null = null
  for (let next: string | null = before ?? null; ; ) {
    const query = { ...asked, caller, limit: limit - (sum?.hits.length ?? 0), before: next ?? undefined }
    const page: SearchPage = await reasoned.ask<SearchPage>({ path: '/api/v1/records/search', query, as })
    sum = sum === null ? page : added(sum, page)
    next = page.next
    if (next === null || sum.hits.length >= limit || context.clock() >= endMs) return sum
  }
}

function added(sum: SearchPage, page: SearchPage): SearchPage {
  return {
    hits: [...sum.hits, ...page.hits],
    searched: sum.searched + page.searched,
    records: sum.records,
    deleted: sum.deleted + page.deleted,
    uncaptured: sum.uncaptured + page.uncaptured,
    unread: sum.unread + page.unread,
    next: page.next,
  }
}

const columns: readonly TableColumn[] = [
  { title: 'time (UTC)', shorten: timesOfDay },
  { title: 'id', shorten: endsOfIds },
  { title: 'caller', cutTo: 16 },
  { title: 'in', leaves: 1 },
  { title: 'text', cutTo: 28, prose: true },
]
/** UTF-16 units before what was found, so that a narrow table does not cut it off. */
const beforeUnits = 8

function cellsOf(hit: SearchHit, width: number | null): string[] {
  const { startedAtMs, id, callerName, callerKey, before, found, after } = hit
  const isCut = width !== null && before.length > beforeUnits
  const lead = isCut ? `…${before.slice(-beforeUnits).toWellFormed()}` : before
  return [instant(startedAtMs), id, callerName ?? callerKey ?? '-', hit.in, lead + found + after]
}

const csvHead = csvLine(['startedAt', 'id', 'callerKey', 'callerName', 'in', 'before', 'found', 'after'])

function csvOf({ startedAtMs, id, callerKey, callerName, in: where, before, found, after }: SearchHit): string {
  return csvLine([new Date(startedAtMs).toISOString(), id, callerKey, callerName, where, before, found, after])
}

function notesOf(page: SearchPage, workload: string, day: string): string[] {
  const { hits, searched, records, deleted, uncaptured, unread, next } = page
  if (records === 0) return [`There are no records of ${workload} on ${day} (UTC).`]
  const notes = [
    `${figure(hits.length)} found; searched ${figure(searched)} of ${figure(records)} records of ${workload} on ${day} (UTC).`,
  ]
  if (deleted > 0) notes.push(`${figure(deleted)} of them have no bodies any more: ledger.retain.bodies deleted them.`)
  if (uncaptured > 0)
    notes.push(
      `${figure(uncaptured)} of them never had bodies: the workload captured figures alone (capture: metadata).`,
    )
  if (unread > 0)
    notes.push(`${figure(unread)} of them could not be read: their bodies are damaged, or larger than 32 MiB.`)
  if (next !== null) notes.push(`Stopped early. The rest: the same with --day ${day} --before ${next}`)
  return notes
}
