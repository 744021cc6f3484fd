/** Options that the readers of the ledger share. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { AboutAnswer } from '../../admin/about-schemas.ts'
import { calendarYear } from '../../fiscal.ts'
import { copyKinds } from '../../ledger/record.ts'
import type { CliContext } from '../context.ts'
import { formOption } from '../prepare.ts'
import { type AdminQuery, askAdmin } from '../reach/admin-client.ts'
import {
  fiscalStartText,
  isByDays,
  isFiscal,
  monthOf,
  monthText,
  type PeriodOptions,
  periodEndOrWhole,
  periodFrom,
  periodHelp,
  quarterText,
  requirePossible,
  yearText,
  zoneText,
} from '../terminal/periods.ts'
import { columnsIn } from '../terminal/wrap.ts'

export type Format = 'table' | 'json' | 'csv'

export interface FilterOptions extends PeriodOptions {
  readonly workload?: string
  readonly caller?: string
  readonly instance?: string
  readonly deployment?: string
  readonly model?: string
  readonly operation?: string
  readonly replica?: string
  readonly outcome?: string
  readonly code?: string
  readonly status?: number
  readonly copies?: string
  readonly copyOf?: string
  readonly object?: string
  readonly tokensOver?: number
  readonly costOver?: number
  readonly durationOver?: number
}

export interface ReaderOptions extends FilterOptions {
  readonly format?: Format
  readonly as?: string
}

/** Adds `--format` and `--as`, which every reader takes. */
export function addReaderOptions(command: Command): Command {
  return command
    .addOption(formOption(['table', 'json', 'csv']))
    .option('--as <name>', 'read as this account (in the demonstration: carol, unless named)')
}

/** Adds the options of a period. `standard` is only shown in the help; the command applies it. */
export function addPeriodOptions(command: Command, standard: string | null): Command {
  const shown = standard === null ? '' : ` (default: ${standard})`
  return command
    .option('--from <when>', `start of the period: ${periodHelp}${shown}`, periodEndOrWhole)
    .option('--to <when>', 'end of the period; a date or a month is included', periodEndOrWhole)
    .option('--month <month>', 'a whole month instead: 2026-10, this or last', monthText)
    .option('--quarter <when>', 'a fiscal quarter instead: this, last, or a month or day of it', quarterText)
    .option('--year <when>', 'a fiscal year instead: this, last, or a month or day of it', yearText)
    .option(
      '--time-zone <zone>',
      'zone of days and months, as Europe/Berlin (default: that of the limits, limits.timeZone)',
      zoneText,
    )
    .option(
      '--fiscal-year-start <date>',
      'first day of fiscal years, as 04-01 (default: that of the limits, limits.fiscalYearStart)',
      fiscalStartText,
    )
}

/** Adds the filters. `standard` is only shown in the help; the command applies it. */
export function addFilterOptions(command: Command, standard: string | null): Command {
  return addPeriodOptions(command, standard)
    .option('--workload <name>', 'only this workload')
    .option('--caller <who>', 'only this caller: object id, user:TENANT/OID, app:TENANT/APPID, or display name')
    .option('--instance <name>', 'only this instance')
    .option('--deployment <name>', 'only this deployment')
    .option('--model <name>', 'only this model')
    .option('--operation <name>', 'only this operation, as chat/completions')
    .option('--replica <name>', 'only calls that this gateway process served')
    .addOption(
      new Option('--outcome <outcome>', 'only this outcome').choices([
        'completed',
        'refused',
        'failed',
        'aborted',
        'interrupted',
      ]),
    )
    .option('--code <code>', 'only this code of a refusal or a failure')
    .option('--status <status>', 'only this HTTP status', text => wholeNumber(text, 100, 599))
    .addOption(
      new Option(
        '--copies <kind>',
        'filter by copies (calls that the gateway sent in addition); none excludes them',
      ).choices([...copyKinds, 'none']),
    )
    .option('--copy-of <id>', 'only copies of this exchange')
    .option('--object <id>', 'only calls that created this object, as a response or a file')
    .option('--tokens-over <tokens>', 'only calls with more tokens', text => wholeNumber(text, 0, 999_999_999))
    .option('--cost-over <amount>', 'only calls that cost more, as 0.25', amountOf)
    .option('--duration-over <ms>', 'only calls that took longer, in ms', text => wholeNumber(text, 0, 999_999_999))
}

/**
 * The options with a period and its time zone: that of the limits, unless one is named. The gateway is asked for it
 * only where days matter.
 * @param standard the period where none is named.
 * @param byDays true where the answer is by days or months, whatever the period is.
 */
export async function withPeriod<Options extends PeriodOptions & { readonly as?: string }>(
  context: CliContext,
  options: Options,
  standard: PeriodOptions = {},
  byDays = false,
): Promise<Options & { readonly timeZone: string }> {
  const { from, to, month, quarter, year } = options
  const isNamed = [from, to, month, quarter, year].some(text => text !== undefined)
  const asked = isNamed ? options : { ...options, ...standard }
  requirePossible(asked, context.clock)
  const needsZone = asked.timeZone === undefined && (byDays || isByDays(asked))
  const needsStart = asked.fiscalYearStart === undefined && isFiscal(asked)
  const standing = needsZone || needsStart ? await calendarOfLimits(context, options.as) : {}
  const zoned = { timeZone: 'UTC', ...standing, ...asked }
  // An end alone: the month that it ends.
  const start = Object.keys(standard).length === 0 || from !== undefined ? null : monthOf(zoned, context.clock)
  return start === null ? zoned : { ...zoned, from: start }
}

type LimitsCalendar = Pick<AboutAnswer, 'timeZone' | 'fiscalYearStart'>

async function calendarOfLimits(context: CliContext, as: string | undefined): Promise<LimitsCalendar> {
  const about = await askAdmin<Partial<LimitsCalendar>>(context, { path: '/api/v1/about', as })
  return { timeZone: about.timeZone ?? 'UTC', fiscalYearStart: about.fiscalYearStart ?? calendarYear }
}

/** The options as parameters of the management API. Days are those of `timeZone`, which `withPeriod` sets. */
export function filterQuery(options: FilterOptions, context: CliContext): AdminQuery {
  const { workload, caller, instance, deployment, model, operation, outcome, code, status } = options
  const { copies, copyOf, object, replica, tokensOver, costOver, durationOver } = options
  return {
    ...periodFrom(options, context.clock),
    ...{ workload, caller, instance, deployment, model, operation, replica, outcome, status },
    ...{ outcomeCode: code, copyKind: copies, copyOf, objectId: object, tokensOver },
    ...{ costOverNano: costOver, durationOverMs: durationOver },
  }
}

export function formatOf(options: ReaderOptions, context: CliContext): Format {
  return options.format ?? (context.json ? 'json' : 'table')
}

/** Width of the terminal; null when the output goes to a file or a pipe. */
export function widthOf(context: CliContext): number | null {
  return columnsIn(context.stdout)
}

/** An amount of the currency in billionths. */
function amountOf(text: string): number {
  if (!/^\d{1,5}(\.\d{1,9})?$/.test(text)) throw new InvalidArgumentError('Expected an amount, as 0.25.')
  return Math.round(Number(text) * 1e9)
}

/** Error for commander, which adds the option's name to the message. */
export function wholeNumber(text: string, least: number, most: number): number {
  const value = Number(text)
  if (!/^\d{1,9}$/.test(text) || value < least || value > most) {
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`)
  }
  return value
}
