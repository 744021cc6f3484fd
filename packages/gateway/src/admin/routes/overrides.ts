import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { nearestOf } from '../../config/messages.ts'
import { amounts, costNames, type LimitName } from '../../config/schema/index.ts'
import { codeOf } from '../../errors.ts'
import { callerKey } from '../../identity/caller.ts'
import type { LimitOverride } from '../../limits/index.ts'
import type { Sharing } from '../../replicas/orders.ts'
import { commonAnswers, jsonAnswer, jsonBody, needs } from '../document.ts'
import { AdminError } from '../errors.ts'
import type { AdminHouse } from '../index.ts'
import { endOfOverrideBody, overrideAnswer, overrideBody } from '../override-schemas.ts'
import type { AdminApp, AdminEnv, AdminParts } from '../parts.ts'
import { errorAnswer } from '../schemas.ts'
import { untilForms, untilOf } from '../until.ts'

const path = '/api/v1/limits/overrides'

const begin = createRoute({
  method: 'post',
  path,
  summary:
    'Changes a limit for a time, at all replicas and over restarts. It ends by itself. What was used stays counted. Recorded.',
  ...needs('operator'),
  request: { body: jsonBody(overrideBody) },
  responses: {
    200: jsonAnswer(overrideAnswer, 'The override. `GET /api/v1/limits` shows the limit that counts now.'),
    404: jsonAnswer(errorAnswer, 'No such rule.'),
    ...commonAnswers,
  },
})
const end = createRoute({
  method: 'post',
  path: `${path}/end`,
  summary: 'Ends an override before its time: the limit of the configuration counts again. Recorded.',
  ...needs('operator'),
  request: { body: jsonBody(endOfOverrideBody) },
  responses: {
    200: jsonAnswer(overrideAnswer, 'The rule without its override.'),
    404: jsonAnswer(errorAnswer, 'No such override.'),
    ...commonAnswers,
  },
})

/** Longest time of an override, in ms: what is to last longer belongs into the configuration. */
const lastsMsMax = 366 * 86_400_000

export function addOverrides(app: AdminApp, { house, desk, clock }: AdminParts): void {
  app.openapi(begin, async c => {
    const { rule, measure = null, to: written, until, reason } = c.req.valid('json')
    const { measures } = ruleOf(house, rule, measure)
    const to = changeOf(house, written, measure === null ? measures : [measure])
    const untilMs = endOf(until, clock(), house.timeZone)
    const order = { rule, measure, to, untilMs, reason }
    const sharing = await desk.change(c, {
      action: 'limit_overridden',
      facts: { rule, measure, to: String(written), until: new Date(untilMs).toISOString() },
      unlogged: { why: reason },
      work: () => kept(house.overrides.begin(order, nameOf(c))),
    })
    return c.json({ rule, measure, untilMs, sharing }, 200)
  })

  app.openapi(end, async c => {
    const { rule, measure = null } = c.req.valid('json')
    const work = async (): Promise<Sharing> => {
      const sharing = await kept(house.overrides.end({ rule, measure }, nameOf(c)))
      if (sharing !== null) return sharing
      const which = measure === null ? 'all amounts of this rule' : `${measure} of this rule`
      throw new AdminError(
        'override_unknown',
        `There is no override of ${which}. gatehouse limits shows those there are.`,
      )
    }
    const sharing = await desk.change(c, { action: 'limit_override_ended', facts: { rule, measure }, work })
    return c.json({ rule, measure, untilMs: null, sharing }, 200)
  })
}

/** @throws AdminError `parameter_invalid`. */
function endOf(until: string, nowMs: number, timeZone: string): number {
  const untilMs = untilOf(until, nowMs, timeZone)
  if (untilMs !== null && untilMs > nowMs && untilMs <= nowMs + lastsMsMax) return untilMs
  const expected = untilMs === null ? `expected ${untilForms}` : 'expected a time that is still to come, within a year'
  throw new AdminError('parameter_invalid', `Body member "until": ${expected}.`, { param: 'until' })
}

function nameOf(c: Context<AdminEnv>): string {
  const caller = c.get('caller')
  return caller.displayName ?? callerKey(caller)
}

/** @throws AdminError `override_unavailable`. */
function kept<T>(order: Promise<T>): Promise<T> {
  return order.catch((cause: unknown) => {
    const reason = codeOf(cause) ?? String(cause)
    const message = `The order could not be kept in the directory of the ledger (${reason}), so it was not followed. Free space there, or correct its rights, and give it again.`
    throw new AdminError('override_unavailable', message, { cause })
  })
}

/** @throws AdminError `rule_unknown`; `parameter_invalid` for an amount that the rule does not limit. */
function ruleOf(
  house: AdminHouse,
  rule: string,
  measure: LimitName | null,
): ReturnType<AdminHouse['limitRules']>[number] {
  const rules = house.limitRules()
  const found = rules.find(({ name }) => name === rule)
  if (found === undefined) {
    const names = rules.map(({ name }) => name)
    const nearest = nearestOf(rule, names)
    const hint = nearest === null ? `There are: ${names.join(', ') || 'none'}.` : `Did you mean ${nearest}?`
    throw new AdminError('rule_unknown', `There is no such rule of limits. ${hint}`, { param: 'rule' })
  }
  if (measure !== null && !found.measures.includes(measure)) {
    const message = `Body member "measure": the rule ${rule} has no ${measure}. It has ${found.measures.join(', ')}.`
    throw new AdminError('parameter_invalid', message, { param: 'measure' })
  }
  return found
}

/** @throws AdminError `parameter_invalid`. */
function changeOf(house: AdminHouse, written: string | number, measures: readonly LimitName[]): LimitOverride['to'] {
  const times = /^(\d{1,4}(?:\.\d{1,3})?)x$/.exec(String(written))?.[1]
  if (times !== undefined && Number(times) > 0) return { times: Number(times) }
  const [measure] = measures
  if (measure === undefined || measures.length > 1) {
    throw refused(`the rule limits ${measures.join(', ')}: name one as "measure", or give a factor as 2x`)
  }
  const text = String(written)
  const isMoney = costNames.some(name => name === measure)
  const amount = amounts[measure].safeParse(isMoney ? text : Number(text))
  if (!amount.success || amount.data === undefined) {
    throw refused(
      isMoney
        ? 'expected a factor as 2x, or an amount as 500 USD'
        : 'expected a factor as 2x, or a whole number from 1',
    )
  }
  if (typeof amount.data === 'number') return { amount: amount.data }
  const { nano, currency } = amount.data
  if (currency !== house.currency) throw refused(`the price catalogue is in ${house.currency}, not ${currency}`)
  return { amount: nano }
}

function refused(why: string): AdminError {
  return new AdminError('parameter_invalid', `Body member "to": ${why}.`, { param: 'to' })
}
