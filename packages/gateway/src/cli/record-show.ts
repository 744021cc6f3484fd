/** `gatehouse records show ID`. */
import type { RecordRow } from '../ledger/record.ts'
import type { Assembled } from '../wire/assemble.ts'
import { askAdmin } from './admin-client.ts'
import type { CliContext } from './context.ts'
import { CliError } from './errors.ts'
import { formatOf, type ReaderOptions } from './filters.ts'
import { jsonText, printable, printableLine } from './printable.ts'
import { callerKeyOf, costText, recordCsv, recordCsvHead } from './record-lines.ts'
import { figure, instant } from './table.ts'

export interface ShowOptions extends ReaderOptions {
  readonly bodies?: boolean
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

export async function showRecord(context: CliContext, id: string, options: ShowOptions): Promise<void> {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) {
    const why = 'An id looks like 0199c0de-0000-7000-8000-000000000000.'
    throw new CliError('id_invalid', 'This is not the id of a record.', why, 'gatehouse records list', { exitCode: 2 })
  }
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
  const path = `/api/v1/records/${id}`
  const row = await askAdmin<RecordRow>(context, { path, as: options.as })
  const bodies =
    options.bodies === true ? await askAdmin<Bodies>(context, { path: `${path}/bodies`, as: options.as }) : null
  if (format === 'csv') context.stdout.write(recordCsvHead + recordCsv(row))
  else if (format === 'json') context.stdout.write(`${jsonText(bodies === null ? row : { ...row, bodies }, 2)}\n`)
  else context.stdout.write(factsText(row) + (bodies === null ? bodiesHint(id) : bodiesText(bodies)))
}

function bodiesHint(id: string): string {
  return `\nPrompt and completion, for auditors: gatehouse records show ${id} --bodies\n`
}

function factsText(row: RecordRow): string {
  const facts = Object.entries(factsOf(row)).flatMap(([name, value]) => linesOf(name, value))
  const widest = Math.max(...facts.map(([name]) => name.length))
  return facts.map(([name, line]) => `${name.padEnd(widest)}  ${printableLine(line)}\n`).join('')
}

/** A fact of several lines has its name before the first of them. */
function linesOf(name: string, value: Fact): [string, string][] {
  if (value === null) return []
  const lines = typeof value === 'string' ? [value] : value
  return lines.map((line, index) => [index === 0 ? name : '', line])
}

type Fact = string | readonly string[] | null

function factsOf(row: RecordRow): Record<string, Fact> {
  const usage = row.usage
  const served = row.servedModel !== null && row.servedModel !== row.requestedModel ? `, served ${row.servedModel}` : ''
  return {
    id: row.id,
    copy: row.copyKind === null ? null : `${row.copyKind} of ${row.copyOf}, sent by the gateway itself`,
    outcome: row.outcomeCode === null ? row.outcome : `${row.outcome}: ${row.outcomeCode}`,
    status: row.status === null ? null : String(row.status),
    started: `${instant(row.startedAtMs)} UTC`,
    duration: `${figure(row.durationMs)} ms`,
    'first byte': row.timeToFirstByteMs === null ? null : `${figure(row.timeToFirstByteMs)} ms after sending`,
    caller: row.callerName === null ? callerKeyOf(row) : `${row.callerName} (${callerKeyOf(row)})`,
    workload: row.workload,
    target: row.target,
    instance: row.region === null ? row.instance : `${row.instance} (${row.region})`,
    deployment: row.servedDeployment === null ? row.deployment : `${row.deployment} (there ${row.servedDeployment})`,
    'spilled over': row.spilledFrom === null ? null : `by Azure, from ${row.spilledFrom}`,
    model: row.requestedModel === null ? row.servedModel : `${row.requestedModel}${served}`,
    'further deployments': row.toolDeployments.join(', ') || null,
    operation: row.operation === null ? null : `${row.operation}${row.stream ? ', streamed' : ''}`,
    'api version': row.apiVersion,
    request: `${row.method} ${row.path}, ${figure(row.requestBytes)} bytes`,
    response: `${row.responseContentType ?? 'no content type'}, ${figure(row.responseBytes)} bytes`,
    finish: row.finishReason,
    tokens: usage.source === 'none' ? 'none' : tokensText(row),
    reserved:
      row.reservedTokens === null ? null : `${figure(row.reservedTokens)} tokens, used ${figure(usage.totalTokens)}`,
    tier: row.serviceTier,
    cost: priceText(row),
    'stands for': row.summedCalls === 1 ? null : `${figure(row.summedCalls)} refused calls`,
    waited: row.waitedMs === null ? null : `${figure(row.waitedMs)} ms in line`,
    attempts: attemptTexts(row.attempts),
    object: row.objectId,
    client: [row.clientAddress, row.userAgent].filter(text => text !== null).join(', ') || null,
    'backend id': row.backendRequestId,
    history: row.demonstration ? 'written by the demonstration' : null,
  }
}

function tokensText({ usage }: RecordRow): string {
  const parts: readonly (readonly [string, number | null])[] = [
    ['prompt', usage.promptTokens],
    ['cached', usage.cachedTokens],
    ['completion', usage.completionTokens],
    ['reasoning', usage.reasoningTokens],
    ['audio in', usage.audioPromptTokens],
    ['audio out', usage.audioCompletionTokens],
    ['image in', usage.imagePromptTokens],
    ['image out', usage.imageCompletionTokens],
  ]
  // Zeros are of interest for what was asked and answered; of the rarer kinds they only fill the line.
  const told = parts
    .filter(([name, tokens]) => tokens || name === 'prompt' || name === 'completion')
    .map(([name, tokens]) => `${name} ${figure(tokens)}`)
  return `${figure(usage.totalTokens)} (${[...told, usage.source].join(', ')})`
}

function priceText(row: RecordRow): string | null {
  if (row.cost !== null) return `${costText(row)} (price of ${row.cost.price})`
  return costText(row) === null ? null : 'not known: the model has no price'
}

/** All tries in their order, a line each; numbered where there was more than one. */
function attemptTexts(attempts: RecordRow['attempts']): readonly string[] {
  return attempts.map(({ instance, status, durationMs, error }, index) => {
    const answer = [status, error].filter(part => part !== null).join(' ') || 'no answer'
    return `${attempts.length > 1 ? `${index + 1}. ` : ''}${instance} ${answer} in ${figure(durationMs)} ms`
  })
}

function bodiesText({ request, response }: Bodies): string {
  const answer = response === null ? null : (assembledText(response.assembled) ?? partText(response))
  return `\n── request ──\n${request === null ? notKept : partText(request)}\n\n── response ──\n${answer ?? notKept}\n`
}

const notKept = '(not kept: the workload captures figures alone, there was none, or it was purged)'

/** What the answer says to people; null when it says nothing in words, as embeddings do. */
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
