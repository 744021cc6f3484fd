/**
 * Metadata of a frame as bytes:
 *
 *     f64 × numbers       NaN is null
 *     u32 u32             bytes of the names, bytes of the texts
 *     u16 × texts         length of each text in UTF-16 units, 0xffff is null
 *     u16 × names         likewise
 *     UTF-8               all names joined, then all texts joined
 *
 * Lengths in UTF-16 units survive UTF-8 whatever the text: a lone surrogate comes back as one replacement unit.
 * The lengths and bytes of the names are contiguous, so that a reader can look up all of them at once.
 */
import type { AttemptRecord, Closed, Cost, Opened, Outcome, UsageSource } from '../record.ts'
import { type Format, flag, formats, formatVersion, type Shape } from './fields.ts'

/** Length of a text that is null. */
export const absent = 0xffff
/** Longest text that a field keeps, in UTF-16 units. What is longer is cut: only a client that means harm sends it. */
export const textUnitsMax = 0xfffe
/** Attempts kept of one exchange. */
const attemptsMax = 100

/** What this version writes. */
const { opened: openedShape, closed: closedShape } = formats[formatVersion] as Format

/** Collects one block before it is written, because its size decides where. One per writer, used again and again. */
export class MetadataBlock {
  readonly #numbers = new Float64Array(32)
  readonly #lengths = new Uint16Array(32)
  #shape = openedShape
  #numberCount = 0
  #lengthCount = 0
  #names = ''
  #texts = ''

  opened(opened: Opened): void {
    this.#begin(openedShape)
    this.#number(opened.startedAtMs)
    this.#text(opened.copyOf)
    this.#text(namesText(opened.toolDeployments))
    this.#name(opened.callerKind)
    this.#name(opened.callerTenantId)
    this.#name(opened.callerObjectId)
    this.#name(opened.callerAppId)
    this.#name(opened.callerName)
    this.#name(opened.workload)
    this.#name(opened.target)
    this.#name(opened.instance)
    this.#name(opened.region)
    this.#name(opened.deployment)
    this.#name(opened.requestedModel)
    this.#name(opened.apiVersion)
    this.#name(opened.operation)
    this.#name(opened.method)
    this.#name(opened.userAgent)
    this.#name(opened.requestContentType)
    this.#name(opened.path)
    this.#name(opened.clientAddress)
    this.#name(opened.copyKind)
  }

  closed(closed: Closed): void {
    this.#begin(closedShape)
    this.#number(closed.status)
    this.#number(closed.sentAtMs)
    this.#number(closed.firstByteAtMs)
    this.#number(closed.endedAtMs)
    this.#number(closed.usage.promptTokens)
    this.#number(closed.usage.completionTokens)
    this.#number(closed.usage.totalTokens)
    this.#number(closed.usage.cachedTokens)
    this.#number(closed.usage.reasoningTokens)
    this.#number(closed.usage.audioPromptTokens)
    this.#number(closed.usage.audioCompletionTokens)
    this.#number(closed.requestBytes)
    this.#number(closed.responseBytes)
    const onlyAttemptMs = onlyAttempt(closed)
    this.#number(onlyAttemptMs)
    const { cost } = closed
    this.#number(cost === null ? null : cost.nano)
    this.#number(closed.reservedTokens)
    this.#number(closed.waitedMs)
    this.#number(closed.summedCalls)
    this.#number(closed.usage.imagePromptTokens)
    this.#number(closed.usage.imageCompletionTokens)
    this.#text(closed.backendRequestId)
    this.#text(onlyAttemptMs === null ? attemptsText(closed.attempts) : null)
    this.#text(closed.objectId)
    this.#name(closed.outcome)
    this.#name(closed.outcomeCode)
    this.#name(closed.instance)
    this.#name(closed.region)
    this.#name(closed.servedModel)
    this.#name(closed.usage.source)
    this.#name(closed.finishReason)
    this.#name(closed.responseContentType)
    this.#name(closed.servedDeployment)
    this.#name(closed.spilledFrom)
    this.#name(cost === null ? null : cost.currency)
    this.#name(cost === null ? null : cost.price)
    this.#name(closed.serviceTier)
  }

  /** Bytes that the block takes at most. */
  get bytesMax(): number {
    return blockBytes(this.#shape) + 3 * (this.#names.length + this.#texts.length)
  }

  /** Writes the block and answers where it ends. */
  write(target: Buffer, view: DataView, start: number): number {
    let at = start
    for (let index = 0; index < this.#numberCount; index++, at += 8) {
      view.setFloat64(at, this.#numbers[index] as number, true)
    }
    const sizesAt = at
    at += 8
    for (let index = 0; index < this.#lengthCount; index++, at += 2) {
      view.setUint16(at, this.#lengths[index] as number, true)
    }
    const nameBytes = target.write(this.#names, at)
    at += nameBytes
    const textBytes = target.write(this.#texts, at)
    view.setUint32(sizesAt, nameBytes, true)
    view.setUint32(sizesAt + 4, textBytes, true)
    return at + textBytes
  }

  #begin(shape: Shape): void {
    this.#shape = shape
    this.#numberCount = 0
    this.#lengthCount = 0
    this.#names = ''
    this.#texts = ''
  }
  #number(value: number | null): void {
    this.#numbers[this.#numberCount++] = value ?? Number.NaN
  }
  #name(value: string | null): void {
    this.#names += this.#length(value)
  }
  #text(value: string | null): void {
    this.#texts += this.#length(value)
  }
  #length(value: string | null): string {
    if (value === null) {
      this.#lengths[this.#lengthCount++] = absent
      return ''
    }
    // Texts stand joined: half a surrogate pair at the end of one would become whole with half of one at the beginning of the next.
    const kept = (value.length > textUnitsMax ? value.slice(0, textUnitsMax) : value).toWellFormed()
    this.#lengths[this.#lengthCount++] = kept.length
    return kept
  }
}

/** Null when the attempts need their own text. */
function onlyAttempt({ attempts, instance, status }: Closed): number | null {
  const first = attempts[0]
  if (first === undefined || attempts.length > 1) return null
  return first.instance === instance && first.status === status && first.error === null ? first.durationMs : null
}

/** The attempts that `onlyAttempt` and `attemptsText` wrote. */
export function attemptsOf(
  text: string | null,
  onlyAttemptMs: number | null,
  record: Pick<Closed, 'instance' | 'status'>,
): readonly AttemptRecord[] {
  if (text !== null) return JSON.parse(text) as AttemptRecord[]
  if (onlyAttemptMs === null || record.instance === null) return []
  return [{ instance: record.instance, status: record.status, durationMs: onlyAttemptMs, error: null }]
}

function attemptsText(attempts: readonly AttemptRecord[]): string {
  const kept = attempts.length > attemptsMax ? attempts.slice(-attemptsMax) : attempts
  const text = JSON.stringify(kept)
  return text.length > textUnitsMax ? '[]' : text
}

function namesText(names: readonly string[]): string | null {
  if (names.length === 0) return null
  const text = JSON.stringify(names)
  return text.length > textUnitsMax ? null : text
}

/** The names that `namesText` wrote. */
export function namesFrom(text: string | null): readonly string[] {
  return text === null ? [] : (JSON.parse(text) as string[])
}

/** Bytes of a block without its text. */
export function blockBytes(shape: Shape): number {
  return shape.numbers * 8 + 8 + (shape.texts + shape.names) * 2
}

/** Where the parts of a block stand. Read into one object that is used again: readers see thousands a second. */
export class BlockView {
  numbersAt = 0
  textLengthsAt = 0
  nameLengthsAt = 0
  namesAt = 0
  textsAt = 0
  endAt = 0
  shape: Shape = openedShape

  /** False when the sizes do not fit into `end`. */
  read(view: DataView, start: number, end: number, shape: Shape): boolean {
    this.shape = shape
    this.numbersAt = start
    const sizesAt = start + shape.numbers * 8
    this.textLengthsAt = sizesAt + 8
    this.nameLengthsAt = this.textLengthsAt + shape.texts * 2
    this.namesAt = this.nameLengthsAt + shape.names * 2
    if (this.namesAt > end) return false
    this.textsAt = this.namesAt + view.getUint32(sizesAt, true)
    this.endAt = this.textsAt + view.getUint32(sizesAt + 4, true)
    return this.endAt <= end
  }

  /** NaN is null, and what the block's format does not have. */
  number(view: DataView, index: number): number {
    return index < this.shape.numbers ? view.getFloat64(this.numbersAt + index * 8, true) : Number.NaN
  }
}

/** The strings of `count` fields whose lengths stand at `lengthsAt` and whose joined text is `from..to`. */
function readStrings(
  source: Buffer,
  view: DataView,
  lengthsAt: number,
  count: number,
  from: number,
  to: number,
): (string | null)[] {
  const joined = source.toString('utf8', from, to)
  const values: (string | null)[] = []
  let at = 0
  for (let index = 0; index < count; index++) {
    const length = view.getUint16(lengthsAt + index * 2, true)
    if (length === absent) {
      values.push(null)
      continue
    }
    values.push(joined.slice(at, at + length))
    at += length
  }
  return values
}

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value)

/** The names of a block, in the order of its format's list. */
export function namesOf(source: Buffer, view: DataView, block: BlockView): (string | null)[] {
  return readStrings(source, view, block.nameLengthsAt, block.shape.names, block.namesAt, block.textsAt)
}

/** The texts of a block, likewise. */
export function textsOf(source: Buffer, view: DataView, block: BlockView): (string | null)[] {
  return readStrings(source, view, block.textLengthsAt, block.shape.texts, block.textsAt, block.endAt)
}

/** A cost from its three fields, which are null together. */
export function costFrom(nano: number | null, currency: string | null, price: string | null): Cost | null {
  return nano === null || currency === null || price === null ? null : { nano, currency, price }
}

/** Decodes an `Opened` in full. For recovery and feeds; the store reads only what it needs. */
export function readOpened(source: Buffer, view: DataView, block: BlockView, id: string, flags: number): Opened {
  const names = namesOf(source, view, block)
  const texts = textsOf(source, view, block)
  const name = (index: number): string | null => names[index] ?? null
  return {
    id,
    startedAtMs: block.number(view, 0),
    demonstration: (flags & flag.demonstration) !== 0,
    copyOf: texts[0] ?? null,
    copyKind: name(18) as Opened['copyKind'],
    callerKind: name(0) as Opened['callerKind'],
    callerTenantId: name(1),
    callerObjectId: name(2),
    callerAppId: name(3),
    callerName: name(4),
    workload: name(5),
    target: name(6),
    instance: name(7),
    region: name(8),
    deployment: name(9),
    requestedModel: name(10),
    toolDeployments: namesFrom(texts[1] ?? null),
    apiVersion: name(11),
    operation: name(12),
    stream: (flags & flag.stream) !== 0,
    method: name(13) ?? '',
    userAgent: name(14),
    requestContentType: name(15),
    path: name(16) ?? '',
    clientAddress: name(17),
  }
}

/** Decodes a `Closed` without the `Opened` that it may carry. */
export function readClosed(source: Buffer, view: DataView, block: BlockView, id: string): Closed {
  const names = namesOf(source, view, block)
  const texts = textsOf(source, view, block)
  const number = (index: number): number | null => orNull(block.number(view, index))
  const name = (index: number): string | null => names[index] ?? null
  return {
    id,
    outcome: name(0) as Outcome,
    outcomeCode: name(1),
    status: number(0),
    sentAtMs: number(1),
    firstByteAtMs: number(2),
    endedAtMs: number(3) ?? 0,
    instance: name(2),
    region: name(3),
    servedModel: name(4),
    servedDeployment: name(8),
    spilledFrom: name(9),
    attempts: attemptsOf(texts[1] ?? null, number(13), { instance: name(2), status: number(0) }),
    usage: {
      source: name(5) as UsageSource,
      promptTokens: number(4),
      completionTokens: number(5),
      totalTokens: number(6),
      cachedTokens: number(7),
      reasoningTokens: number(8),
      audioPromptTokens: number(9),
      audioCompletionTokens: number(10),
      imagePromptTokens: number(18),
      imageCompletionTokens: number(19),
    },
    serviceTier: name(12),
    summedCalls: number(17) ?? 1,
    cost: costFrom(number(14), name(10), name(11)),
    reservedTokens: number(15),
    waitedMs: number(16),
    objectId: texts[2] ?? null,
    finishReason: name(6),
    backendRequestId: texts[0] ?? null,
    responseContentType: name(7),
    requestBytes: number(11) ?? 0,
    responseBytes: number(12) ?? 0,
  }
}
