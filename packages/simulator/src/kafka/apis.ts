/**
 * The requests that the broker answers: a row each, in one version that Kafka's clients from 2.1 to 4.4 speak and that
 * has no tagged fields. https://kafka.apache.org/protocol#protocol_messages
 */
import { setTimeout as delay } from 'node:timers/promises'
import { errorCode } from './errors.ts'
import type { KafkaFaults } from './faults.ts'
import type { Partition } from './partition.ts'
import type { Topics } from './topics.ts'
import { type WireReader, WireWriter } from './wire.ts'

export interface BrokerState {
  readonly host: string
  readonly port: number
  readonly topics: Topics
  readonly faults: KafkaFaults
  /** Passwords by user; null when no one has to sign in. */
  readonly users: Readonly<Record<string, string>> | null
  producers: bigint
}

/** What one connection has done so far. */
export interface Session {
  isSignedIn: boolean
}

/** `close`: the connection ends instead of an answer. */
export type Answer = WireWriter | 'close'

export interface Api {
  readonly key: number
  /** The versions that are offered. */
  readonly versions: readonly [least: number, most: number]
  /** True for what may come before a client has signed in. */
  readonly isOpen?: boolean
  answer(request: WireReader, broker: BrokerState, session: Session, version: number): Answer | Promise<Answer>
}

const clusterId = 'gatehouse-simulator-ok'
const nodeId = 1
const noEpoch = -1
const unknownOperations = -2_147_483_648

const produce: Api = {
  key: 0,
  versions: [8, 8],
  async answer(request, { topics, faults }) {
    request.string()
    request.int16()
    request.int32()
    const fault = faults.next()
    if (fault?.kind === 'drop') return 'close'
    const given = request.array(() => ({
      name: request.string(),
      partitions: request.array(() => ({ index: request.int32(), records: request.bytes() })) ?? [],
    }))
    const written = (given ?? []).map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ index, records }) => ({
        index,
        ...append(topics.partition(name, index), records, fault?.kind ?? null),
      })),
    }))
    topics.appended()
    if (fault?.kind === 'drop_answer') return 'close'
    const lateMs = fault?.kind === 'throttle' ? fault.ms : 0
    await delay(lateMs)
    const answer = new WireWriter()
    return answer
      .array(written, topic => {
        answer.string(topic.name).array(topic.partitions, ({ index, error, offset, start }) => {
          answer
            .int32(index)
            .int16(error)
            .int64(offset)
            .int64(-1n)
            .int64(start)
            .array([], () => {})
            .nullString()
        })
      })
      .int32(lateMs)
  },
}

function append(partition: Partition | null, records: Buffer, fault: string | null) {
  const refused = (error: number) => ({ error, offset: -1n, start: 0n })
  if (partition === null) return refused(errorCode.unknownTopic)
  if (fault === 'not_leader') return refused(errorCode.notLeader)
  if (fault === 'too_large') return refused(errorCode.messageTooLarge)
  return { ...partition.append(records), start: partition.start }
}

const fetch: Api = {
  key: 1,
  versions: [11, 11],
  async answer(request, { topics }) {
    request.int32()
    const waitMs = request.int32()
    request.int32()
    const bytesMax = request.int32()
    request.int8()
    request.int32()
    request.int32()
    const wanted =
      request.array(() => ({
        name: request.string(),
        partitions: request.array(() => wantedPartition(request)) ?? [],
      })) ?? []
    const read = () =>
      wanted.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(one => readPartition(topics.partition(name, one.index), one, bytesMax)),
      }))
    let found = read()
    const isEmpty = found.every(({ partitions }) =>
      partitions.every(({ error, records }) => error === errorCode.none && records.byteLength === 0),
    )
    if (isEmpty) {
      await topics.nextBatch(waitMs)
      found = read()
    }
    const answer = new WireWriter().int32(0).int16(errorCode.none).int32(0)
    return answer.array(found, ({ name, partitions }) => {
      answer.string(name).array(partitions, ({ index, error, end, start, records }) => {
        answer.int32(index).int16(error).int64(end).int64(end).int64(start).int32(-1).int32(-1).bytes(records)
      })
    })
  },
}

function wantedPartition(request: WireReader) {
  const index = request.int32()
  request.int32()
  const offset = request.int64()
  request.int64()
  return { index, offset, bytesMax: request.int32() }
}

function readPartition(partition: Partition | null, wanted: ReturnType<typeof wantedPartition>, bytesMax: number) {
  const { index, offset } = wanted
  const nothing = Buffer.alloc(0)
  if (partition === null) return { index, error: errorCode.unknownTopic, end: -1n, start: -1n, records: nothing }
  const { end, start } = partition
  const records = partition.read(offset, Math.min(wanted.bytesMax, bytesMax))
  if (records === null) return { index, error: errorCode.offsetOutOfRange, end, start, records: nothing }
  return { index, error: errorCode.none, end, start, records }
}

const listOffsets: Api = {
  key: 2,
  versions: [5, 5],
  answer(request, { topics }) {
    request.int32()
    request.int8()
    const wanted = request.array(() => ({
      name: request.string(),
      partitions:
        request.array(() => {
          const index = request.int32()
          request.int32()
          return { index, time: request.int64() }
        }) ?? [],
    }))
    const answer = new WireWriter().int32(0)
    return answer.array(wanted ?? [], ({ name, partitions }) => {
      answer.string(name).array(partitions, ({ index, time }) => {
        const partition = topics.partition(name, index)
        const error = partition === null ? errorCode.unknownTopic : errorCode.none
        // -1 asks for the end. The broker keeps no times: every other one is answered with the beginning.
        const offset = (time === -1n ? partition?.end : partition?.start) ?? -1n
        answer.int32(index).int16(error).int64(-1n).int64(offset).int32(noEpoch)
      })
    })
  },
}

const metadata: Api = {
  key: 3,
  versions: [8, 8],
  answer(request, { topics, host, port }) {
    const wanted = request.array(() => request.string()) ?? topics.names()
    const answer = new WireWriter().int32(0)
    answer.array([nodeId], id => answer.int32(id).string(host).int32(port).nullString())
    answer.string(clusterId).int32(nodeId)
    answer.array(wanted, name => {
      const partitions = topics.partitions(name)
      answer
        .int16(partitions.length === 0 ? errorCode.unknownTopic : errorCode.none)
        .string(name)
        .int8(0)
      answer.array([...partitions.keys()], index => {
        answer.int16(errorCode.none).int32(index).int32(nodeId).int32(0)
        const node = (id: number): void => void answer.int32(id)
        answer.array([nodeId], node).array([nodeId], node).array([], node)
      })
      answer.int32(unknownOperations)
    })
    return answer.int32(unknownOperations)
  },
}

const findCoordinator: Api = {
  key: 10,
  versions: [2, 2],
  answer(_request, { host, port }) {
    return new WireWriter().int32(0).int16(errorCode.none).nullString().int32(nodeId).string(host).int32(port)
  },
}

const mechanism = 'PLAIN'

const saslHandshake: Api = {
  key: 17,
  versions: [1, 1],
  isOpen: true,
  answer(request, { users }) {
    const isKnown = request.string() === mechanism && users !== null
    const answer = new WireWriter().int16(isKnown ? errorCode.none : errorCode.unsupportedSasl)
    return answer.array(users === null ? [] : [mechanism], name => answer.string(name))
  },
}

const saslAuthenticate: Api = {
  key: 36,
  versions: [1, 1],
  isOpen: true,
  answer(request, { users }, session) {
    // RFC 4616: an identity to act as, the user and the password, with a NUL between them.
    const [, user = '', password = ''] = request.bytes().toString('utf8').split('\0')
    session.isSignedIn = users !== null && Object.hasOwn(users, user) && users[user] === password
    const answer = new WireWriter()
    if (session.isSignedIn) answer.int16(errorCode.none).nullString()
    else answer.int16(errorCode.saslFailed).string('Authentication failed: Invalid username or password')
    return answer.bytes(Buffer.alloc(0)).int64(0n)
  },
}

const initProducerId: Api = {
  key: 22,
  versions: [1, 1],
  answer(_request, broker) {
    broker.producers += 1n
    return new WireWriter().int32(0).int16(errorCode.none).int64(broker.producers).int16(0)
  },
}

const apiVersions: Api = {
  key: 18,
  versions: [0, 2],
  isOpen: true,
  answer(_request, _broker, _session, version) {
    const answer = versionsAnswer(errorCode.none)
    return version === 0 ? answer : answer.int32(0)
  },
}

/** In the form of version 0, which every client reads: also what a request of a newer version gets (KIP-511). */
export function versionsAnswer(error: number): WireWriter {
  const answer = new WireWriter().int16(error)
  return answer.array(apis, ({ key, versions: [least, most] }) => answer.int16(key).int16(least).int16(most))
}

export const apis: readonly Api[] = [
  produce,
  fetch,
  listOffsets,
  metadata,
  findCoordinator,
  saslHandshake,
  apiVersions,
  initProducerId,
  saslAuthenticate,
]
