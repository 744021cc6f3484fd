/** Streams an upload that is too large to be held. */
import type { Journal } from '../../ledger/index.ts'
import { type Call, ClientLeft } from '../call.ts'
import { Refusal } from '../refusals.ts'
import type { UploadInspector } from '../stages/4-receive/upload-lines.ts'
import { GivenUp, UploadRefused } from './failures.ts'

/** An upload is written to the journal at this many bytes. */
const progressBytes = 262_144

/** What follows the upload: the relay of its call. */
export interface UploadWatcher {
  giveUp(reason: Error): void
  /** The body is being read and cannot be read again, so the call cannot be sent to another member. */
  bodyIsRead(): void
}

export interface UploadLimits {
  readonly uploadBytesMax: number
  /** Longest pause of the client while the gateway waits for the next piece. Milliseconds. */
  readonly timeoutMs: number
}

/**
 * The request's body as it comes. It goes to the backend and also into the journal. It ends with an error when the
 * client leaves, pauses for too long or sends too much, so that the backend never takes a part for the whole.
 *
 * @param inspector looks at each piece before it is sent; null where pieces need no inspection.
 */
export async function* uploadBody(
  call: Call,
  journal: Journal | null,
  limits: UploadLimits,
  relay: UploadWatcher,
  inspector: UploadInspector | null,
): AsyncGenerator<Buffer> {
  // What has been read is gone, so from here on no other member can get the same body.
  relay.bodyIsRead()
  if (call.expectsContinue) call.res?.writeContinue()
  let bytes = 0
  let unwritten: Buffer[] = []
  let unwrittenBytes = 0
  // The last inspected piece is held until the next one comes: a form that is refused at its end was not sent whole.
  let held: Buffer | null = null
  // Runs only while the gateway waits for the client: a backend that reads slowly is not the client's fault.
  const wait = (): NodeJS.Timeout => setTimeout(() => relay.giveUp(new GivenUp('upload_stalled')), limits.timeoutMs)
  let waiting = wait()
  try {
    for await (const chunk of call.req as AsyncIterable<Buffer>) {
      clearTimeout(waiting)
      bytes += chunk.length
      if (bytes > limits.uploadBytesMax) throw new GivenUp('upload_too_large')
      unwritten.push(chunk)
      unwrittenBytes += chunk.length
      if (unwrittenBytes >= progressBytes) {
        await journal?.progress(call.id, 'request', unwritten).catch(() => {})
        unwritten = []
        unwrittenBytes = 0
      }
      if (inspector === null) yield chunk
      else {
        await inspector.write(chunk)
        if (held !== null) yield held
        held = chunk
      }
      waiting = wait()
    }
    clearTimeout(waiting)
    await inspector?.end()
    if (held !== null) yield held
  } catch (error) {
    const reason = error instanceof Refusal ? new UploadRefused(error) : error
    relay.giveUp(reason instanceof GivenUp ? reason : new ClientLeft())
    throw reason
  } finally {
    clearTimeout(waiting)
    if (unwritten.length > 0) await journal?.progress(call.id, 'request', unwritten).catch(() => {})
  }
}
