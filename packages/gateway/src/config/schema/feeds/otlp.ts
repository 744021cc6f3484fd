/** Settings of feeds of the kind `otlp`. */
import { z } from 'zod'
import { httpUrl, secret } from '../common.ts'
import { requestTimeout, spanSettings } from './spans.ts'

export const collectorCredential = z
  .strictObject({
    header: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'a header field in lower case, as authorization or api-key')
      .describe('Header field of each request.'),
    secret: z
      .string()
      .regex(/^[\x21-\x7e][\x20-\x7e]{6,4094}[\x21-\x7e]$/, 'at least 8 printable characters')
      .describe(`Its value, as Bearer and a token, from \${env:NAME} or \${file:PATH}.`)
      .meta(secret),
  })
  .optional()
  .describe('A header field that proves to the collector who sends. Default: none.')

export const collectorProtocol = z
  .enum(['http', 'grpc'])
  .default('http')
  .describe('OTLP over HTTP, as protobuf, or over gRPC.')

export const collectorCompression = z
  .enum(['auto', 'gzip', 'none'])
  .default('auto')
  .describe(
    'Compression of each request. `auto`: none to a collector on this machine (`localhost`, 127.0.0.1), gzip to others.',
  )

export const insecure = z
  .boolean()
  .default(false)
  .describe('True allows `http:` to another machine, in a network of your own; not with a credential.')

export const otlpFeed = z.strictObject({
  kind: z.literal('otlp').describe('spans to a collector of OpenTelemetry. They never have prompts or completions.'),
  url: httpUrl.describe(
    'Address that takes traces. Over HTTP with its path, https://collector.example.net:4318/v1/traces; over gRPC without one, https://collector.example.net:4317.',
  ),
  protocol: collectorProtocol,
  insecure,
  compression: collectorCompression,
  credential: collectorCredential,
  timeout: requestTimeout,
  ...spanSettings(1_000),
})
