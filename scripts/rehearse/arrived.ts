/** What the surroundings have received of the smoke test's calls: looked up at the other side, not at the gateway. */
import { type Finding, failure, ok } from '../../packages/gateway/src/doctor/index.ts'
import { readMessage } from '../../packages/gateway/src/ledger/feeds/documents/index.ts'
import { tell } from '../../test/support/redis.ts'
import type { Started } from './surroundings.ts'

/** @param requestIds of records, by the step of the smoke test that made the call. */
export function arrivals(started: Started, requestIds: Readonly<Record<string, string>>): readonly Finding[] {
  return [
    billed(started),
    ...inHubs(started, requestIds),
    ...inTraces(started, requestIds),
    ...inInsights(started, requestIds),
    ...inRedis(started),
  ]
}

const look = 'Compare the gateway’s log with what the feed says: the smoke test and the receiver disagree.'

function billed({ instances }: Started): Finding {
  // The gateway's own check of an instance asks for its models, and costs nothing.
  const counts = instances.map(instance => {
    const calls = instance.bill().filter(line => line.status === 200 && line.operation !== 'models')
    return { name: instance.name, calls: calls.length }
  })
  const found = `calls that instances have billed: ${counts.map(({ name, calls }) => `${name} ${calls}`).join(', ')}.`
  return counts.reduce((sum, { calls }) => sum + calls, 0) === 2
    ? ok(found)
    : failure(`${found} Two were expected.`, 'Look at the records of the calls.')
}

function inHubs({ hubs }: Started, requestIds: Readonly<Record<string, string>>): readonly Finding[] {
  return [...hubs].map(([feed, { namespace, hub }]) => {
    const arrived = new Set(namespace.events(hub).map(({ body }) => String(readMessage(body)['id'])))
    return finding(`records in the hub ${hub}`, feed, requestIds, id => arrived.has(id))
  })
}

function inTraces({ collectors }: Started, requestIds: Readonly<Record<string, string>>): readonly Finding[] {
  return [...collectors].map(([feed, { spans }]) => {
    const arrived = new Set(spans.map(({ traceId }) => traceId))
    return finding('traces at the collector', feed, requestIds, id => arrived.has(id.replaceAll('-', '')))
  })
}

function inInsights({ insights }: Started, requestIds: Readonly<Record<string, string>>): readonly Finding[] {
  return [...insights].map(([feed, { requests }]) => {
    const arrived = new Set(requests.flatMap(({ items }) => items).map(({ tags }) => tags['ai.operation.id']))
    return finding('requests in Application Insights', feed, requestIds, id => arrived.has(id.replaceAll('-', '')))
  })
}

function finding(
  what: string,
  feed: string,
  requestIds: Readonly<Record<string, string>>,
  isThere: (id: string) => boolean,
): Finding {
  const missing = Object.entries(requestIds).flatMap(([step, id]) => (isThere(id) ? [] : [step]))
  if (missing.length === 0) return ok(`${what}: ${Object.keys(requestIds).join(', ')}.`, feed)
  return failure(`${what}: none of ${missing.join(' and ')}.`, look, feed)
}

function inRedis({ redis, gatewayObjectId }: Started): readonly Finding[] {
  if (redis === null) return []
  const keys = Number(tell(redis.port, 'DBSIZE'))
  const isSignedIn = tell(redis.port, 'CLIENT', 'LIST').includes(`user=${gatewayObjectId} `)
  if (keys > 0 && isSignedIn) return [ok(`keys in Redis, from the gateway's identity: ${keys}.`)]
  const found = isSignedIn
    ? 'the gateway keeps nothing in Redis.'
    : 'the gateway’s identity has not signed in to Redis.'
  return [failure(found, 'Look at the gateway’s log for redis_down and redis_refused.')]
}
