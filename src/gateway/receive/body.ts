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
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length
      if (bytes > bytesMax) fail(new Refusal('body_too_large', { most: bytesMax }))
      else chunks.push(chunk)
    }
    const onEnd = (): void => {
      detach()
      resolve(chunks)
    }
    const onGone = (): void => fail(new ClientLeft())
    const fail = (error: Error): void => {
      detach()
      reject(error)
    }
    const detach = (): void => {
      watch.deadlineAt = Number.POSITIVE_INFINITY
      watch.expire = ignore
      req.off('data', onData)
      req.off('end', onEnd)
      req.off('close', onGone)
      req.off('error', onGone)
      // A late error of a connection that is given up must not become an uncaught exception.
      req.on('error', ignore)
    }
    req.on('data', onData)
    req.on('end', onEnd)
    req.on('close', onGone)
    req.on('error', onGone)
    watch.deadlineAt = performance.now() + timeoutMs
    watch.expire = () => fail(new Refusal('body_timeout', { seconds: timeoutMs / 1_000 }))
  })
}

function ignore(): void {}

type Decoder = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>

const decoders: Readonly<Record<string, Decoder>> = {
  gzip: promisify(gunzip) as Decoder,
  'x-gzip': promisify(gunzip) as Decoder,
  deflate: promisify(inflate) as Decoder,
  br: promisify(brotliDecompress) as Decoder,
}

/**
 * The body without its Content-Encoding: the backend takes none, and the gateway must read it. At most `bytesMax` come out,
 * however small the bytes that went in.
 *
 * @throws Refusal body_encoding, body_undecodable, body_too_large
 */
export async function decodeBody(bytes: Buffer, encoding: string, bytesMax: number): Promise<Buffer> {
  const decode = decoders[encoding.trim().toLowerCase()]
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
