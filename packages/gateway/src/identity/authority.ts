/** Addresses of sign-in services. Imports nothing heavy: the command line reads this file at every start. */
import { AuthorityError } from './errors.ts'

/**
 * The authority without a slash at its end.
 * @throws AuthorityError when it is not an https URL, or http to a loopback host, without query, fragment and user
 *   name.
 */
export function checkedAuthority(authority: string): string {
  const url = URL.canParse(authority) ? new URL(authority) : null
  if (url === null || !isTrustworthy(url, true)) {
    throw new AuthorityError(
      'The address of the sign-in service must be an https URL, as https://login.microsoftonline.com; ' +
        'plain http is taken for loopback addresses alone.',
    )
  }
  if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new AuthorityError(
      'The address of the sign-in service must have no user name, query or fragment. Give it as https://login.microsoftonline.com.',
    )
  }
  return url.href.replace(/\/+$/, '')
}

/**
 * True for https, and for http to a loopback host where that is allowed. Over plain http, anyone on the way could
 * replace the keys.
 */
export function isTrustworthy(url: URL, loopbackAllowed: boolean): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopbackAllowed && isLoopback(url.hostname))
}

/** A host name as a URL has it: IPv6 in brackets. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
}
