/**
 * The request as a sentence. Each stage takes what the one before it found; whatever ends the sentence early is an answer
 * to the client and a record in the ledger.
 */
import { admit } from './admit/index.ts'
import { answerList } from './answers/lists.ts'
import { answerModels } from './answers/models.ts'
import { withGroups } from './authenticate/groups.ts'
import { authenticate } from './authenticate/index.ts'
import { authorize } from './authorize/index.ts'
import type { Call } from './call.ts'
import { dispatch } from './dispatch/index.ts'
import { steer } from './dispatch/steer.ts'
import { conclude, refuse } from './endings.ts'
import { type Exchange, newExchange } from './exchange.ts'
import { locate } from './locate/index.ts'
import type { GatewayParts } from './parts.ts'
import { BodyHold } from './receive/budget.ts'
import { receive } from './receive/index.ts'
import { Refusal } from './refusals.ts'

export async function serve(call: Call, parts: GatewayParts): Promise<void> {
  const exchange = newExchange(call, parts)
  const hold = new BodyHold(parts.guards.bodies)
  try {
    requireOrdinary(call)
    const route = parts.resolve(call.method, call.url)
    exchange.route = route
    const { caller: verified, token } = await authenticate(call.req, parts.verifier)
    exchange.caller = verified
    exchange.token = token
    const named = workloadHeader(call)
    const found = withGroups(verified, route, named, parts)
    const caller = found instanceof Promise ? await found : found
    exchange.caller = caller
    const grant = authorize(caller, route, named, parts.plan)
    exchange.grant = grant
    hold.caller = caller
    if (route.operation.answeredHere) return await conclude(exchange, await answerModels(exchange), parts)
    exchange.asked = steer(await receive(call, route, grant, hold, parts.receiveLimits), grant, parts.random)
    // Before anything is reserved: what belongs to somebody else does not exist, whatever limits say.
    const home = await locate(exchange, parts)
    if (route.objectId !== null) exchange.owing = parts.followUps.of(route.objectId)
    exchange.lease = await admit(exchange, parts)
    await learnBeforeEnd(exchange, parts)
    const isList = route.operation.lists !== null && call.method !== 'POST'
    const relayed = await (isList
      ? answerList(exchange, home?.instance ?? null, parts)
      : dispatch(exchange, home, parts))
    await conclude(exchange, relayed, parts)
  } catch (error) {
    await refuse(exchange, error, parts)
  } finally {
    // The body may be sent again, or counted, until now.
    hold.release()
  }
}

/** Once a response is deleted, nobody can say what it used: that is asked before. */
async function learnBeforeEnd({ call, route, token }: Exchange, { followUps }: GatewayParts): Promise<void> {
  if (call.method !== 'DELETE' || route === null || route.objectId === null) return
  if (route.operation.tells !== null && route.operation.endsObject) await followUps.askNow(route.objectId, token)
}

/** @throws Refusal request_malformed, upgrade_unsupported, expectation_failed */
function requireOrdinary({ req, fault, expectsContinue }: Call): void {
  if (fault !== null) throw new Refusal('request_malformed', { reason: fault })
  const { upgrade, expect } = req.headers
  // Other upgrades (h2c, which some clients try with every call) may be ignored: RFC 9110 section 7.8.
  if (upgrade !== undefined && /websocket/i.test(upgrade)) {
    // RFC 9110 section 15.5.22 wants to be told what is spoken instead. Clients fall back to HTTP at once on this status alone.
    const headers = ['connection', 'close, upgrade', 'upgrade', 'HTTP/1.1']
    throw new Refusal('upgrade_unsupported', { protocol: upgrade }, { headers })
  }
  if (expect !== undefined && !expectsContinue) throw new Refusal('expectation_failed')
}

function workloadHeader(call: Call): string | null {
  const value = call.req.headers['x-gatehouse-workload']
  // Node joins repeated ones with a comma, which is no workload's name.
  return typeof value === 'string' && value !== '' ? value : null
}
