import { createRoute } from '@hono/zod-openapi'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import { sourcesAnswer } from '../house-schemas.ts'
import type { AdminApp, AdminParts } from '../parts.ts'

const route = createRoute({
  method: 'get',
  path: '/api/v1/sources',
  summary: 'Sources of a collector: what it has taken from each since it started. Empty for a gateway.',
  ...needs('viewer'),
  responses: { 200: jsonAnswer(sourcesAnswer, 'The sources, now.'), ...commonAnswers },
})

export function addSources(app: AdminApp, { house }: AdminParts): void {
  app.openapi(route, c => c.json({ sources: [...house.sources()] }, 200))
}
