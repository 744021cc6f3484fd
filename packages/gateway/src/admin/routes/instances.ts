import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { InstanceConfig } from '../../config/schema/index.ts'
import { codeOf } from '../../errors.ts'
import { callerKey } from '../../identity/caller.ts'
import type { InstanceState, ProbeResult } from '../../instances/state.ts'
import type { ReplicasReport } from '../../replicas/index.ts'
import { aliveFigures, sumOfInstances } from '../../replicas/sum.ts'
import { commonAnswers, jsonAnswer, needs, unknownInstance } from '../document.ts'
import { AdminError } from '../errors.ts'
import { drainAnswer, type InstancesAnswer, instancesAnswer, nameParameters, probeAnswer } from '../house-schemas.ts'
import type { AdminHouse } from '../index.ts'
import type { AdminApp, AdminEnv, AdminParts } from '../parts.ts'
import { replicaFacts } from '../replica-schemas.ts'

const list = createRoute({
  method: 'get',
  path: '/api/v1/instances',
  summary: 'Instances and pools as they are configured, without secrets, and how all replicas together see them.',
  ...needs('viewer'),
  responses: { 200: jsonAnswer(instancesAnswer, 'Instances with their deployments, and pools.'), ...commonAnswers },
})

const probe = createRoute({
  method: 'post',
  path: '/api/v1/instances/{name}/probe',
  summary:
    'Asks an instance for its models with the gateway’s credential, which bills nothing. Each probe is recorded.',
  ...needs('operator'),
  request: { params: nameParameters },
  responses: {
    200: jsonAnswer(probeAnswer, 'What came of it; `ok` is false when it failed.'),
    404: unknownInstance,
    ...commonAnswers,
  },
})

const drainAnswers = {
  200: jsonAnswer(drainAnswer, 'The instance after it.'),
  404: unknownInstance,
  ...commonAnswers,
}
const drain = createRoute({
  method: 'post',
  path: '/api/v1/instances/{name}/drain',
  summary:
    'Sends no new calls to an instance until it is restored, also over restarts. Running calls end, and calls that need an object of the instance still go there. Logged.',
  ...needs('operator'),
  request: { params: nameParameters },
  responses: drainAnswers,
})
const restore = createRoute({
  method: 'post',
  path: '/api/v1/instances/{name}/restore',
  summary: 'Sends calls to a drained instance again. Logged.',
  ...needs('operator'),
  request: { params: nameParameters },
  responses: drainAnswers,
})

const drainEvents = { drain: 'instance_drained', restore: 'instance_restored' } as const

export function addInstances(app: AdminApp, { house, desk }: AdminParts): void {
  app.openapi(list, async c => c.json(instancesOf(house, await house.replicas()), 200))

  const underWay = new Map<string, Promise<ProbeResult | null>>()
  app.openapi(probe, async c => {
    const { name } = c.req.valid('param')
    if (!Object.hasOwn(house.instances, name)) throw unknown(house)
    // A caller that requests a probe while one is in flight gets that probe's result: no caller can flood an instance
    // with probes.
    const work = async (): Promise<ProbeResult> => {
      const asked = underWay.get(name) ?? house.probe(name).finally(() => underWay.delete(name))
      underWay.set(name, asked)
      const result = await asked
      if (result === null) throw unknown(house)
      return result
    }
    const result = ({ ok, status }: ProbeResult) => ({ ok, status })
    return c.json(await desk.change(c, { action: 'instance_probed', facts: { instance: name }, work, result }), 200)
  })
}

/** The orders of operators that keep calls away from an instance, and let them go there again. */
export function addDrains(app: AdminApp, { house, desk, log }: AdminParts): void {
  const obey = async (c: Context<AdminEnv>, name: string, order: keyof typeof drainEvents) => {
    if (!Object.hasOwn(house.instances, name)) throw unknown(house)
    const caller = c.get('caller')
    const key = callerKey(caller)
    const fields = { audit: true, caller: key, instance: name, requestId: c.get('requestId') }
    const give = () =>
      house.drains[order](name, caller.displayName ?? key).catch((cause: unknown) => {
        const reason = codeOf(cause) ?? String(cause)
        log.error({ ...fields, order, reason }, 'drain_order_failed')
        const message = `The order could not be kept in the directory of the ledger (${reason}), so it was not followed. Free space there, or correct its rights, and give the order again.`
        throw new AdminError('drain_unavailable', message, { cause })
      })
    const state = await desk.change(c, {
      action: drainEvents[order],
      facts: { instance: name },
      work: give,
      result: ({ sharing }) => ({ sharing }),
    })
    const states = sumOfInstances(aliveFigures(await house.replicas()))
    return { name, ...state, inFlight: states.find(one => one.name === name)?.inFlight ?? 0 }
  }
  app.openapi(drain, async c => c.json(await obey(c, c.req.valid('param').name, 'drain'), 200))
  app.openapi(restore, async c => c.json(await obey(c, c.req.valid('param').name, 'restore'), 200))
}

function unknown(house: AdminHouse): AdminError {
  const names = Object.keys(house.instances).join(', ')
  return new AdminError('instance_unknown', `There is no such instance. There are: ${names}.`)
}

/** The answer of the route, of one report. */
export function instancesOf(house: AdminHouse, report: ReplicasReport): InstancesAnswer {
  const states = new Map(sumOfInstances(aliveFigures(report)).map(state => [state.name, state]))
  const tries = new Map(
    [...states].map(([name, { lanes }]) => [name, lanes.reduce((sum, { calls }) => sum + calls, 0)] as const),
  )
  const instances = Object.entries(house.instances).map(([name, written]) =>
    instanceFacts(name, written, states.get(name) ?? null),
  )
  const pools = Object.entries(house.pools).map(([name, { members, strategy }]) => {
    const all = members.reduce((sum, { instance }) => sum + (tries.get(instance) ?? 0), 0)
    return {
      name,
      strategy,
      members: members.map(({ instance, priority, weight, spillAtUtilization }) => ({
        instance,
        priority,
        weight,
        spillAtUtilization: spillAtUtilization ?? null,
        share: all === 0 ? null : (tries.get(instance) ?? 0) / all,
      })),
    }
  })
  const shared = replicaFacts(report, figures => ({
    instances: figures?.instances.map(ownView) ?? null,
  }))
  return { instances, pools, ...shared }
}

/** An instance as one replica sees it, in short. */
function ownView({ name, drained, healthy, credentialRefused, inFlight, lanes }: InstanceState) {
  const left = lanes.filter(({ breaker }) => breaker === 'open').map(({ deployment }) => deployment)
  return { name, drained: drained !== null, healthy, credentialRefused, inFlight, left }
}

/** Field by field: a setting that is added to the configuration later does not appear here by itself. */
function instanceFacts(
  name: string,
  written: InstanceConfig,
  state: InstanceState | null,
): InstancesAnswer['instances'][number] {
  const lanes = new Map(state?.lanes.map(lane => [lane.deployment, lane]))
  return {
    name,
    endpoint: new URL(written.endpoint).origin,
    region: written.region ?? null,
    credential: credentialKind(written.credential),
    healthy: state?.healthy ?? true,
    drained: state?.drained ?? null,
    credentialRefused: state?.credentialRefused ?? false,
    inFlight: state?.inFlight ?? 0,
    lastProbe: state?.lastProbe ?? null,
    deployments: Object.entries(written.deployments).map(([deployment, { model, kind }]) => ({
      name: deployment,
      model,
      kind,
      state: lanes.get(deployment) ?? null,
    })),
  }
}

function credentialKind(credential: InstanceConfig['credential']): 'caller' | 'managed-identity' | 'key' {
  if (typeof credential === 'string') return credential
  return 'key' in credential ? 'key' : 'managed-identity'
}
