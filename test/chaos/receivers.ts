/** The receivers of feeds, which a run makes unreachable at random. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, rename } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { startAzurite } from '../../packages/gateway/src/ledger/feeds/blob/azurite.fixture.ts'
import {
  type FiledRecord,
  recordsInLines,
  recordsInParquet,
} from '../../packages/gateway/src/ledger/feeds/files/files.fixture.ts'
import { startEventHubs } from '../../packages/simulator/src/event-hubs/index.ts'
import { type KafkaFault, startKafka } from '../../packages/simulator/src/kafka/index.ts'
import { type Gate, startGate } from '../support/gate.ts'
import { randomOf } from '../support/random.ts'
import type { Scope } from '../support/world.ts'
import { arrivedInHub, arrivedInTopic } from './arrived.ts'

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

const behindGate = (gate: Gate): Pick<Receiver, 'away' | 'back'> => ({ away: gate.shut, back: gate.open })

/** A container of Azurite. */
export async function blobReceiver(t: Scope, name: string, hasBodies: boolean): Promise<Receiver> {
  const { connectionString, container } = await startAzurite(t)
  const { port } = new URL(/BlobEndpoint=([^;]+)/.exec(connectionString)?.[1] ?? '')
  const gate = await startGate(Number(port))
  t.after(() => gate.close())
  const client = container('records')
  await client.create()
  const credential = { connectionString: connectionString.replace(`:${port}/`, `:${gate.port}/`) }
  const batch = { records: 80, time: '1s' } as const
  return {
    name,
    feed: { kind: 'blob', container: 'records', credential, bodies: hasBodies, batch },
    hasBodies,
    ...behindGate(gate),
    async records() {
      const all: FiledRecord[] = []
      for await (const { name: path } of client.listBlobsFlat()) {
        if (!path.endsWith('.jsonl') || path.includes('/_')) continue
        const text = (await client.getBlobClient(path).downloadToBuffer()).toString('utf8')
        all.push(
          ...text
            .split('\n')
            .slice(0, -1)
            .map(line => JSON.parse(line) as FiledRecord),
        )
      }
      return all
    },
  }
}

/**
 * A hub of the stand-in, whose publications small limits cut into parts. Some are refused, lost, kept twice, or kept
 * without an answer.
 */
export async function eventHubReceiver(t: Scope, name: string, seed: number, hasBodies: boolean): Promise<Receiver> {
  const hub = 'records'
  const random = randomOf(seed)
  const fates = ['busy', 'lose', 'drop', 'late', 'double'] as const
  // Each costs seconds of pauses: a large run meets as many of them with a smaller share.
  const faultShare = hasBodies ? 0.15 : 0.02
  const hubs = await startEventHubs({
    hubs: { [hub]: { partitions: 4, messageBytesMax: 65_536, keptBytesMax: 4 * 2 ** 30 } },
    keys: { gatehouse: randomBytes(32).toString('base64') },
    fate: () => (random.chance(faultShare) ? random.pick(fates) : 'accept'),
  })
  t.after(() => hubs.close())
  const gate = await startGate(Number(hubs.namespace.split(':')[1]))
  t.after(() => gate.close())
  const connectionString = hubs.connectionString.replaceAll(hubs.namespace, `${gate.host}:${gate.port}`)
  return {
    name,
    feed: { kind: 'event-hubs', hub, credential: { connectionString }, bodies: hasBodies, gzip: true },
    hasBodies,
    ...behindGate(gate),
    records: async () => arrivedInHub(hubs, hub),
  }
}

/** A program that takes signed messages, and answers some of them with an error, after or instead of taking them. */
export async function webhookReceiver(t: Scope, name: string, seed: number, hasBodies: boolean): Promise<Receiver> {
  const random = randomOf(seed)
  const records: FiledRecord[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const isKept = random.chance(0.95)
      const said = JSON.parse(Buffer.concat(chunks).toString()) as {
        readonly data: { readonly records: FiledRecord[] }
      }
      if (isKept) records.push(...said.data.records)
      if (random.chance(0.03)) request.socket.destroy()
      else response.writeHead(isKept && random.chance(0.97) ? 204 : 503).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const gate = await startGate((server.address() as AddressInfo).port)
  t.after(() => gate.close())
  const secret = `whsec_${randomBytes(32).toString('base64')}`
  const url = `http://${gate.host}:${gate.port}/records`
  return {
    name,
    feed: { kind: 'webhook', url, credential: { secret }, bodies: hasBodies, batch: { records: 20, time: '1s' } },
    hasBodies,
    ...behindGate(gate),
    records: async () => records,
  }
}

/** A topic of the stand-in, with messages so small that records come in parts, and a fault now and then. */
export async function kafkaReceiver(t: Scope, name: string, seed: number, hasBodies: boolean): Promise<Receiver> {
  const random = randomOf(seed)
  const topic = 'records'
  const kafka = await startKafka({ topics: { [topic]: { partitions: 12 } } })
  t.after(() => kafka.close())
  const kinds = ['drop', 'drop_answer', 'not_leader'] as const
  const trouble = (): void => {
    const fault: KafkaFault = { kind: random.pick(kinds), times: 1 + random.below(3) }
    kafka.setFault(fault)
  }
  trouble()
  const connection = { brokers: [kafka.address], topic, tls: false }
  return {
    name,
    feed: { kind: 'kafka', ...connection, bodies: hasBodies, compression: 'gzip', messageBytes: 16_384 },
    hasBodies,
    async away() {
      kafka.clearFaults()
      kafka.setFault({ kind: 'drop', times: 1_000_000 })
    },
    async back() {
      kafka.clearFaults()
      trouble()
    },
    records: () => arrivedInTopic(kafka, topic),
  }
}
