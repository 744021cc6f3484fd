import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Config } from '../../config/schema/index.ts'
import { callerKey } from '../../identity/caller.ts'
import type { RuleReport } from '../../limits/index.ts'
import { connectionOf, gatewayOf } from '../connect.ts'
import { commonAnswers, jsonAnswer, needs, unknownWorkload } from '../document.ts'
import { AdminError } from '../errors.ts'
import { nameParameters } from '../house-schemas.ts'
import type { AdminHouse } from '../index.ts'
import type { AdminApp, AdminEnv, AdminParts } from '../parts.ts'
import { type WorkloadAnswer, workloadDetailAnswer, workloadsAnswer } from '../workload-schemas.ts'

const list = createRoute({
  method: 'get',
  path: '/api/v1/workloads',
  summary: 'Workloads as they are configured: who may call, what they may use, and how programs reach them.',
  ...needs('viewer', 'developer'),
  responses: {
    200: jsonAnswer(workloadsAnswer, 'All of them; for a developer those that list them.'),
    ...commonAnswers,
  },
})

const one = createRoute({
  method: 'get',
  path: '/api/v1/workloads/{name}',
  summary: 'One workload, and the limits that its calls meet.',
  ...needs('viewer', 'developer'),
  request: { params: nameParameters },
  responses: {
    200: jsonAnswer(workloadDetailAnswer, 'The workload, with what is left in its limits now.'),
    404: unknownWorkload,
    ...commonAnswers,
  },
})

type Workload = Config['workloads'][string]

export function addWorkloads(app: AdminApp, { house }: AdminParts): void {
  app.openapi(list, c => {
    const { workloads } = house
    const shown = visibleNames(c, house).flatMap(name => factsOf(c, house, name, workloads[name]) ?? [])
    return c.json({ workloads: shown, ...gatewayOf(house) }, 200)
  })

  app.openapi(one, async c => {
    const { name } = c.req.valid('param')
    const visible = visibleNames(c, house)
    const facts = visible.includes(name) ? factsOf(c, house, name, house.workloads[name]) : null
    if (facts === null) throw unknown(visible)
    const { rules } = await house.limits()
    const isViewer = c.get('visible') === null
    const key = callerKey(c.get('caller'))
    // How much other callers have left is not a developer's to know.
    const limits = rules.filter(rule => meets(rule, name, house.workloads) && (isViewer || isOwn(rule, name, key)))
    return c.json({ ...facts, ...gatewayOf(house), limits, currency: house.currency }, 200)
  })
}

function visibleNames(c: Context<AdminEnv>, { workloads }: AdminHouse): readonly string[] {
  return c.get('visible') ?? Object.keys(workloads)
}

/** A rule that counts workloads apart has a line for each: those of others are not met. */
function meets({ workloads, subject }: RuleReport, name: string, all: AdminHouse['workloads']): boolean {
  if (workloads !== null && !workloads.includes(name)) return false
  return subject === null || subject === name || !Object.hasOwn(all, subject)
}

/** True for a line that counts several callers together, and for the caller's own. */
function isOwn({ subject }: RuleReport, name: string, key: string): boolean {
  return subject === null || subject === name || subject.includes(key)
}

function unknown(names: readonly string[]): AdminError {
  const known = names.length === 0 ? 'You may see none.' : `There are: ${names.join(', ')}.`
  return new AdminError('workload_unknown', `There is no such workload. ${known}`)
}

function factsOf(
  c: Context<AdminEnv>,
  house: AdminHouse,
  name: string,
  workload: Workload | undefined,
): WorkloadAnswer | null {
  if (workload === undefined) return null
  const { callers, operations, tools, serviceTiers, output, canary, shadow } = workload
  const { dataSources, outsideUrls, background, store, storedPrompts, capture, priority } = workload
  return {
    ...connectionOf(house, name),
    ...{ dataSources, outsideUrls, background, store, storedPrompts, capture, priority },
    callers: callers.flatMap(ruleOf),
    mayCall: c.get('bound').includes(name),
    operations: [...operations],
    tools: [...tools],
    serviceTiers: [...serviceTiers],
    output: {
      required: output?.required ?? false,
      standard: output?.standard ?? null,
      most: output?.most ?? null,
    },
    canary: Object.entries(canary).map(([deployment, share]) => ({
      ...{ deployment, to: share.deployment, percent: share.percent },
    })),
    shadow: Object.entries(shadow).map(([deployment, copy]) => ({
      ...{ deployment, to: copy.deployment, target: copy.target ?? null, percent: copy.percent },
    })),
  }
}

/** A rule has one key, which is its kind. */
function ruleOf(rule: Workload['callers'][number]): WorkloadAnswer['callers'] {
  const entries = Object.entries(rule) as [WorkloadAnswer['callers'][number]['kind'], string][]
  return entries.map(([kind, value]) => ({ kind, value }))
}
