/** Section `log`. */
import { z } from 'zod'

export const log = z.strictObject({
  level: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe(
      'Lowest severity that is logged, on standard error. Operators can change it for a while (`gatehouse log level`). Lines with `audit: true` are written at every level but `silent`.',
    ),
  format: z
    .enum(['json', 'pretty'])
    .default('json')
    .describe('`json`: an object per line. `pretty`: for people, time, level, event and fields.'),
  access: z
    .boolean()
    .default(false)
    .describe(
      'One line for each call when it has ended, `call_ended`: caller, workload, operation, instance, status, times, tokens and cost; never an address, a header or a body.',
    ),
})
