import type { Journal } from '../../ledger/index.ts'
import { type Call, ClientLeft } from '../call.ts'
import { GivenUp } from './failures.ts'

const progressBytes = 262_144

/**
 * The request's body as it comes, for uploads too large to hold: on to the backend and, on the side, into the journal.
 * Ends with an error when the client leaves or sends more than `bytesMax`, so that the backend never takes half for whole.
 */
export async function* uploadBody(
  call: Call,
  journal: Journal | null,
  bytesMax: number,
  relay: { giveUp(reason: Error): void },
): AsyncGenerator<Buffer> {
  if (call.expectsContinue) call.res.writeContinue()
  let bytes = 0
  let unwritten: Buffer[] = []
  let unwrittenBytes = 0
  try {
    for await (const chunk of call.req as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > bytesMax) throw new GivenUp('upload_too_large')
      unwritten.push(chunk)
      unwrittenBytes += chunk.length
      if (unwrittenBytes >= progressBytes) {
        await journal?.progress(call.id, 'request', unwritten).catch(() => {})
        unwritten = []
        unwrittenBytes = 0
      }
      yield chunk
    }
  } catch (error) {
    relay.giveUp(error instanceof GivenUp ? error : new ClientLeft())
    throw error
  } finally {
    if (unwritten.length > 0) await journal?.progress(call.id, 'request', unwritten).catch(() => {})
  }
}
