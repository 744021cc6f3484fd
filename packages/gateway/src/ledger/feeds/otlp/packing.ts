/** How messages to a collector are compressed. */
import { isLoopback } from '../../../identity/authority.ts'
import { compress } from '../spans/compress.ts'
import type { CollectorSettings } from './settings.ts'

export interface Packing {
  /** Null for messages as they are. */
  readonly encoding: 'gzip' | null
  pack(message: Uint8Array): Promise<Uint8Array>
}

const gzip: Packing = { encoding: 'gzip', pack: compress }
const plain: Packing = { encoding: null, pack: async message => message }

/** Spans are a fifteenth as long in gzip. On the machine itself there is no network that this would save. */
export function packingOf({ url, compression }: Pick<CollectorSettings, 'url' | 'compression'>): Packing {
  const isPlain = compression === 'none' || (compression === 'auto' && isLoopback(new URL(url).hostname))
  return isPlain ? plain : gzip
}
