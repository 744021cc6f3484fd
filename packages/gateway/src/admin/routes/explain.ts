import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { callerKey } from '../../identity/caller.ts'
import { commonAnswers, jsonAnswer, jsonBody, needs, unknownRecord } from '../document.ts'
import { AdminError } from '../errors.ts'
import type { ExplainCall, ExplainedStep } from '../explain/index.ts'
import { callOf, callOfRecord, shownCaller } from '../explain/question.ts'
import { type ExplainAnswer, explainAnswer, explainQuestion } from '../explain/schemas.ts'
import { thenOf, withThen } from '../explain/then.ts'
import type { AdminApp, AdminEnv, AdminParts } from '../parts.ts'
import { idParameters } from '../schemas.ts'
import { visibleRow } from './records.ts'

const ask = createRoute({
  method: 'post',
  path: '/api/v1/explain',
  summary: 'What would happen to a call, stage by stage, and why. Nothing is sent, reserved or recorded.',
  ...needs('viewer', 'developer'),
  request: { body: jsonBody(explainQuestion) },
  responses: {
    200: jsonAnswer(explainAnswer, 'The stages up to the first refusal, or all of them.'),
    ...commonAnswers,
  },
})

const ofRecord = createRoute({
  method: 'get',
  path: '/api/v1/records/{id}/explain',
  summary: 'What would happen to the call of a record under the configuration in force, and what came of it then.',
  ...needs('viewer', 'developer'),
  request: { params: idParameters },
  responses: { 200: jsonAnswer(explainAnswer, 'The explanation.'), 404: unknownRecord, ...commonAnswers },
})

export function addExplain(app: AdminApp, { house, ledger, questions }: AdminParts): void {
  app.openapi(ask, async c => {
    const asked = c.req.valid('json')
    const call = callOf(asked, c.get('caller'))
    requireOwn(c, call, house.calls.workloadNamed(call))
    const atMs = asked.at === undefined ? null : Date.parse(asked.at)
    const steps = await house.calls.explain(call, atMs)
    return c.json(answerOf(call, steps, { live: atMs === null, record: null, assumed: [] }), 200)
  })

  app.openapi(ofRecord, async c => {
    const { id } = c.req.valid('param')
    const row = await questions.ask(callerKey(c.get('caller')), c.req.raw.signal, () => visibleRow(c, ledger, id))
    const { call, assumed } = callOfRecord(row, house)
    const then = thenOf(row, house.calls.stageOf)
    const steps = withThen(await house.calls.explain(call, row.startedAtMs), then)
    return c.json(answerOf(call, steps, { live: false, record: then, assumed }), 200)
  })
}

/**
 * A developer asks about their own calls, and about those of others as a workload of their own.
 * @throws AdminError role_missing
 */
function requireOwn(c: Context<AdminEnv>, { caller }: ExplainCall, workload: string | null): void {
  const visible = c.get('visible')
  if (visible === null || (caller !== null && callerKey(caller) === callerKey(c.get('caller')))) return
  if (workload !== null && visible.includes(workload)) return
  const own = visible.length === 0 ? 'none' : visible.join(', ')
  const message = `As a developer you ask about your own calls, and about calls of others as a workload that lists you among its callers: ${own}. The role viewer asks about all.`
  throw new AdminError('role_missing', message, { param: 'caller' })
}

function answerOf(
  { caller, method, url, headers, model }: ExplainCall,
  steps: readonly ExplainedStep[],
  rest: Pick<ExplainAnswer, 'live' | 'record'> & { readonly assumed: readonly string[] },
): ExplainAnswer {
  const destination = steps.at(-1)?.destination ?? null
  return {
    ...rest,
    assumed: [...rest.assumed],
    question: {
      caller: shownCaller(caller),
      ...{ method, url, model },
      workloadHeader: headers['x-gatehouse-workload'] ?? null,
    },
    allowed: steps.some(({ verdict }) => verdict === 'unknown') ? null : steps.every(one => one.verdict === 'pass'),
    steps: steps.map(({ stage, verdict, text, details = [], settings = [], answer = null }) => {
      return { stage, verdict, text, details: [...details], settings: [...settings], answer }
    }),
    destination: destination === null ? null : { ...destination, order: destination.order.map(tier => [...tier]) },
  }
}
