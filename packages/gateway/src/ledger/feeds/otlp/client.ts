/** The other side of OTLP, by either protocol. https://opentelemetry.io/docs/specs/otlp/ */
import type { HostParts } from '../checked-host.ts'
import { Collector } from './collector.ts'
import { GrpcCollector } from './grpc.ts'
import { packingOf } from './packing.ts'
import type { OtlpClient, Signal } from './protocol.ts'
import type { CollectorSettings } from './settings.ts'

export function openCollector(settings: CollectorSettings, signal: Signal, parts: HostParts): OtlpClient {
  const { url, credential = null, timeout: timeoutMs, protocol } = settings
  const options = { url, credential, timeoutMs, signal, packing: packingOf(settings), ...parts }
  return protocol === 'grpc' ? new GrpcCollector(options) : new Collector(options)
}
