/** What the process is, how its parts are, and what it is made of. */
import { z } from '@hono/zod-openapi'
import { severities } from './attention/index.ts'

const string = z.string().nullable()
const timeMs = z.number().openapi({ description: 'Milliseconds since the epoch.' })

export const aboutParts = ['ledger', 'limits', 'instances', 'feeds', 'sources', 'replicas', 'signIn'] as const

const part = z.strictObject({
  name: z.enum(aboutParts),
  state: z.enum(['ok', ...severities]).openapi({ description: 'That of the worst that was found.' }),
  what: string.openapi({ description: 'The worst that was found, in a sentence; null where all is well.' }),
  next: string.openapi({ description: 'What to do about it.' }),
})

const replica = z.strictObject({
  name: z.string(),
  isSelf: z.boolean(),
  status: z.enum(['alive', 'silent']),
  version: string.openapi({ description: 'Null where it publishes what this version cannot read.' }),
  startedAtMs: timeMs.nullable(),
})

export const aboutAnswer = z
  .strictObject({
    version: z.string(),
    commit: string.openapi({ description: 'Commit of the checkout; null for a published package.' }),
    node: z.string().openapi({ example: 'v26.10.0' }),
    platform: z.string().openapi({ example: 'linux x64' }),
    startedAtMs: timeMs.nullable().openapi({ description: 'Start of the process that answers, ms since the epoch.' }),
    timeZone: z.string().openapi({
      description: 'Time zone of the days, months, quarters and years of limits (`limits.timeZone`).',
      example: 'Europe/Berlin',
    }),
    fiscalYearStart: z.string().openapi({
      description: 'First day of a fiscal year of limits, as month and day (`limits.fiscalYearStart`).',
      example: '04-01',
    }),
    health: z
      .strictObject({
        parts: z.array(part),
        sharing: z.enum(['ok', 'alone', 'away']).openapi({ description: 'How the replicas share what they know.' }),
        replicas: z.array(replica),
        authority: string.openapi({ description: 'Where people and programs sign in; null without a console.' }),
        tenants: z.array(z.string()),
        audiences: z.array(z.string()),
      })
      .nullable()
      .openapi({ description: 'Null without the role viewer.' }),
    notices: string.openapi({
      description: 'Address of the texts of the licences; null where the console is not built.',
    }),
    packages: z
      .array(z.strictObject({ name: z.string(), version: z.string(), licence: z.string() }))
      .openapi({ description: 'What an installation has besides Gatehouse. Licences are SPDX expressions.' }),
  })
  .openapi('About')
export type AboutAnswer = z.output<typeof aboutAnswer>
