/** Settings of feeds of the kind `kafka`. */
import { z } from 'zod'
import { guid, secret } from '../common.ts'
import { commonSettings } from './common.ts'

const port = '(6553[0-5]|655[0-2]\\d|65[0-4]\\d{2}|6[0-4]\\d{3}|[1-5]\\d{4}|[1-9]\\d{0,3})'
const broker = z
  .string()
  .regex(new RegExp(`^(\\[[0-9a-fA-F:]+\\]|[A-Za-z0-9.-]+):${port}$`), 'HOST:PORT, as kafka.example.net:9093')
  .meta({ title: 'HOST:PORT' })

/** How a program reaches a topic: the feed that writes it, and whoever reads it. */
export const kafkaConnection = {
  brokers: z
    .array(broker)
    .min(1)
    .max(32)
    .describe('Brokers to begin with; they name the others. For Event Hubs: `NAMESPACE.servicebus.windows.net:9093`.'),
  topic: z
    .string()
    .regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/, 'letters, digits, dots, hyphens and underscores, at most 249')
    .describe('Topic; of Event Hubs: the hub. It must exist.'),
  tls: z
    .union(
      [
        z.boolean(),
        z.strictObject({
          ca: z
            .string()
            .regex(/-----BEGIN CERTIFICATE-----/, `a PEM certificate, from \${file:PATH}`)
            .describe(`Certificates of the authorities that may have signed the broker's, from \${file:PATH}.`),
        }),
      ],
      { error: `true, false or { ca: "\${file:PATH}" }` },
    )
    .default(true)
    .describe(
      "True: TLS with the certificate authorities that Node trusts. `{ ca }`: TLS with the cluster's own authorities. False: no TLS, only for a network of your own.",
    ),
  credential: z
    .union(
      [
        z.literal('managed-identity').describe("Event Hubs: the gateway's own managed identity (OAUTHBEARER)."),
        z.strictObject({ managedIdentity: guid.describe('Client id of a user-assigned managed identity.') }),
        z.strictObject({
          mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).describe('SASL mechanism.'),
          username: z.string().min(1).describe('User; for a connection string of Event Hubs `$ConnectionString`.'),
          password: z
            .string()
            .min(1)
            .describe(`Password, or the connection string, from \${env:NAME} or \${file:PATH}.`)
            .meta(secret),
        }),
      ],
      {
        error: `managed-identity, { managedIdentity: CLIENT-ID } or { mechanism: plain, username: NAME, password: "\${env:NAME}" }`,
      },
    )
    .optional()
    .describe('How the gateway signs in to the brokers (SASL). Default: not at all.'),
}

export const kafkaFeed = z.strictObject({
  kind: z.literal('kafka').describe('a topic of Apache Kafka, or of Event Hubs by its Kafka endpoint.'),
  ...kafkaConnection,
  compression: z
    .enum(['none', 'gzip', 'snappy', 'lz4', 'zstd'])
    .default('none')
    .describe('Compression of batches. Event Hubs takes `none` and `gzip`.'),
  messageBytes: z
    .int()
    .min(16_384)
    .max(67_108_864)
    .default(1_000_000)
    .describe(
      'Most bytes of a request, before compression. A longer record is sent in numbered parts. If the topic takes less (`max.message.bytes`), that limit counts.',
    ),
  ...commonSettings('1s'),
})
