/** The other side of OTLP, by either protocol. https://opentelemetry.io/docs/specs/otlp/ */
import type { Clock } from '../../../clock.ts'
import type { ResolveName } from '../checked-addresses.ts'
import { Collector } from './collector.ts'
import { GrpcCollector } from './grpc.ts'
import type { OtlpClient, Signal } from './protocol.ts'
import type { CollectorSettings } from './settings.ts'

export interface ClientParts {
  readonly clock: Clock
  /** Default: the system's. */
  readonly resolve?: ResolveName | undefined
}

export function openCollector(settings: CollectorSettings, signal: Signal, parts: ClientParts): OtlpClient {
  const { url, credential = null, timeout: timeoutMs, protocol } = settings
  const options = { url, credential, timeoutMs, signal, ...parts }
  return protocol === 'grpc' ? new GrpcCollector(options) : new Collector(options)
}
