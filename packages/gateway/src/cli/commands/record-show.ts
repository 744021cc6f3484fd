/** `gatehouse records show ID`. */

import type { Kept, RecordRow } from '../../ledger/record.ts'
import { recordCsv, recordCsvHead } from '../../ledger/record-csv.ts'
import type { Assembled } from '../../wire/assembled.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { Reasoned } from '../reach/reasoned.ts'
import { forPeople } from '../terminal/people.ts'
import { jsonText, printable } from '../terminal/printable.ts'
import { figure } from '../terminal/table.ts'
import { formatOf, type ReaderOptions } from './filters.ts'
import { factsText } from './record-facts.ts'
import { recordIdOf } from './record-id.ts'

export interface ShowOptions extends ReaderOptions {
  readonly bodies?: boolean
  readonly reason?: string
}

interface Part {
  readonly contentType: string | null
  readonly bytes: number
  readonly base64: string
}
/** Answer of /api/v1/records/{id}/bodies. */
interface Bodies {
  readonly request: Part | null
  readonly response: (Part & { readonly assembled: Assembled | null }) | null
}

export async function showRecord(context: CliContext, given: string, options: ShowOptions): Promise<void> {
  const format = formatOf(options, context)
  if (format === 'csv' && options.bodies === true) {
    const why = 'Bodies have no place in CSV.'
    throw new CliError(
      'format_unfit',
      '--bodies and --format csv exclude each other.',
      why,
      'the same with --format json',
      {
        exitCode: 2,
      },
    )
  }
  const id = await recordIdOf(context, given, options.as)
  const path = `/api/v1/records/${id}`
  const row = await askAdmin<RecordRow>(context, { path, as: options.as })
  // Only people read it.
  const kept =
    format === 'json' || format === 'csv'
      ? null
      : await askAdmin<KeptAnswer>(context, { path: `${path}/kept`, as: options.as })
  const bodies =
    options.bodies === true
      ? await new Reasoned(context, options.reason).ask<Bodies>({ path: `${path}/bodies`, as: options.as })
      : null
  if (format === 'csv') context.stdout.write(recordCsvHead + recordCsv(row))
  else if (format === 'json') context.stdout.write(`${jsonText(bodies === null ? row : { ...row, bodies }, 2)}\n`)
  else if (kept !== null) {
    context.stdout.write(
      factsText(row) + (bodies === null ? forPeople(bodiesHint(row, kept), context) : bodiesText(bodies, row, kept)),
    )
  }
}

/** Answer of /api/v1/records/{id}/kept. */
type KeptAnswer = Readonly<Record<'request' | 'response', Kept | 'answered_here'>>

/** Offers what there is, and says why there is nothing else. */
function bodiesHint(row: RecordRow, kept: KeptAnswer): string {
  const names = { request: 'prompt', response: 'answer' } as const
  const there = (['request', 'response'] as const).filter(part => kept[part] === 'kept')
  const missing = (['request', 'response'] as const).filter(part => kept[part] !== 'kept')
  const what = there.length === 2 ? 'Prompt and answer' : there[0] === 'request' ? 'Prompt' : 'Answer'
  const offer =
    there.length === 0 ? [] : [`${what}, for auditors: gatehouse records show ${row.id} --bodies --reason "WHY"`]
  const reasons = missing.map(part => `No ${names[part]}: ${reasonFor(part, row, kept)}.`)
  return `\n${[...offer, ...reasons].join('\n')}\n`
}

function reasonFor(part: 'request' | 'response', row: RecordRow, kept: KeptAnswer): string {
  switch (kept[part]) {
    case 'answered_here':
      return row.message === null
        ? 'the gateway itself answered'
        : 'the gateway itself answered, with the message above'
    case 'purged':
      return 'ledger.retain.bodies has deleted it'
    case 'not_captured':
      return row.workload === null
        ? 'the call was refused before it was known what is recorded'
        : `workload ${row.workload} recorded figures only (capture: metadata), or it was erased`
    case 'none':
      return part === 'request' ? 'the call had no body' : 'nothing was answered'
    case 'kept':
      return 'it could not be read'
  }
}

function bodiesText({ request, response }: Bodies, row: RecordRow, kept: KeptAnswer): string {
  const isThere = (part: 'request' | 'response'): boolean => kept[part] === 'kept'
  const missing = (part: 'request' | 'response'): string => `(none: ${reasonFor(part, row, kept)})`
  const answer = response === null ? null : (assembledText(response.assembled) ?? partText(response))
  const shownRequest = request !== null && isThere('request') ? partText(request) : missing('request')
  const shownResponse = answer !== null && isThere('response') ? answer : missing('response')
  return `\n── request ──\n${shownRequest}\n\n── response ──\n${shownResponse}\n`
}

/** The answer as text; null when it has none, as with embeddings. */
function assembledText(assembled: Assembled | null): string | null {
  if (assembled === null) return null
  const choices = assembled.choices.map(choice => {
    const calls = choice.toolCalls.map(call => `${call.name}(${call.arguments})`)
    const finish = choice.finishReason === null ? [] : [`[${choice.finishReason}]`]
    return [choice.text, choice.refusal ?? '', ...calls, ...finish].filter(text => text !== '').join('\n')
  })
  const error = assembled.error === null ? [] : [`error ${assembled.error.code ?? ''}: ${assembled.error.message}`]
  const said = [...choices, ...error]
  if (said.length === 0) return null
  return printable([...said, ...(assembled.complete ? [] : ['(broken off)'])].join('\n\n'))
}

/** JSON is indented, other text is shown as it is, binary is only named. */
function partText({ base64, contentType, bytes }: Part): string {
  const raw = Buffer.from(base64, 'base64')
  if (raw.byteLength === 0) return '(empty)'
  const text = textOf(raw)
  if (text === null) return `(${contentType ?? 'binary'}, ${figure(bytes)} bytes; --format json has them in base64)`
  try {
    return printable(JSON.stringify(JSON.parse(text), null, 2))
  } catch {
    return printable(text)
  }
}

function textOf(raw: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(raw)
    return text.includes('\0') ? null : text
  } catch {
    return null
  }
}
