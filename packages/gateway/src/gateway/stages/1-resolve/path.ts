import { Refusal } from '../../refusals.ts'

const urlCharactersMax = 8_192

/**
 * Path and query of a request target (RFC 9112 section 3.2). A server must accept the absolute form; its host decides
 * nothing. A fragment does not belong in a request.
 */
export function splitUrl(url: string): { path: string; query: string } {
  if (url.length > urlCharactersMax)
    throw new Refusal('path_malformed', { reason: `it is longer than ${urlCharactersMax} characters` })
  if (url.includes('#')) throw new Refusal('path_malformed', { reason: 'it has a fragment (#)' })
  const origin = url.startsWith('/') ? '' : (/^https?:\/\/[^/?#]*/i.exec(url)?.[0] ?? null)
  if (origin === null) throw new Refusal('path_malformed', { reason: 'it does not begin with /' })
  const target = url.slice(origin.length) || '/'
  const mark = target.indexOf('?')
  return mark === -1 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}

/**
 * Decoded segments of a path. A path that two readers could read in two ways is refused: empty and dot segments,
 * encoded separators, control characters, characters that a URL must encode. One empty segment is removed, as Azure
 * does: the one before `openai` or `v1` that comes from an endpoint with a slash at its end.
 */
export function splitPath(path: string): string[] {
  if (!path.startsWith('/')) throw new Refusal('path_malformed', { reason: 'the path does not begin with /' })
  return withoutJoint(path.slice(1).split('/')).map(raw => {
    if (raw === '') throw new Refusal('path_malformed', { reason: 'it has an empty segment (// or a / at the end)' })
    const text = plainSegment.test(raw) ? raw : decodeSegment(raw)
    if (text === '.' || text === '..') throw new Refusal('path_malformed', { reason: 'it has a dot segment' })
    if (/[/\\]/.test(text)) throw new Refusal('path_malformed', { reason: 'it has an encoded separator' })
    return text
  })
}

/**
 * Endpoints end at the root, after `/TARGET/WORKLOAD`, or after `openai` in either. Only there an empty segment is the
 * joint of two parts.
 */
function withoutJoint(segments: readonly string[]): readonly string[] {
  const at = segments.indexOf('')
  if (at === -1) return segments
  const [first] = segments
  const root = first === '' || first === 'openai' || first === 'v1' ? 0 : 2
  const next = segments[at + 1]
  const isJoint =
    (at === root && (next === 'openai' || (next === 'v1' && root === 0))) ||
    (at === root + 1 && next === 'v1' && segments[root] === 'openai')
  return isJoint ? segments.toSpliced(at, 1) : segments
}

const plainSegment = /^[A-Za-z0-9._~-]+$/

export function decodeSegment(raw: string): string {
  let text: string
  try {
    text = decodeURIComponent(raw)
  } catch {
    throw new Refusal('path_malformed', { reason: 'its percent-encoding is broken' })
  }
  if (/[^\x21-\x7e]/.test(raw) || Array.from(text).some(c => c < ' ' || c === '\u007f')) {
    throw new Refusal('path_malformed', { reason: 'it has control or unencoded characters' })
  }
  return text
}
