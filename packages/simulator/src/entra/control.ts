/**
 * Control of the sign-in service over HTTP, for tests and for operators of the demonstration. For programs on this
 * machine only: every program that can reach it can get any person's token.
 */
import { z } from 'zod'
import { EntraError } from './errors.ts'
import { type EntraAnswer, type EntraCall, jsonAnswer } from './http.ts'
import { type EntraService, issueByName } from './service.ts'

const rotation = z.strictObject({ keepOld: z.boolean().default(true) })
const outage = z.strictObject({ down: z.boolean() })
const graphFault = z.strictObject({
  status: z.literal([429, 503]).nullable(),
  retryAfterSeconds: z.int().min(0).optional(),
})
const wanted = z.strictObject({
  as: z.string(),
  audience: z.string().min(1).optional(),
  version: z.enum(['1.0', '2.0']).optional(),
  /** null removes a claim. */
  claims: z.record(z.string(), z.unknown()).default({}),
  lifetimeSeconds: z.number().optional(),
})

/** `POST /_simulator/rotate-keys {"keepOld"?: true}` */
export async function rotateKeys(call: EntraCall, service: EntraService): Promise<EntraAnswer> {
  const { keepOld } = await read(call, rotation)
  await service.keys.rotate(keepOld)
  return jsonAnswer(200, { keys: service.keys.published().map(key => key.kid) })
}

/** `POST /_simulator/down {"down": true}`: everything else answers 503 until it is called with false. */
export async function setDown(call: EntraCall, service: EntraService): Promise<EntraAnswer> {
  const { down } = await read(call, outage)
  service.state.down = down
  return jsonAnswer(200, service.state)
}

/**
 * `POST /_simulator/graph {"status": 429, "retryAfterSeconds"?: 5}`: the answer of Microsoft Graph until it is called
 * with status null.
 */
export async function setGraphFault(call: EntraCall, service: EntraService): Promise<EntraAnswer> {
  const { status, retryAfterSeconds } = await read(call, graphFault)
  const retry = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
  service.state.graphFault = status === null ? null : { status, ...retry }
  return jsonAnswer(200, service.state)
}

/** `POST /_simulator/token {"as": "alice", ...}`: see `TokenRequest`. */
export async function tokenByName(call: EntraCall, service: EntraService): Promise<EntraAnswer> {
  const { as, claims, audience, version, lifetimeSeconds } = await read(call, wanted)
  const replaced = Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, value ?? undefined]))
  const token = issueByName(service, {
    as,
    claims: replaced,
    ...(audience === undefined ? {} : { audience }),
    ...(version === undefined ? {} : { version }),
    ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }),
  })
  return jsonAnswer(200, { access_token: token, token_type: 'Bearer' })
}

async function read<Output>(call: EntraCall, shape: z.ZodType<Output>): Promise<Output> {
  const loopback = /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(call.remoteAddress)
  // A browser sends Origin with every POST: no web page may control this service.
  if (!loopback || call.headers.origin !== undefined) throw new EntraError('not_found')
  const result = shape.safeParse(await call.json())
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const path = issue === undefined || issue.path.length === 0 ? 'the body' : issue.path.join('.')
  throw new EntraError('bad_request', { reason: `At ${path}: ${issue?.message ?? 'not as expected'}.` })
}
