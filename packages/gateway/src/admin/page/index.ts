/**
 * The built page of the console: `index.html` at every address that can be a page, and its hashed files below
 * `/assets/`. Nothing here needs a token; what the page shows, it asks of the API.
 */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { Context, MiddlewareHandler } from 'hono'
import type { AdminEnv } from '../parts.ts'
import { htmlOf, pagePolicy } from '../session/pages.ts'

const noncePlaceholder = /__CSP_NONCE__/g

/** Nothing runs, loads or is sent anywhere but what the page brings and its own origin. */
function policyOf(nonce: string): string {
  return `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data: blob:; media-src blob:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'`
}

/** First segments of addresses that the API answers, also where it says that there is nothing. */
const ofTheApi = /^\/(?:api|healthz|metrics)(?:\/|$)/i
const assetForm = /^\/assets\/([A-Za-z0-9_-][A-Za-z0-9._-]{0,199})$/

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
}

/** Forms in which the build has left a file beside itself, the smallest first. */
const encodings = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const

/** @param directory of the build; it may come into being while the process runs. */
export function consolePage(directory: string): MiddlewareHandler<AdminEnv> {
  return async (c, next) => {
    const { path, method } = c.req
    if (method !== 'GET' && method !== 'HEAD') return next()
    const [, asset] = assetForm.exec(path) ?? []
    if (asset !== undefined) return (await assetAnswer(c, directory, asset)) ?? next()
    if (!isPage(path)) return next()
    return indexAnswer(c, directory)
  }
}

/** True for an address without a dot in its last segment that is none of the API's. */
function isPage(path: string): boolean {
  return !ofTheApi.test(path) && !path.slice(path.lastIndexOf('/')).includes('.') && !path.startsWith('/assets/')
}

async function indexAnswer(c: Context<AdminEnv>, directory: string): Promise<Response> {
  const html = await readOrNull(join(directory, 'index.html'))
  if (html === null) {
    c.header('content-security-policy', pagePolicy)
    c.header('retry-after', '2')
    return c.html(htmlOf(beingBuilt), 503)
  }
  const nonce = randomBytes(16).toString('base64')
  c.header('content-security-policy', policyOf(nonce))
  c.header('cross-origin-opener-policy', 'same-origin')
  // With `no-referrer`, a browser may send `Origin: null` to our own address, which counts as another site's.
  c.header('referrer-policy', 'same-origin')
  return c.html(html.toString('utf8').replace(noncePlaceholder, nonce), 200)
}

/** Null when there is no such file. */
async function assetAnswer(c: Context<AdminEnv>, directory: string, name: string): Promise<Response | null> {
  const type = types[extname(name)]
  if (type === undefined) return null
  const file = join(directory, 'assets', name)
  for (const [encoding, ending] of encodings) {
    if (!accepts(c.req.header('accept-encoding'), encoding)) continue
    const packed = await readOrNull(`${file}${ending}`)
    if (packed === null) continue
    c.header('content-encoding', encoding)
    return bytesAnswer(c, packed, type)
  }
  const plain = await readOrNull(file)
  return plain === null ? null : bytesAnswer(c, plain, type)
}

function bytesAnswer(c: Context<AdminEnv>, bytes: Buffer<ArrayBuffer>, type: string): Response {
  // The name has a digest of the content: it never changes.
  c.header('cache-control', 'public, max-age=31536000, immutable')
  c.header('vary', 'accept-encoding')
  return c.body(bytes, 200, { 'content-type': type })
}

/** @param field `Accept-Encoding`. An encoding with `q=0` is refused (RFC 9110, section 12.5.3). */
function accepts(field: string | undefined, encoding: string): boolean {
  return (field ?? '').split(',').some(offer => {
    const [name = '', ...parameters] = offer.split(';').map(part => part.trim().toLowerCase())
    return name === encoding && !parameters.some(parameter => /^q=0(?:\.0*)?$/.test(parameter))
  })
}

async function readOrNull(path: string): Promise<Buffer<ArrayBuffer> | null> {
  try {
    return await readFile(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return null
    throw error
  }
}

const beingBuilt = {
  title: 'The console is being built',
  say: [
    'This takes a minute, once. The page opens by itself; the gateway and its API work meanwhile.',
    'In a checkout, the demonstration builds it; otherwise run: npm run build -w packages/console',
  ],
  refreshSeconds: 2,
}
