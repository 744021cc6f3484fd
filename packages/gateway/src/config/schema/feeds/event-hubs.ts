/** Settings of feeds of the kind `event-hubs`. */
import { z } from 'zod'
import { guid, secret } from '../common.ts'
import { commonSettings } from './common.ts'

const kustoName = (what: string) =>
  z
    .string()
    .regex(
      /^[A-Za-z_][A-Za-z0-9_ .-]{0,199}$/,
      'a name: letters, digits, underscores, blanks, dots and hyphens, at most 200',
    )
    .describe(what)

export const eventHubsFeed = z.strictObject({
  kind: z.literal('event-hubs').describe('an event hub of Azure, which Data Explorer and others read.'),
  namespace: z
    .string()
    .regex(
      /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?(?::\d{1,5})?$/,
      'a host, as contoso.servicebus.windows.net',
    )
    .optional()
    .describe(
      'Host of the namespace, as contoso.servicebus.windows.net. Required, except with a connection string, which names it.',
    ),
  hub: z
    .string()
    .regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,254}[A-Za-z0-9])?$/, 'letters, digits and . _ -, at most 256')
    .describe('Name of the event hub. It must exist.'),
  credential: z
    .union(
      [
        z.literal('managed-identity').describe("The gateway's own managed identity."),
        z.strictObject({ managedIdentity: guid.describe('Client id of a user-assigned managed identity.') }),
        z.strictObject({
          connectionString: z
            .string()
            .regex(
              /^(?=.*\bEndpoint=)(?=.*\bSharedAccess(?:Key|Signature)=)/is,
              'a connection string of the namespace, as Endpoint=sb://...;SharedAccessKeyName=...;SharedAccessKey=...',
            )
            .describe(`From \${env:NAME} or \${file:PATH}. It names the namespace too.`)
            .meta(secret),
        }),
      ],
      { error: `managed-identity, { managedIdentity: CLIENT-ID } or { connectionString: "\${env:NAME}" }` },
    )
    .default('managed-identity')
    .describe('How the gateway signs in to the namespace. An identity needs the role Azure Event Hubs Data Sender.'),
  gzip: z
    .boolean()
    .default(false)
    .describe(
      'True compresses each event by itself. Without `dataExplorer`, the data connection of Data Explorer must be set to gzip as well.',
    ),
  dataExplorer: z
    .strictObject({
      table: kustoName('Table that takes the events, as ExchangeRaw.'),
      mapping: kustoName('JSON mapping of the table, as Gatehouse.'),
      database: kustoName('Database, where the data connection allows others than its own.').optional(),
    })
    .optional()
    .describe(
      'Routes the events: properties that a data connection of Data Explorer reads. Default: the table and mapping of the connection.',
    ),
  ...commonSettings('1s'),
})
