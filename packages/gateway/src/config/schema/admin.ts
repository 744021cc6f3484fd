/** Section `admin`: the management API and the console. */
import { z } from 'zod'
import { callerRule, duration, guid, httpUrl, listen, secret } from './common.ts'

const signIn = z.strictObject({
  clientId: guid.describe(
    'Client id of the app registration with which people sign in. Its redirect URI is the address of the console and `/signin/callback`.',
  ),
  clientSecret: z
    .string()
    .min(1)
    .optional()
    .describe(
      `Secret of a registration of the kind "Web". It comes from \${env:NAME} or \${file:PATH}. Default: none, as for a registration of the kind "Mobile and desktop applications": PKCE alone protects the sign-in.`,
    )
    .meta(secret),
  tenant: guid.optional().describe('Tenant in which people sign in. Default: the first of `identity.entra.tenants`.'),
  scope: z
    .string()
    .regex(/^\S+$/, 'one scope without spaces, as api://gatehouse/.default')
    .optional()
    .describe(
      'Scope of the token that the console asks for. Default: the first of `identity.entra.audiences`, with `/.default`.',
    ),
  idleTimeout: duration('1m', '1d', '1h').describe(
    'A session ends when the console has sent no request for this time.',
  ),
  lifetime: duration('5m', '30d', '12h').describe(
    'A session ends after this time in any case, and the person signs in again.',
  ),
  sessionsMax: z
    .int()
    .min(1)
    .max(100_000)
    .default(10_000)
    .describe('Most sessions that are kept. With one more, the longest idle one ends.'),
})

export const admin = z.strictObject({
  listen: listen
    .default('127.0.0.1:8081')
    .describe('Address and port of the management API; another one than `gateway.listen`.'),
  roles: z
    .strictObject({
      viewer: z.array(callerRule).default([]).describe('May read figures: usage, records without bodies, instances.'),
      developer: z
        .array(callerRule)
        .default([])
        .describe(
          'May read records and figures of the workloads that list them among their `callers`, and bodies of their own calls.',
        ),
      auditor: z
        .array(callerRule)
        .default([])
        .describe('May read figures, and with a reason bodies: prompts and completions.'),
      operator: z
        .array(callerRule)
        .default([])
        .describe(
          'May read figures and act: probe, drain and restore instances, change limits for a time, order feeds, change the level of the log. Reads no bodies.',
        ),
      admin: z
        .array(callerRule)
        .default([])
        .describe('May do what an operator may, apply a configuration and read the audit trail. Reads no bodies.'),
      custodian: z
        .array(callerRule)
        .default([])
        .describe('May read figures, and set and lift legal holds on records. Reads no bodies.'),
      eraser: z
        .array(callerRule)
        .default([])
        .describe(
          'May read figures, and erase the bodies and names of one person from the ledger. Reads no bodies, and lifts no hold.',
        ),
    })
    .prefault({})
    .describe(
      'Roles: what each person or application may do through the management API and the command line. Without a rule here there is no access.',
    ),
  publicUrl: httpUrl
    .optional()
    .describe(
      'Address of the console for people, if a proxy is in front of this listener, as https://gatehouse.contoso.example. Default: the loopback address of `listen`.',
    ),
  signIn: signIn
    .optional()
    .describe(
      'Sign-in to the console with a browser. Default: none; the console then says how to set it up. Tokens of scripts always work. docs/console.md',
    ),
  applyConfiguration: z
    .boolean()
    .default(false)
    .describe(
      'True allows people with the role `admin` to replace this file with another configuration. They can then decide where calls go and what is kept.',
    ),
  metricsWithoutToken: z
    .boolean()
    .default(false)
    .describe(
      'Answer /metrics without a token, for scrapers that have none. It names workloads, instances and rules; never people.',
    ),
})
