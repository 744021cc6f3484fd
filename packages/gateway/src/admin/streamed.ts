import type { Context } from 'hono'
import type { Log } from '../log.ts'
import type { AdminEnv } from './env.ts'

/**
 * The body of an answer that is made piece by piece. When a piece cannot be made, the connection is closed without the
 * end of the answer (RFC 9112, section 8), so that no reader takes what came for the whole, and the log has the reason.
 */
export function streamed(
  c: Context<AdminEnv>,
  log: Log,
  pieces: AsyncIterable<Uint8Array>,
): ReadableStream<Uint8Array> {
  return ReadableStream.from(unbroken(c, log, pieces))
}

async function* unbroken(
  c: Context<AdminEnv>,
  log: Log,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces
  } catch (error) {
    if (!c.req.raw.signal.aborted) {
      log.error({ error, requestId: c.get('requestId'), path: c.req.path }, 'admin_answer_broken')
    }
    // Before the stream ends: the server would end the answer, and it would look whole.
    c.env.outgoing.destroy()
  }
}
