/** Ways from the replicas' feeds to a collector. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { recordsInLines } from '../../packages/gateway/src/ledger/feeds/files/files.fixture.ts'
import { startEventHubs } from '../../packages/simulator/src/event-hubs/index.ts'
import type { Scope } from '../support/world.ts'
import { arrivedInHub } from './arrived.ts'
import type { Transport } from './collect-run.ts'

/** A directory that the replicas and the collector share. */
export async function sharedFiles(_t: Scope, directory: string): Promise<Transport> {
  const shared = join(directory, 'shared')
  await mkdir(shared)
  const replicas = new Set<string>()
  return {
    feed(replica) {
      replicas.add(replica)
      return { kind: 'files', directory: join(shared, replica) }
    },
    source: { kind: 'files', directory: shared },
    records: async () => [...replicas].flatMap(replica => recordsInLines(join(shared, replica))),
  }
}

const hub = 'records'
const key = 'a-secret-key-of-the-namespace-0123456789='

/** A hub of the simulated namespace. */
export async function simulatedHub(t: Scope): Promise<Transport> {
  const namespace = await startEventHubs({ hubs: { [hub]: { partitions: 3 } }, keys: { root: key } })
  t.after(() => namespace.close())
  const credential = { connectionString: namespace.connectionString }
  return {
    feed: () => ({ kind: 'event-hubs', hub, credential }),
    source: { kind: 'event-hubs', hub, credential },
    records: async () => arrivedInHub(namespace, hub),
  }
}
