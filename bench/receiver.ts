/**
 * The receiver of a feed, in a process of its own, behind a gate that can be shut: the feed then finds nobody. Counts
 * the ids of the records that arrive. Argument: the kind of the feed.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startEventHubs } from '../packages/simulator/src/event-hubs/index.ts'
import { startOtlp } from '../packages/simulator/src/otlp/index.ts'
import { type Gate, startGate } from '../test/support/gate.ts'
import { answerParent, isChild } from './child.ts'

/** Sent when the receiver is ready. */
export interface ReceiverReady {
  /** The section of a feed that ships into it. */
  readonly feed: unknown
}

export interface ReceiverTally {
  /** Records that arrived, doubles included. */
  readonly messages: number
  /** The same without doubles. */
  readonly ids: number
}

interface Receiver {
  readonly gate: Gate
  readonly feed: unknown
  tally(): ReceiverTally
  close(): Promise<void>
}

/** In the protobufs of OpenTelemetry. */
const serverKind = 2

const batch = { records: 500, time: '1s' } as const

/** Reads the ids out of the JSON of records, which is ten times as fast as parsing them. */
const idMember = /"id":"([0-9a-f-]{36})","copyOf"/g

class Tally {
  readonly #ids = new Set<string>()
  #messages = 0

  add(json: string): void {
    for (const [, id = ''] of json.matchAll(idMember)) {
      this.#messages += 1
      this.#ids.add(id)
    }
  }

  get now(): ReceiverTally {
    return { messages: this.#messages, ids: this.#ids.size }
  }
}

async function webhook(): Promise<Receiver> {
  const tally = new Tally()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      tally.add(Buffer.concat(chunks).toString())
      response.writeHead(204).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const gate = await startGate((server.address() as AddressInfo).port)
  const secret = `whsec_${randomBytes(32).toString('base64')}`
  return {
    gate,
    feed: { kind: 'webhook', url: `http://${gate.host}:${gate.port}/`, credential: { secret }, bodies: true, batch },
    tally: () => tally.now,
    close: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function eventHubs(): Promise<Receiver> {
  const tally = new Tally()
  const hub = 'gatehouse'
  const key = randomBytes(32).toString('base64')
  const hubs = await startEventHubs({ hubs: { [hub]: { keptBytesMax: 256 * 1_048_576 } }, keys: { bench: key } })
  const gate = await startGate(Number(hubs.namespace.split(':')[1]))
  const connectionString = hubs.connectionString.replace(hubs.namespace, `${gate.host}:${gate.port}`)
  const read = new Map<string, number>()
  const readNew = (): void => {
    for (const { partition, sequenceNumber, body } of hubs.events(hub)) {
      if (sequenceNumber <= (read.get(partition) ?? -1)) continue
      read.set(partition, sequenceNumber)
      tally.add(body.toString())
    }
  }
  return {
    gate,
    feed: { kind: 'event-hubs', hub, credential: { connectionString }, bodies: true, batch },
    tally: () => {
      readNew()
      return tally.now
    },
    close: () => hubs.close(),
  }
}

/** A collector: the trace of a SERVER span is its record. Figures alone, whatever the other kinds ship. */
async function otlp(): Promise<Receiver> {
  const ids = new Set<string>()
  let messages = 0
  const collector = await startOtlp({
    async received(spans) {
      for (const { kind, traceId } of spans) {
        if (kind !== serverKind) continue
        messages += 1
        ids.add(traceId)
      }
      return null
    },
  })
  const gate = await startGate(Number(new URL(collector.url).port))
  return {
    gate,
    feed: { kind: 'otlp', url: `http://${gate.host}:${gate.port}/v1/traces` },
    tally: () => ({ messages, ids: ids.size }),
    close: () => collector.close(),
  }
}

const kinds: Readonly<Record<string, () => Promise<Receiver>>> = { webhook, 'event-hubs': eventHubs, otlp }
export const receiverKinds = Object.keys(kinds)

if (import.meta.main && isChild) {
  const start = kinds[process.argv[2] ?? '']
  if (start === undefined) throw new RangeError(`the kind must be one of ${receiverKinds.join(', ')}`)
  const { gate, feed, tally, close } = await start()
  const ready: ReceiverReady = { feed }
  answerParent(ready, { shut: () => gate.shut(), open: () => gate.open(), tally }, async () => {
    await gate.close()
    await close()
  })
}
