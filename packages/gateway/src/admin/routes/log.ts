import { createRoute } from '@hono/zod-openapi'
import { callerKey } from '../../identity/caller.ts'
import type { LogLevels } from '../../telemetry/log/index.ts'
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
  summary: 'Logs from a severity on, until a time has passed or the configuration is read again. Logged.',
  ...needs('operator'),
  request: { query: levelParameters },
  responses: answers,
})
const reset = createRoute({
  method: 'post',
  path: '/api/v1/log/reset',
  summary: 'Logs as the configuration says. Logged.',
  ...needs('operator'),
  responses: answers,
})

export function addLog(app: AdminApp, { house, log }: AdminParts): void {
  app.openapi(show, c => c.json(levelsOf(house).state, 200))

  app.openapi(level, c => {
    const { level, seconds } = c.req.valid('query')
    const audit = { audit: true, caller: callerKey(c.get('caller')), requestId: c.get('requestId') }
    const state = levelsOf(house).set(level, seconds * 1_000)
    log.info({ ...audit, level, seconds }, 'log_level_set')
    return c.json(state, 200)
  })

  app.openapi(reset, c => {
    const audit = { audit: true, caller: callerKey(c.get('caller')), requestId: c.get('requestId') }
    const state = levelsOf(house).reset()
    log.info({ ...audit, why: 'operator', level: state.level }, 'log_level_reset')
    return c.json(state, 200)
  })
}

function levelsOf({ levels }: AdminHouse): LogLevels {
  if (levels !== null) return levels
  const message = 'This process writes to a log of the program that runs it: change the level there.'
  throw new AdminError('log_not_own', message)
}
