/**
 * Asking for usage on the client's behalf, and not asking where it is refused. Without the gateway the call would have been answered, so
 * what the gateway adds to a body is never the reason for which a client is refused.
 */
import type { Lane } from '../../instances/lane.ts'
import type { Sending } from './request.ts'

/** The call as the client wrote it, for a lane that is known to refuse `stream_options`. @returns the same object for every other. */
export function sendingFor(sending: Sending, lane: Lane): Sending {
  if (lane.refusesUsage === null || !sending.asked.hideUsage) return sending
  return lane.refusesUsage.has(keyOf(sending)) ? withoutUsage(sending) : sending
}

export function withoutUsage(sending: Sending): Sending {
  const { asked } = sending
  return { ...sending, asked: { ...asked, send: asked.json?.body ?? asked.send, hideUsage: false } }
}

/** So many kinds of calls are remembered of a lane; the others are asked twice each time. */
const rememberedMax = 64
const keyCharactersMax = 128

/**
 * The lane has refused the call with the gateway's `stream_options`, and answered it without. Remembered for as long as the lane is; but not
 * where the client sent options of its own, of which any may be the one that was refused.
 */
export function rememberRefusedUsage(sending: Sending, lane: Lane): void {
  if (sending.asked.json?.scan.members.has('stream_options') !== false) return
  const key = keyOf(sending)
  lane.refusesUsage ??= new Set()
  if (key.length <= keyCharactersMax && lane.refusesUsage.size < rememberedMax) lane.refusesUsage.add(key)
}

/** What decides with the deployment whether `stream_options` is known: the operation and the version of the API. */
function keyOf({ route }: Sending): string {
  return `${route.operation.name} ${route.isV1 ? 'v1' : route.apiVersion}`
}
