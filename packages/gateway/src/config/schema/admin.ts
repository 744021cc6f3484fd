/** Section `admin`: the management API. */
import { z } from 'zod'
import { callerRule, listen } from './common.ts'

export const admin = z.strictObject({
  listen: listen
    .default('127.0.0.1:8081')
    .describe('Address and port of the management API; another one than `gateway.listen`.'),
  roles: z
    .strictObject({
      viewer: z.array(callerRule).default([]).describe('May read figures: usage, records without bodies, instances.'),
      auditor: z.array(callerRule).default([]).describe('May read bodies as well: prompts and completions.'),
      operator: z
        .array(callerRule)
        .default([])
        .describe('May read figures and act: probe an instance. Reads no bodies.'),
    })
    .prefault({})
    .describe('Who may read what through the management API and the CLI. Nobody, unless listed.'),
  metricsWithoutToken: z
    .boolean()
    .default(false)
    .describe(
      'Answer /metrics without a token, for scrapers that have none. It names workloads, instances and rules; never people.',
    ),
})
