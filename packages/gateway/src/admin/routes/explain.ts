import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { parseConfig } from '../../config/load.ts'
import { ConfigError, type Problem } from '../../config/messages.ts'
import type { Config } from '../../config/schema/index.ts'
import { quotedExpressions } from '../../config/shown-expressions.ts'
import { callerKey } from '../../identity/caller.ts'
import { commonAnswers, jsonAnswer, jsonBody, needs, unknownRecord } from '../document.ts'
import { AdminError } from '../errors.ts'
import type { ExplainCall, ExplainedStep, ReplayedCalls } from '../explain/index.ts'
import { callOf, shownCaller } from '../explain/question.ts'
import {
  type ExplainAnswer,
  explainAnswer,
  explainQuestion,
  type ReplayAnswer,
  replayAnswer,
  replayQuestion,
} from '../explain/schemas.ts'
import type { AdminHouse } from '../index.ts'
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

const replay = createRoute({
  method: 'post',
  path: '/api/v1/explain/replay',
  summary: 'What another configuration would have said to the latest calls. Nothing is sent or changed.',
  ...needs('operator'),
  request: { body: jsonBody(replayQuestion) },
  responses: {
    200: jsonAnswer(replayAnswer, 'The problems of the configuration; without any, the calls with another result.'),
    ...commonAnswers,
  },
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
    const { call, steps, assumed, stage } = await house.calls.explainRecord(row)
    const { startedAtMs, outcome, outcomeCode, status, instance } = row
    const record = { id: row.id, startedAtMs, outcome, outcomeCode, status, instance, stage }
    return c.json(answerOf(call, steps, { live: false, record, assumed }), 200)
  })

  let isReplaying = false
  app.openapi(replay, async c => {
    const { configuration, records } = c.req.valid('json')
    if (isReplaying) throw new AdminError('replay_busy', 'Another replay is running. Try again when it has ended.')
    isReplaying = true
    try {
      const after = await readTried(configuration, house)
      if (!('config' in after)) return c.json({ problems: [...after.problems], report: null }, 200)
      const list = () => ledger.list({ limit: records })
      const page = await questions.ask(callerKey(c.get('caller')), c.req.raw.signal, list)
      const report = await house.calls.replay(after.config, page.records)
      if (report !== null) return c.json({ problems: [], report: reportOf(report) }, 200)
      throw new AdminError(
        'ledger_busy',
        'The machine was too busy: the replay took longer than 50 seconds. Try again, or ask for fewer calls.',
      )
    } finally {
      isReplaying = false
    }
  })
}

/** A configuration that is only tried: nobody learns a secret by having it quoted. */
async function readTried(
  text: string,
  { configuration }: Pick<AdminHouse, 'configuration'>,
): Promise<{ readonly config: Config } | { readonly problems: readonly Problem[] }> {
  try {
    if (configuration === null) return await parseConfig(text, withoutSurroundings)
    const problems = quotedExpressions(text, (await configuration.report()).inForce.text)
    return problems.length > 0 ? { problems } : await configuration.read(text)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
}

/** Where the program has made its configuration, there are no files and variables of it. */
const withoutSurroundings = {
  path: 'configuration',
  env: {},
  readFile: () => Promise.reject(Object.assign(new Error('no file'), { code: 'ENOENT' })),
}

function reportOf(report: ReplayedCalls): NonNullable<ReplayAnswer['report']> {
  return {
    ...report,
    untold: [...report.untold],
    changes: report.changes.map(change => ({ ...change, settings: [...change.settings] })),
  }
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
