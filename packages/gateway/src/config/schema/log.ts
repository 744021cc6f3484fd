/** Section `log`. */
import { z } from 'zod'

export const log = z.strictObject({
  level: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Least severity that is logged, as JSON lines on standard error.'),
})
