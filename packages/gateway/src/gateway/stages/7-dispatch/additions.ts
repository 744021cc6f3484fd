/**
 * What the gateway adds to a body: it asks for usage on the client's behalf, and sets the workload's maximum. Without
 * the gateway the call would have been answered, so a client must not be refused because of an addition. Usage is not
 * asked for where an instance refuses that. A maximum is tried under both names, and left out only where the answer
 * cannot become longer than it.
 */
import type { Lane } from '../../../instances/lane.ts'
import type { Candidate } from '../../../instances/pool.ts'
import { maximumMemberOn } from '../../backend/body.ts'
import { type Additions, nothingAdded, type RefusedAddition } from '../../backend/replay.ts'
import type { Sending } from '../../backend/sending.ts'
import type { AddedMaximum } from '../4-receive/maximum.ts'

/** The call in the form that the lane is known to accept. @returns the same object for nearly every call. */
export function sendingFor(written: Sending, lane: Lane): Sending {
  const { request } = written
  const sending = request.usageOptions === null || request.hideUsage ? written : withUsageFor(written, lane)
  const { addedMaximum, hideUsage } = sending.request
  const bounded = addedMaximum !== null && lane.takesOtherMaximum ? withMaximumAs('other', sending) : sending
  if (lane.refusesUsage === null || !hideUsage) return bounded
  return lane.refusesUsage.has(keyOf(sending)) ? withoutUsage(bounded) : bounded
}

const onlyUsage: Additions = { usage: true, maximum: null, hasOtherName: false }

/** The additions to the call for this member. @param wasRenamed both names of the maximum have been tried there. */
export function additionsTo(sending: Sending, candidate: Candidate, wasRenamed: boolean): Additions {
  const { addedMaximum, hideUsage } = sending.request
  if (addedMaximum === null) return hideUsage ? onlyUsage : nothingAdded
  const hasOtherName = !wasRenamed && sending.route.operation.name === 'chat/completions'
  return { usage: hideUsage, maximum: maximumMemberOn(sending, candidate), hasOtherName }
}

/**
 * The call in the form that is tried after a lane has refused an addition. A maximum has two names. Only an answer that
 * cannot become longer than the maximum is requested without one.
 * @returns as `remember`, the function to call when the lane accepts this form.
 */
export function withoutRefused(
  sending: Sending,
  refused: RefusedAddition,
  lane: Lane,
): { readonly sending: Sending; readonly remember: () => void } {
  if (refused === 'usage') {
    const without = withoutUsage(sending)
    return { sending: without, remember: () => rememberRefusedUsage(without, lane) }
  }
  if (refused === 'maximum_too_large') return { sending: withMaximumAs('none', sending), remember: () => {} }
  const other = sending.request.addedMaximum?.as === 'other' ? 'usual' : 'other'
  const remember = (): void => {
    lane.takesOtherMaximum = other === 'other'
  }
  return { sending: withMaximumAs(other, sending), remember }
}

/**
 * For calls in a version that does not know the usage options, to a kind of backend that accepts them in every version.
 */
function withUsageFor(sending: Sending, { backend }: Lane): Sending {
  const { request, route } = sending
  if (!backend.takesUsageOptions(route.apiVersion, route.isV1)) return sending
  return { ...sending, request: { ...request, hideUsage: true } }
}

function withMaximumAs(as: AddedMaximum['as'], sending: Sending): Sending {
  const { request } = sending
  return request.addedMaximum === null
    ? sending
    : { ...sending, request: { ...request, addedMaximum: { ...request.addedMaximum, as } } }
}

function withoutUsage(sending: Sending): Sending {
  const { request } = sending
  return { ...sending, request: { ...request, hideUsage: false, usageOptions: null } }
}

/** Kinds of calls that are remembered for a lane; calls of further kinds are sent twice each time. */
const rememberedMax = 64
const keyCharactersMax = 128

/**
 * Remembers that the lane refused the call with the gateway's `stream_options` and answered it without. The memory ends
 * with the lane. Nothing is remembered where the client sent options of its own: any of them may be the one that was
 * refused.
 */
function rememberRefusedUsage(sending: Sending, lane: Lane): void {
  if (sending.request.json?.scan.members.has('stream_options') !== false) return
  const key = keyOf(sending)
  lane.refusesUsage ??= new Set()
  if (key.length <= keyCharactersMax && lane.refusesUsage.size < rememberedMax) lane.refusesUsage.add(key)
}

/** For one deployment, the operation and the version of the API decide whether `stream_options` is known. */
function keyOf({ route }: Sending): string {
  return `${route.operation.name} ${route.isV1 ? 'v1' : route.apiVersion}`
}
