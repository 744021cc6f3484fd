import { createRoute } from '@hono/zod-openapi'
import type { LogLevels, LogState } from '../../telemetry/log/index.ts'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import { AdminError } from '../errors.ts'
import type { AdminHouse } from '../index.ts'
import { levelParameters, logAnswer } from '../log-schemas.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { errorAnswer } from '../schemas.ts'

const answers = {
  200: jsonAnswer(logAnswer, 'The log of the process that answers.'),
  501: jsonAnswer(errorAnswer, 'The process writes to a log that is not Gatehouse’s own.'),
  ...commonAnswers,
}

const show = createRoute({
  method: 'get',
  path: '/api/v1/log',
  summary: 'What the process that answers logs: level and form.',
  ...needs('viewer'),
  responses: answers,
})
const level = createRoute({
  method: 'post',
  path: '/api/v1/log/level',
  summary: 'Logs from a severity on, until a time has passed or the configuration is read again. Recorded.',
  ...needs('operator'),
  request: { query: levelParameters },
  responses: answers,
})
const reset = createRoute({
  method: 'post',
  path: '/api/v1/log/reset',
  summary: 'Logs as the configuration says. Recorded.',
  ...needs('operator'),
  responses: answers,
})

export function addLog(app: AdminApp, { house, desk }: AdminParts): void {
  app.openapi(show, c => c.json(levelsOf(house).state, 200))

  app.openapi(level, async c => {
    const { level, seconds } = c.req.valid('query')
    const levels = levelsOf(house)
    const work = async () => levels.set(level, seconds * 1_000)
    return c.json(await desk.change(c, { action: 'log_level_set', facts: { level, seconds }, work }), 200)
  })

  app.openapi(reset, async c => {
    const levels = levelsOf(house)
    const result = ({ level }: LogState) => ({ level })
    const work = async () => levels.reset()
    return c.json(await desk.change(c, { action: 'log_level_reset', facts: { why: 'operator' }, work, result }), 200)
  })
}

function levelsOf({ levels }: AdminHouse): LogLevels {
  if (levels !== null) return levels
  const message = 'This process writes to a log of the program that runs it: change the level there.'
  throw new AdminError('log_not_own', message)
}
