/** The receivers of feeds, which a run makes unreachable at random. */
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import {
  type FiledRecord,
  recordsInLines,
  recordsInParquet,
} from '../../packages/gateway/src/ledger/feeds/files/files.fixture.ts'

export interface Receiver {
  /** Name of the feed. */
  readonly name: string
  readonly feed: NonNullable<ConfigInput['feeds']>[string]
  /** Variables that the feed's section names. */
  readonly env?: Readonly<Record<string, string>>
  /** True when it gets bodies too. */
  readonly hasBodies: boolean
  /** From now on nothing arrives, and connections break. */
  away(): Promise<void>
  back(): Promise<void>
  /** What arrived, in no order and with doubles, as the form `gatehouse` names it. */
  records(): Promise<readonly FiledRecord[]>
}

/** A directory whose file system goes away: what is around it has another name for a while. */
export async function filesReceiver(
  name: string,
  directory: string,
  format: 'jsonl' | 'parquet',
  hasBodies: boolean,
): Promise<Receiver> {
  const disk = join(directory, `disk-of-${name}`)
  const target = join(disk, 'records')
  await mkdir(disk)
  let isAway = false
  return {
    name,
    feed: { kind: 'files', directory: target, format, bodies: hasBodies, batch: { records: 60, time: '1s' } },
    hasBodies,
    async away() {
      if (isAway) return
      isAway = true
      await rename(disk, `${disk}-away`)
    },
    async back() {
      if (!isAway) return
      isAway = false
      await rename(`${disk}-away`, disk)
    },
    records: async () => (format === 'jsonl' ? recordsInLines(target) : await recordsInParquet(target)),
  }
}
