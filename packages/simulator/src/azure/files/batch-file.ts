/** Reads the file of a batch: all of it before any line runs. An error in it fails the whole batch. */
import { isRecord, type JsonRecord, textOf, textOrNull } from '../../json.ts'

export interface BatchLine {
  readonly customId: string
  readonly body: JsonRecord
  /** Its text in the file. */
  readonly text: string
}

export interface BatchFault {
  readonly code: string
  readonly message: string
  readonly param: string | null
  /** From 1; null for the file as a whole. */
  readonly line: number | null
}

export interface BatchFile {
  readonly lines: readonly BatchLine[]
  readonly faults: readonly BatchFault[]
}

const linesMax = 100_000
const faultsMax = 20

/** Skips empty lines and a byte order mark at the beginning. Each line's `url` must name `endpoint`. */
export function readBatchFile(bytes: Buffer, endpoint: string): BatchFile {
  const texts = bytes
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .split('\n')
  const given = texts.flatMap((text, at) => (text.trim() === '' ? [] : [{ text, number: at + 1 }]))
  if (given.length === 0) return { lines: [], faults: [fault('empty_batch', 'The input file has no lines.', null)] }
  if (given.length > linesMax) {
    return { lines: [], faults: [fault('too_many_tasks', `The input file has more than ${linesMax} lines.`, null)] }
  }
  const known = new Set<string>()
  const lines: BatchLine[] = []
  const faults: BatchFault[] = []
  for (const { text, number } of given) {
    const line = readLine(text, number, endpoint, known)
    if ('code' in line) faults.push(line)
    else lines.push(line)
  }
  return { lines, faults: faults.slice(0, faultsMax) }
}

function readLine(text: string, number: number, endpoint: string, known: Set<string>): BatchLine | BatchFault {
  const line = parsed(text)
  if (!isRecord(line)) return fault('invalid_json_line', 'This line is not a JSON object.', number)
  const customId = textOrNull(line.custom_id)
  if (customId === null) return fault('invalid_request', 'A line has a custom_id, a text.', number, 'custom_id')
  if (known.has(customId)) {
    return fault('duplicate_custom_id', `The custom_id "${customId}" stands on an earlier line.`, number, 'custom_id')
  }
  known.add(customId)
  if (line.method !== 'POST') return fault('invalid_request', 'The method of a line is POST.', number, 'method')
  if (pathOf(line.url) !== pathOf(endpoint)) {
    return fault('url_mismatch', `The url of a line is the endpoint of the batch, ${endpoint}.`, number, 'url')
  }
  if (!isRecord(line.body)) return fault('invalid_request', 'A line has a body, an object.', number, 'body')
  return { customId, body: line.body, text }
}

/** The operation that a line's url or a batch's endpoint names, with or without its prefix. */
export function pathOf(url: unknown): string {
  return textOf(url).replace(/^\/(openai\/)?(v1\/)?/, '')
}

function fault(code: string, message: string, line: number | null, param: string | null = null): BatchFault {
  return { code, message, param, line }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
