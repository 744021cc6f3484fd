/** The figures of one record as lines for people, in the order of the table of fields (ledger/fields.ts). */
import type { FieldKind } from '../../ledger/field.ts'
import { type Field, type FieldName, shownFields } from '../../ledger/fields.ts'
import { valueIn } from '../../ledger/read-fields.ts'
import type { RecordRow } from '../../ledger/record.ts'
import { callerKeyOf } from '../../ledger/record-csv.ts'
import refusalAdvice from '../refusal-advice.json' with { type: 'json' }
import { printableLine } from '../terminal/printable.ts'
import { figure } from '../terminal/table.ts'
import { costText, shortText } from './record-lines.ts'

export function factsText(row: RecordRow): string {
  const facts = shownFields.flatMap(field => (field.show === undefined ? [] : linesOf(field.show, factOf(field, row))))
  const widest = Math.max(...facts.map(([name]) => name.length))
  return facts.map(([name, line]) => `${name.padEnd(widest)}  ${printableLine(line)}\n`).join('')
}

/** A fact of several lines has its name only before the first one. */
function linesOf(name: string, value: Fact): [string, string][] {
  if (value === null) return []
  const lines = typeof value === 'string' ? [value] : value
  return lines.map((line, index) => [index === 0 ? name : '', line])
}

type Fact = string | readonly string[] | null

function factOf(field: Field, row: RecordRow): Fact {
  const said = facts[field.name]
  if (said !== undefined) return said(row)
  const text = shortText(field, valueIn(row, field))
  return text === null ? null : text + (units[field.kind] ?? '')
}

const units: Partial<Record<FieldKind, string>> = {
  timeMs: ' UTC',
  durationMs: ' ms',
  tokens: ' tokens',
  bytes: ' bytes',
}

/** Lines that show more than the value of their field; a line covers every field whose `showWith` names it. */
const facts: Partial<Record<FieldName, (row: RecordRow) => Fact>> = {
  copyKind: row => (row.copyKind === null ? null : `${row.copyKind} of ${row.copyOf}, sent by the gateway itself`),
  outcome: row => (row.outcomeCode === null ? row.outcome : `${row.outcome}: ${row.outcomeCode}`),
  message: messageLines,
  timeToFirstByteMs: row =>
    row.timeToFirstByteMs === null ? null : `${figure(row.timeToFirstByteMs)} ms after sending`,
  callerName: row => (row.callerName === null ? callerKeyOf(row) : `${row.callerName} (${callerKeyOf(row)})`),
  instance: row => (row.region === null ? row.instance : `${row.instance} (${row.region})`),
  deployment: row =>
    row.servedDeployment === null ? row.deployment : `${row.deployment} (there ${row.servedDeployment})`,
  spilledFrom: row => (row.spilledFrom === null ? null : `by Azure, from ${row.spilledFrom}`),
  requestedModel: modelText,
  operation: row => (row.operation === null ? null : `${row.operation}${row.stream ? ', streamed' : ''}`),
  method: row => `${row.method} ${row.path}, ${figure(row.requestBytes)} bytes`,
  responseContentType: row => `${row.responseContentType ?? 'no content type'}, ${figure(row.responseBytes)} bytes`,
  usageSource: row => (row.usage.source === 'none' ? 'none' : tokensText(row)),
  reservedTokens: row =>
    row.reservedTokens === null ? null : `${figure(row.reservedTokens)} tokens, used ${figure(row.usage.totalTokens)}`,
  costNano: priceText,
  summedCalls: row => (row.summedCalls === 1 ? null : `${figure(row.summedCalls)} refused calls`),
  waitedMs: row => (row.waitedMs === null ? null : `${figure(row.waitedMs)} ms in line`),
  attempts: row => attemptTexts(row.attempts),
  clientAddress: row => [row.clientAddress, row.userAgent].filter(text => text !== null).join(', ') || null,
  traceId: row => [row.traceId, row.parentSpanId].filter(text => text !== null).join(', parent span ') || null,
  demonstration: row => (row.demonstration ? 'written by the demonstration' : null),
}

/** The words of the gateway's own answer, and what to do about it. */
function messageLines({ message, outcome, outcomeCode }: RecordRow): Fact {
  const advice = message === null && outcome !== 'refused' ? undefined : adviceFor(outcomeCode)
  const words = message === null ? [] : [message]
  const lines = advice === undefined ? words : [...words, `To do: ${advice}`, `See docs/refusals.md, ${outcomeCode}.`]
  return lines.length === 0 ? null : lines
}

function adviceFor(code: string | null): string | undefined {
  const all: Readonly<Record<string, string>> = refusalAdvice
  return code !== null && Object.hasOwn(all, code) ? all[code] : undefined
}

function modelText({ requestedModel, servedModel }: RecordRow): string | null {
  const served = servedModel !== null && servedModel !== requestedModel ? `, served ${servedModel}` : ''
  return requestedModel === null ? servedModel : `${requestedModel}${served}`
}

/** Words for the parts of a record's tokens; a part without one has its name. */
const tokenWords: Partial<Record<FieldName, string>> = {
  audioPromptTokens: 'audio in',
  audioCompletionTokens: 'audio out',
  imagePromptTokens: 'image in',
  imageCompletionTokens: 'image out',
}
const tokenParts = shownFields
  .filter(({ path, kind, name }) => path[0] === 'usage' && kind === 'tokens' && name !== 'totalTokens')
  .map(field => ({ field, word: tokenWords[field.name] ?? field.name.replace(/Tokens$/, '') }))

function tokensText(row: RecordRow): string {
  // Zeros matter for the prompt and the completion; for the rarer parts they only fill the line.
  const parts = tokenParts.flatMap(({ field, word }) => {
    const tokens = valueIn(row, field)
    const isShown = Boolean(tokens) || field.name === 'promptTokens' || field.name === 'completionTokens'
    return isShown ? [`${word} ${shortText(field, tokens) ?? '-'}`] : []
  })
  return `${figure(row.usage.totalTokens)} (${[...parts, row.usage.source].join(', ')})`
}

function priceText(row: RecordRow): string | null {
  if (row.cost !== null) return `${costText(row)} (price of ${row.cost.price})`
  return costText(row) === null ? null : 'not known: the model has no price'
}

/** All attempts in their order, a line each; numbered where there was more than one. */
function attemptTexts(attempts: RecordRow['attempts']): readonly string[] {
  return attempts.map(({ instance, status, durationMs, error }, index) => {
    const answer = [status, error].filter(part => part !== null).join(' ') || 'no answer'
    return `${attempts.length > 1 ? `${index + 1}. ` : ''}${instance} ${answer} in ${figure(durationMs)} ms`
  })
}
