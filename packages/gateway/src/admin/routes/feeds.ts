import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { callerKey } from '../../identity/caller.ts'
import type { FeedState } from '../../ledger/feeds/control.ts'
import type { ReplicasReport } from '../../replicas/index.ts'
import { aliveFigures, sumOfFeeds } from '../../replicas/sum.ts'
import { commonAnswers, jsonAnswer, needs, unknownFeed } from '../document.ts'
import { AdminError } from '../errors.ts'
import { type FeedsAnswer, feedAnswer, feedsAnswer, nameParameters, rewindParameters } from '../house-schemas.ts'
import type { AdminHouse } from '../index.ts'
import type { AdminApp, AdminEnv, AdminParts } from '../parts.ts'
import { replicaFacts } from '../replica-schemas.ts'

const answers = { 200: jsonAnswer(feedAnswer, 'The feed after it.'), 404: unknownFeed, ...commonAnswers }
const request = { params: nameParameters }

const list = createRoute({
  method: 'get',
  path: '/api/v1/feeds',
  summary: 'Feeds: state of each, how far it is behind, and what it has done, of all replicas and of each.',
  ...needs('viewer'),
  responses: { 200: jsonAnswer(feedsAnswer, 'The feeds, now.'), ...commonAnswers },
})
const pause = createRoute({
  method: 'post',
  path: '/api/v1/feeds/{name}/pause',
  summary: 'Pauses a feed until it is resumed, also over restarts. The journal keeps what it has not taken. Recorded.',
  ...needs('operator'),
  request,
  responses: answers,
})
const resume = createRoute({
  method: 'post',
  path: '/api/v1/feeds/{name}/resume',
  summary: 'Resumes a paused feed; a failing one is tried again at once. Recorded.',
  ...needs('operator'),
  request,
  responses: answers,
})
const rewind = createRoute({
  method: 'post',
  path: '/api/v1/feeds/{name}/rewind',
  summary: 'Sends again what ended at a time or later, as far as the journal still has it. Recorded.',
  ...needs('operator'),
  request: { ...request, query: rewindParameters },
  responses: answers,
})

const events = { pause: 'feed_paused', resume: 'feed_resumed', rewind: 'feed_rewound' } as const

export function addFeeds(app: AdminApp, { house, desk, log }: AdminParts): void {
  app.openapi(list, async c => {
    return c.json(feedsOf(await house.replicas()), 200)
  })

  /** Every order is recorded, also one that failed or was not answered: the feed may have done it. */
  const obey = (c: Context<AdminEnv>, order: Order, give: () => Promise<FeedState | null>): Promise<FeedState> => {
    const { name, kind, ...more } = order
    const facts = { feed: name, ...more }
    const work = async (): Promise<FeedState> => {
      const state = await give().catch((cause: unknown) => {
        const reason = cause instanceof Error ? cause.message : String(cause)
        const fields = { audit: true, caller: callerKey(c.get('caller')), ...facts, requestId: c.get('requestId') }
        log.warn({ ...fields, order: kind, reason }, 'feed_order_failed')
        throw new AdminError('feed_unavailable', `The feed did not confirm it: ${reason}`, { cause })
      })
      if (state === null) throw await unknown(house)
      return state
    }
    return desk.change(c, { action: events[kind], facts, work })
  }

  app.openapi(pause, async c => {
    const { name } = c.req.valid('param')
    return c.json(await obey(c, { kind: 'pause', name }, () => house.feeds.pause(name)), 200)
  })
  app.openapi(resume, async c => {
    const { name } = c.req.valid('param')
    return c.json(await obey(c, { kind: 'resume', name }, () => house.feeds.resume(name)), 200)
  })
  app.openapi(rewind, async c => {
    const { name } = c.req.valid('param')
    const { to } = c.req.valid('query')
    const give = () => house.feeds.rewind(name, Date.parse(to))
    return c.json(await obey(c, { kind: 'rewind', name, to }, give), 200)
  })
}

/** The answer of the route, of one report. */
export function feedsOf(report: ReplicasReport): FeedsAnswer {
  const shared = replicaFacts(report, figures => ({ feeds: figures === null ? null : [...figures.feeds] }))
  return { feeds: [...sumOfFeeds(aliveFigures(report))], ...shared }
}

interface Order {
  readonly kind: keyof typeof events
  readonly name: string
  readonly to?: string
}

async function unknown(house: AdminHouse): Promise<AdminError> {
  const names = (await house.feeds.states()).map(({ name }) => name).join(', ')
  return new AdminError('feed_unknown', `There is no such feed. There are: ${names === '' ? 'none' : names}.`)
}
