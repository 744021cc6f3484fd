/** Rules of addresses that the configuration names. */
import type { Path } from '../messages.ts'
import { type Notes, shown } from './notes.ts'
import { isLoopback } from './stores.ts'

interface UrlParts {
  readonly path: boolean
  readonly query?: boolean
}

/** The URL's origin, or null after an error. Without `path`, only scheme, host and port are allowed. */
export function checkUrl(text: string, path: Path, allowed: UrlParts, notes: Notes): string | null {
  const url = URL.parse(text)
  const fault = url === null ? 'an http(s) URL' : urlFault(url, allowed)
  if (fault === null) return url === null ? null : url.origin
  notes.errors.push({ code: 'wrong_value', path, seen: shown(text, path, notes), expected: fault, nearest: null })
  return null
}

function urlFault(url: URL, allowed: UrlParts): string | null {
  if (url.username !== '' || url.password !== '') return 'a URL without user name and password'
  if (allowed.query === true && url.hash !== '') return 'a URL without #'
  if (allowed.query !== true && (url.search !== '' || url.hash !== '')) return 'a URL without ? and #'
  if (!allowed.path && url.pathname !== '/') return `the endpoint alone, without a path: ${url.origin}`
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) return 'https; http only towards this machine itself'
  return null
}

export function withoutSlash(text: string): string {
  return text.replace(/\/+$/, '')
}
