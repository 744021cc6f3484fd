/** Section `telemetry`: metrics that are sent. */
import { z } from 'zod'
import { duration, httpUrl } from './common.ts'
import { collectorCompression, collectorCredential, collectorProtocol, insecure } from './feeds/otlp.ts'
import { requestTimeout } from './feeds/spans.ts'

export const telemetry = z.strictObject({
  genai: z
    .enum(['v1_41', 'v0_1', 'both'])
    .default('both')
    .describe(
      "Metrics of the GenAI conventions that are sent besides those of /metrics: those of 1.41, those of the conventions' own repository since 0.1, or both.",
    ),
  metrics: z
    .strictObject({
      url: httpUrl.describe(
        'Address that takes metrics. Over HTTP with its path, https://collector.example.net:4318/v1/metrics; over gRPC without one.',
      ),
      protocol: collectorProtocol,
      insecure,
      compression: collectorCompression,
      credential: collectorCredential,
      every: duration('1s', '1h', '60s').describe('Time from one request to the next.'),
      timeout: requestTimeout,
      service: z.string().min(1).max(255).default('gatehouse').describe('`service.name` of the metrics.'),
    })
    .optional()
    .describe('Sends the metrics to a collector of OpenTelemetry. Default: they can only be scraped.'),
})
