/** The error object that a backend answers with, read from the bytes of its answer. */
import { type MemberRange, memberValue, scanObject } from './json-scan.ts'

export interface AnswerError {
  readonly code: string | null
  /** A class of errors; it may say more than a missing `code`. */
  readonly type: string | null
  readonly message: string | null
  /** The member of the request that the answer finds fault with. */
  readonly param: string | null
  /** `innererror.code`. */
  readonly innerCode: string | null
}

export const noError: AnswerError = { code: null, type: null, message: null, param: null, innerCode: null }
/** A status, or words joined by `_`, `.` or `-`. A key has digits among its letters, and so is none. */
const plainCode = /^(?:\d{3}|[A-Za-z]+(?:[_.-][A-Za-z]+)*)$/

/**
 * A code as the log may have it. Codes come from answers, which may repeat what was sent: null for one that may be a
 * secret.
 */
export function loggedCode(code: string | null): string | null {
  return code !== null && code.length <= 64 && plainCode.test(code) ? code : null
}

const wanted: ReadonlySet<string> = new Set(['error', 'object', 'message', 'detail'])

/**
 * OpenAI's error object in a body; `noError` where there is none. Two other forms have only a message: the flat one of
 * older vLLM servers (`"object": "error"`), and the one of FastAPI (`"detail"`), with which such servers answer an
 * address that they do not have.
 */
export function errorIn(body: Buffer): AnswerError {
  try {
    const { members } = scanObject(body, wanted)
    const range = members.get('error')
    if (range === undefined) return flatError(body, members)
    const error = memberValue(body, range)
    if (typeof error !== 'object' || error === null) return noError
    const { code, type, message, param, innererror } = error as Readonly<Record<string, unknown>>
    const inner = typeof innererror === 'object' && innererror !== null && 'code' in innererror ? innererror.code : null
    return {
      code: textOf(code),
      type: textOf(type),
      message: textOf(message),
      param: textOf(param),
      innerCode: textOf(inner),
    }
  } catch {
    return noError
  }
}

function flatError(body: Buffer, members: ReadonlyMap<string, MemberRange>): AnswerError {
  const read = (key: string): string | null => {
    const range = members.get(key)
    return range === undefined ? null : textOf(memberValue(body, range))
  }
  const message = read('object') === 'error' ? read('message') : read('detail')
  return message === null ? noError : { ...noError, message }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
