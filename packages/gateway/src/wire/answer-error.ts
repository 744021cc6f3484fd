/** The error object that a backend answers with, read from the bytes of its answer. */
import { memberValue, scanObject } from './json-scan.ts'

export interface AnswerError {
  readonly code: string | null
  readonly message: string | null
  /** The member of the request that the answer finds fault with. */
  readonly param: string | null
  /** `innererror.code`. */
  readonly innerCode: string | null
}

export const noError: AnswerError = { code: null, message: null, param: null, innerCode: null }
const errorOnly: ReadonlySet<string> = new Set(['error'])

/** OpenAI's error object in a body; `noError` where there is none. */
export function errorIn(body: Buffer): AnswerError {
  try {
    const range = scanObject(body, errorOnly).members.get('error')
    const error = range === undefined ? null : memberValue(body, range)
    if (typeof error !== 'object' || error === null) return noError
    const { code, message, param, innererror } = error as Readonly<Record<string, unknown>>
    const inner = typeof innererror === 'object' && innererror !== null && 'code' in innererror ? innererror.code : null
    return { code: textOf(code), message: textOf(message), param: textOf(param), innerCode: textOf(inner) }
  } catch {
    return noError
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
