import { createRoute, z } from '@hono/zod-openapi'
import { callerKey } from '../../identity/caller.ts'
import { QuestionError } from '../../ledger/index.ts'
import type { ReplicasReport } from '../../replicas/index.ts'
import { aliveFigures, sumOfFeeds, sumOfInstances } from '../../replicas/sum.ts'
import { attentionOf } from '../attention/find.ts'
import {
  type Attention,
  type AttentionFacts,
  attentionPages,
  severities,
  type UnpricedModel,
} from '../attention/index.ts'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import { isWithoutStore } from '../live/hub.ts'
import type { AdminApp, AdminParts } from '../parts.ts'

const item: z.ZodType<Attention> = z.strictObject({
  severity: z.enum(severities).openapi({
    description:
      '`critical`: calls fail or records are lost now. `warning`: they may soon. `note`: it was set up or ordered so.',
  }),
  code: z.string().openapi({ example: 'limit_used_up' }),
  subject: z.string().nullable().openapi({ description: 'A rule, an instance, a feed, a model; null for the whole.' }),
  what: z.string(),
  next: z.string().openapi({ description: 'What to do.' }),
  sinceMs: z.number().nullable().openapi({ description: 'Milliseconds since the epoch; null where it is not known.' }),
  page: z.enum(attentionPages).openapi({ description: 'Where to look.' }),
  parameters: z.record(z.string(), z.string()),
})
const attentionAnswer = z
  .strictObject({ atMs: z.number(), items: z.array(item).openapi({ description: 'Worst first.' }) })
  .openapi('AttentionList')
export type AttentionAnswer = z.output<typeof attentionAnswer>

const route = createRoute({
  method: 'get',
  path: '/api/v1/attention',
  summary: 'What needs attention, worst first: what it is, since when, where to look, and what to do.',
  ...needs('viewer'),
  responses: { 200: jsonAnswer(attentionAnswer, 'Empty when all is well.'), ...commonAnswers },
})

const dayMs = 86_400_000

export function addAttention(app: AdminApp, parts: AdminParts): void {
  const { ledger, house, clock, questions } = parts
  const unpricedSince = async (fromMs: number): Promise<readonly UnpricedModel[]> => {
    const { lines } = await ledger.usage({ by: ['model'], fromMs })
    return lines.flatMap(({ keys: [model], unpricedCalls: calls }) =>
      calls === 0 || model === undefined || model === null ? [] : [{ model, calls }],
    )
  }
  app.openapi(route, async c => {
    const nowMs = clock()
    const reader = callerKey(c.get('caller'))
    const [state, unpriced] = await Promise.all([
      house.replicas().then(replicas => stateFacts(parts, replicas)),
      questions.ask(reader, c.req.raw.signal, () => unpricedSince(nowMs - dayMs)).catch(noneWithoutStore),
    ])
    const items = attentionOf({ ...state, unpriced })
    return c.json({ atMs: nowMs, items: items.map(one => ({ ...one, parameters: { ...one.parameters } })) }, 200)
  })
}

/** Facts of the running house, and of its ledger, that cost no question of records. */
export async function stateFacts(
  { ledger, house, clock }: Pick<AdminParts, 'ledger' | 'house' | 'clock'>,
  replicas: ReplicasReport,
): Promise<Omit<AttentionFacts, 'unpriced'>> {
  const [limits, health] = await Promise.all([house.limits().catch(() => null), ledger.health().catch(() => null)])
  const figures = aliveFigures(replicas)
  return {
    ...{ nowMs: clock(), limits, replicas, currency: house.currency, ledger: health },
    instances: sumOfInstances(figures),
    feeds: sumOfFeeds(figures),
    sources: house.sources(),
  }
}

/** Without a store, or with more models than a report may have, nothing is known of prices. */
function noneWithoutStore(error: unknown): readonly UnpricedModel[] {
  if (isWithoutStore(error) || error instanceof QuestionError) return []
  throw error
}
