/** Why an auditor reads bodies. */
import type { Context } from 'hono'
import { reasonField } from './desk.ts'
import { AdminError } from './errors.ts'
import type { AdminEnv } from './parts.ts'

const least = 3
const most = 500

/**
 * The reason that a request gives.
 * @throws AdminError reason_missing without one, and for one that is too short, too long, or not readable.
 */
export function requireReason(c: Context<AdminEnv>): string {
  const text = decoded(c.req.header(reasonField) ?? '')
  if (text === null) throw refused('It is not percent-encoded UTF-8')
  const characters = [...text].length
  if (characters === 0) throw refused('The request gives none')
  if (characters < least || characters > most) throw refused(`It has ${characters} characters`)
  if (/\p{Cc}/u.test(text)) throw refused('It has control characters')
  return text
}

/** Null for what is not percent-encoded UTF-8. */
function decoded(written: string): string | null {
  try {
    return decodeURIComponent(written).trim()
  } catch {
    return null
  }
}

function refused(why: string): AdminError {
  const message = `Reading other people's bodies needs a reason. ${why}: send "${reasonField}" with ${least} to ${most} characters, percent-encoded.`
  return new AdminError('reason_missing', message)
}
