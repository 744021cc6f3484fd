/** Where a person goes after the sign-in: a path of the console, never another site. */

const charactersMax = 1_024

/** Addresses that are no page of the console. */
const notPages = /^\/(?:api|assets|signin|signout|healthz|metrics)(?:\/|$)/i

/**
 * The path with query and fragment, in its normal form; null when it is none of ours. Browsers read `//host`, `/\host`
 * and paths that become these as other sites.
 */
export function returnPath(asked: string): string | null {
  if (asked.length > charactersMax || !/^\/[\x21-\x5b\x5d-\x7e]*$/.test(asked)) return null
  const own = 'http://own.invalid'
  const url = URL.parse(asked, own)
  if (url === null || url.origin !== own || url.pathname.startsWith('//') || notPages.test(url.pathname)) return null
  return `${url.pathname}${url.search}${url.hash}`
}
