import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import type { Call } from '../call.ts'
import { ClientLeft } from '../call.ts'
import { Refusal } from '../refusals.ts'

/**
 * The whole body, as the chunks that came.
 *
 * @throws Refusal body_too_large (before anything is read where Content-Length tells), body_timeout
 * @throws ClientLeft when the client goes before the end
 */
export function readBody(call: Call, bytesMax: number, timeoutMs: number): Promise<readonly Buffer[]> {
  const { req, res, watch } = call
  const announced = Number(req.headers['content-length'] ?? 0)
  if (announced > bytesMax) return Promise.reject(new Refusal('body_too_large', { most: bytesMax }))
  // It may have left while its token was verified; its events are over then, and nothing would end the wait.
  if (res.destroyed) return Promise.reject(new ClientLeft())
  if (call.expectsContinue) res.writeContinue()
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    // The listeners stay on the request, which ends soon: taking them off again would cost more than they do.
    let over = false
    const fail = (error: Error): void => {
      if (over) return
      over = true
      stopWatching(call)
      reject(error)
    }
    req.on('data', (chunk: Buffer) => {
      if (over) return
      bytes += chunk.length
      if (bytes > bytesMax) fail(new Refusal('body_too_large', { most: bytesMax }))
      else chunks.push(chunk)
    })
    req.on('end', () => {
      if (over) return
      over = true
      stopWatching(call)
      resolve(chunks)
    })
    // After 'end' too, and then it means nothing; an Error for each call was 3 % of a profile.
    req.on('close', () => {
      if (!over) fail(new ClientLeft())
    })
    watch.deadlineAt = performance.now() + timeoutMs
    const expire = (why: 'deadline' | 'shutdown'): void =>
      fail(
        why === 'shutdown' ? new Refusal('shutting_down') : new Refusal('body_timeout', { seconds: timeoutMs / 1_000 }),
      )
    watch.subject = { expire }
  })
}

function stopWatching({ watch }: Call): void {
  watch.deadlineAt = Number.POSITIVE_INFINITY
  watch.subject = null
}

type Decoder = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>

/** A map, not an object: the key comes from the client, and an object has a `constructor`. */
const decoders: ReadonlyMap<string, Decoder> = new Map([
  ['gzip', promisify(gunzip) as Decoder],
  ['x-gzip', promisify(gunzip) as Decoder],
  ['deflate', promisify(inflate) as Decoder],
  ['br', promisify(brotliDecompress) as Decoder],
])

/**
 * The body without its Content-Encoding: the backend takes none, and the gateway must read it. At most `bytesMax` come out,
 * however small the bytes that went in.
 *
 * @throws Refusal body_encoding, body_undecodable, body_too_large
 */
export async function decodeBody(bytes: Buffer, encoding: string, bytesMax: number): Promise<Buffer> {
  const decode = decoders.get(encoding.trim().toLowerCase())
  if (decode === undefined) throw new Refusal('body_encoding', { encoding })
  try {
    return await decode(bytes, { maxOutputLength: bytesMax })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new Refusal('body_too_large', { most: bytesMax })
    }
    throw new Refusal('body_undecodable', { encoding }, { cause })
  }
}
