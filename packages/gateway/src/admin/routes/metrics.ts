import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { commonAnswers, needs } from '../document.ts'
import type { AdminHouse } from '../index.ts'
import type { AdminApp, AdminEnv, AdminParts } from '../parts.ts'

const route = createRoute({
  method: 'get',
  path: '/metrics',
  summary:
    'Metrics in the text format of Prometheus, or in OpenMetrics where `Accept` names it. With `admin.metricsWithoutToken` it asks for no token.',
  ...needs('viewer'),
  responses: {
    200: {
      description: 'The metrics, now.',
      content: { 'text/plain': { schema: z.string() }, 'application/openmetrics-text': { schema: z.string() } },
    },
    ...commonAnswers,
  },
})

export function addMetrics(app: AdminApp, { house }: AdminParts): void {
  app.openapi(route, c => metricsAnswer(c, house))
}

export async function metricsAnswer(c: Context<AdminEnv>, house: AdminHouse) {
  const { contentType, text } = await house.metrics(c.req.header('accept') ?? '')
  return c.text(text, 200, { 'content-type': contentType })
}
