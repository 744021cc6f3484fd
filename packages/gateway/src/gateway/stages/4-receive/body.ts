import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { Call } from '../../call.ts'
import { ClientLeft } from '../../call.ts'
import { Refusal } from '../../refusals.ts'
import type { BodyHold } from './budget.ts'

/**
 * Reads the whole body. `hold` counts its bytes as they come, so a body that is announced and never sent takes no room
 * from others. Without room, reading pauses until there is some.
 *
 * @throws Refusal body_too_large (before anything is read when Content-Length says so), bodies_full, body_timeout
 * @throws ClientLeft when the client leaves before the end
 */
export async function readBody(call: Call, hold: BodyHold, bytesMax: number, timeoutMs: number): Promise<Buffer> {
  const announced = Number(call.req.headers['content-length'] ?? 0)
  if (announced > bytesMax) throw new Refusal('body_too_large', { most: bytesMax })
  const chunks = await chunksOf(call, hold, bytesMax, timeoutMs)
  // The pieces are not kept next to the whole.
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
}

function chunksOf(call: Call, hold: BodyHold, bytesMax: number, timeoutMs: number): Promise<readonly Buffer[]> {
  const { req, res, watch } = call
  // The client may have left while its token was verified. Its events are over then, and nothing would end the wait.
  if (res?.destroyed === true) return Promise.reject(new ClientLeft())
  if (call.expectsContinue) res?.writeContinue()
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    // The listeners stay on the request, which ends soon: removing them would cost more than keeping them.
    let over = false
    const fail = (error: Error): void => {
      if (over) return
      over = true
      hold.hasCome()
      stopWatching(call)
      reject(error)
    }
    const goOn = (): void => {
      if (!over) req.resume()
    }
    req.on('data', (chunk: Buffer) => {
      if (over) return
      bytes += chunk.length
      if (bytes > bytesMax) return fail(new Refusal('body_too_large', { most: bytesMax }))
      chunks.push(chunk)
      if (chunks.length === 2) hold.comes(fail)
      const waiting = hold.takeOrWait(chunk.length, fail)
      if (waiting === undefined) return
      req.pause()
      waiting.then(goOn, fail)
    })
    req.on('end', () => {
      if (over) return
      over = true
      hold.hasCome()
      stopWatching(call)
      resolve(chunks)
    })
    // Also emitted after 'end', where it means nothing. An Error for each call was 3 % of a profile.
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

/** A map, not an object: the key comes from the client, and an object has a `constructor`. */
const decoders: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', () => createGunzip()],
  ['x-gzip', () => createGunzip()],
  ['deflate', () => createInflate()],
  ['br', () => createBrotliDecompress()],
])

/**
 * Most bytes that come out of one packed byte. JSON packs to between a third and a twentieth; what packs better than
 * this is a bomb.
 */
const ratioMax = 100
/** Below this size the ratio says nothing: a few repeated words pack well too. In bytes. */
const ratioFromBytes = 1_048_576

/**
 * Unpacks a body: backends take no Content-Encoding, and the gateway must read the body. At most `bytesMax` bytes come
 * out, however few went in, and `hold` counts them. Unpacking stops at the first byte too many.
 *
 * @throws Refusal body_encoding, body_undecodable, body_too_large, body_ratio, bodies_full
 */
export async function decodeBody(bytes: Buffer, encoding: string, bytesMax: number, hold: BodyHold): Promise<Buffer> {
  const decoder = decoders.get(encoding.trim().toLowerCase())?.()
  if (decoder === undefined) throw new Refusal('body_encoding', { encoding })
  const chunks: Buffer[] = []
  let size = 0
  decoder.end(bytes)
  try {
    for await (const chunk of decoder as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > bytesMax) throw new Refusal('body_too_large', { most: bytesMax })
      if (size > ratioFromBytes && size > bytes.length * ratioMax) throw new Refusal('body_ratio', { most: ratioMax })
      hold.take(chunk.length)
      chunks.push(chunk)
    }
  } catch (cause) {
    throw cause instanceof Refusal ? cause : new Refusal('body_undecodable', { encoding }, { cause })
  }
  return Buffer.concat(chunks)
}
