/** The nodes of a namespace over AMQP 1.0: `$cbs`, `$management`, hubs for senders, partitions for readers. */
import rhea, { type Connection, type Delivery, type EventContext, type Receiver, type Sender } from 'rhea'
import type { Clock } from '../clock.ts'
import { type ClaimParts, Claims } from './claims.ts'
import { Hub, type Partition } from './hub.ts'
import { limitMessages } from './library.ts'
import { batchFormat, readPublication } from './publications.ts'
import { positionOf, startReading } from './reader.ts'
import type { EventHubOptions, Publication, PublicationFate } from './types.ts'

interface Client {
  readonly claims: Claims
  /** Links on which answers of `$cbs` and `$management` go back, by name. */
  readonly answers: Map<string, Sender>
  /** Links of hubs: what they are for, and what must be stopped when they close. */
  readonly links: Map<Receiver | Sender, { readonly address: string; readonly stop: () => void }>
}

export interface NamespaceParts extends ClaimParts {
  readonly clock: Clock
  readonly fate: (publication: Publication) => PublicationFate
  /** Cuts a connection without a word. */
  readonly cut: (connection: Connection) => void
}

type Fault = { readonly condition: string; readonly description: string }

/** Described list of the outcome `accepted`. */
const accepted = rhea.types.wrap_described([], 0x24)

export class Namespace {
  readonly hubs = new Map<string, Hub>()
  readonly #parts: NamespaceParts
  readonly #clients = new Map<Connection, Client>()
  /** Readers with an owner level, by consumer group and partition. */
  readonly #owners = new Map<string, { readonly level: number; readonly sender: Sender }>()
  #held: Delivery[] = []

  constructor(parts: NamespaceParts) {
    this.#parts = parts
  }

  createHub(name: string, options: EventHubOptions): void {
    this.hubs.set(name.toLowerCase(), new Hub(name, options, this.#parts.clock))
  }

  deleteHub(name: string): void {
    this.hubs.delete(name.toLowerCase())
    this.#closeLinks(notFound(name), address => address.split('/')[0] === name.toLowerCase())
  }

  expireTokens(): void {
    for (const { claims } of this.#clients.values()) claims.expire()
    this.#closeLinks(expired, () => true)
  }

  detachLinks(): void {
    this.#closeLinks(
      { condition: 'amqp:link:detach-forced', description: 'The link was idle for ten minutes.' },
      () => true,
    )
  }

  release(): void {
    for (const delivery of this.#held.splice(0)) answer(() => delivery.accept())
  }

  onReceiver({ connection, receiver }: EventContext): void {
    if (receiver === undefined) return
    const address = addressOf(receiver.target)
    receiver.set_target(receiver.target)
    receiver.set_source(receiver.source)
    if (address === '$cbs' || address === '$management') return
    const [name = '', kind, id] = address.split('/')
    const hub = this.hubs.get(name)
    const isKnown = kind === undefined || (kind === 'partitions' && hub?.partition(id ?? '') !== null)
    const fault = this.#faultOf(connection, address, hub) ?? (isKnown ? null : notFound(address))
    if (fault !== null || hub === undefined) {
      receiver.close(fault ?? notFound(name))
      return
    }
    limitMessages(receiver, hub.messageBytesMax)
    this.#client(connection).links.set(receiver, { address, stop: () => {} })
  }

  onSender({ connection, sender }: EventContext): void {
    if (sender === undefined) return
    const address = addressOf(sender.source)
    sender.set_source(sender.source)
    sender.set_target(sender.target)
    if (address === '$cbs' || address === '$management') {
      this.#client(connection).answers.set(sender.name, sender)
      return
    }
    const [name = '', , group = '', , id = ''] = address.split('/')
    const hub = this.hubs.get(name)
    const partition = hub?.partition(id) ?? null
    const position = positionOf(sender.source.filter?.['apache.org:selector-filter:string'])
    const fault =
      this.#faultOf(connection, address, hub) ??
      (position === null ? badFilter : null) ??
      (this.#own(sender, `${name}/${group}/${id}`) ? null : stolen)
    if (fault !== null || partition === null || position === null) {
      sender.close(fault ?? notFound(address))
      return
    }
    this.#client(connection).links.set(sender, { address, stop: startReading(sender, partition, position) })
  }

  onMessage({ connection, receiver, delivery, message }: EventContext): void {
    if (receiver === undefined || delivery === undefined || message === undefined) return
    const address = addressOf(receiver.target)
    if (address === '$cbs') void this.#putToken(connection, message, delivery)
    else if (address === '$management') this.#read(connection, message, delivery)
    else this.#publish({ connection, receiver, delivery, address, data: message as unknown as Buffer })
  }

  onClose({ connection, sender, receiver }: EventContext): void {
    const link = sender ?? receiver
    if (link === undefined) return
    const client = this.#client(connection)
    client.links.get(link)?.stop()
    client.links.delete(link)
  }

  onDisconnected({ connection }: EventContext): void {
    for (const { stop } of this.#clients.get(connection)?.links.values() ?? []) stop()
    this.#clients.delete(connection)
  }

  #client(connection: Connection): Client {
    const known = this.#clients.get(connection)
    if (known !== undefined) return known
    const made: Client = { claims: new Claims(this.#parts), answers: new Map(), links: new Map() }
    this.#clients.set(connection, made)
    return made
  }

  #faultOf(connection: Connection, address: string, hub: Hub | undefined): Fault | null {
    if (hub === undefined) return notFound(address.split('/')[0] ?? '')
    return this.#client(connection).claims.allow(address) ? null : unauthorized
  }

  #closeLinks(fault: Fault, isMeant: (address: string) => boolean): void {
    for (const { links } of this.#clients.values())
      for (const [link, { address }] of links) if (isMeant(address)) link.close(fault)
  }

  /** A reader with a higher owner level, or the same, replaces another; one with a lower level is refused. */
  #own(sender: Sender, place: string): boolean {
    const level = Number(sender.properties?.['com.microsoft:epoch'] ?? Number.NaN)
    const owner = this.#owners.get(place)
    if (owner?.sender.is_open() === true) {
      if (!(level >= owner.level)) return false
      owner.sender.close(stolen)
    }
    if (!Number.isNaN(level)) this.#owners.set(place, { level, sender })
    return true
  }

  async #putToken(connection: Connection, message: AmqpMessage, delivery: Delivery): Promise<void> {
    delivery.accept()
    const { name, type } = message['application_properties'] ?? {}
    const put = { audience: String(name), type: String(type), token: String(message['body']) }
    const answer = await this.#client(connection).claims.put(put)
    const status = answer?.status ?? 202
    this.#answer(connection, message, '', { 'status-code': status, 'status-description': answer?.reason ?? 'Accepted' })
  }

  #read(connection: Connection, message: AmqpMessage, delivery: Delivery): void {
    delivery.accept()
    const { name, type, partition: id } = message['application_properties'] ?? {}
    const hub = this.hubs.get(String(name).toLowerCase())
    const isPartition = type === 'com.microsoft:partition'
    const partition = isPartition ? (hub?.partition(String(id)) ?? null) : null
    if (hub === undefined || (isPartition && partition === null)) {
      const { condition, description } = notFound(String(name))
      const properties = { 'status-code': 404, 'status-description': description, 'error-condition': condition }
      this.#answer(connection, message, '', properties)
      return
    }
    const body = partition === null ? factsOfHub(hub) : factsOfPartition(hub, partition)
    this.#answer(connection, message, body, { 'status-code': 200, 'status-description': 'OK' })
  }

  #answer(connection: Connection, to: AmqpMessage, body: unknown, properties: object): void {
    const { reply_to: name, message_id: id } = to
    const sender = this.#client(connection).answers.get(String(name))
    if (sender?.is_open() === true)
      sender.send(rheaMessage({ correlation_id: id, to: name, application_properties: properties, body }))
  }

  #publish({ connection, receiver, delivery, address, data }: Arrived): void {
    const [name = '', , id] = address.split('/')
    const hub = this.hubs.get(name)
    if (hub === undefined) receiver.close(notFound(name))
    else if (!this.#client(connection).claims.allow(address)) receiver.close(expired)
    else if (data.byteLength > hub.messageBytesMax)
      answer(() => delivery.reject(tooLarge(data.byteLength, hub.messageBytesMax)))
    else {
      const { partitionKey, events } = readPublication(data, delivery.format === batchFormat)
      const partition = (id === undefined ? null : hub.partition(id)) ?? hub.partitionFor(partitionKey)
      const facts = { hub: hub.name, partition: partition.id, partitionKey, events: events.length }
      const fate = this.#parts.fate({ ...facts, bytes: data.byteLength })
      this.#meet(fate, () => hub.append(partition, events, partitionKey), { connection, receiver, delivery })
    }
  }

  #meet(fate: PublicationFate, keep: () => void, at: Pick<Arrived, 'connection' | 'receiver' | 'delivery'>): void {
    const { connection, receiver, delivery } = at
    if (fate !== 'busy' && fate !== 'lose') keep()
    switch (fate) {
      case 'busy':
        answer(() => delivery.reject(busy))
        return
      case 'lose':
        receiver.close(lost)
        return
      case 'drop':
        this.#parts.cut(connection)
        return
      case 'hold':
        this.#held.push(delivery)
        return
      case 'late':
        answer(() => delivery.update(false, accepted))
        answer(() => delivery.update(true, accepted))
        return
      case 'double':
        keep()
        answer(() => delivery.accept())
        return
      case 'accept':
        answer(() => delivery.accept())
        return
      default:
        fate satisfies never
    }
  }
}

/** One answer at a time: the library takes two different ones of one turn for the first of them. */
const answer = (give: () => void): void => void setImmediate(give)

type AmqpMessage = NonNullable<EventContext['message']>

interface Arrived {
  readonly connection: Connection
  readonly receiver: Receiver
  readonly delivery: Delivery
  readonly address: string
  /** The encoded message. */
  readonly data: Buffer
}

const addressOf = (terminus: { readonly address?: unknown } | undefined): string =>
  String(terminus?.address ?? '').toLowerCase()

const rheaMessage = (fields: object): AmqpMessage => fields as AmqpMessage

function factsOfHub({ name, createdAtMs, partitions }: Hub): object {
  return {
    ...{ name, type: 'com.microsoft:eventhub', created_at: new Date(createdAtMs), georeplication_factor: 1 },
    ...{ partition_count: partitions.length, partition_ids: partitions.map(({ id }) => id) },
  }
}

function factsOfPartition(hub: Hub, { id, events, next }: Partition): object {
  const last = events.at(-1)
  return {
    ...{ name: hub.name, type: 'com.microsoft:partition', partition: id },
    begin_sequence_number: rhea.types.wrap_long(events[0]?.sequenceNumber ?? next),
    last_enqueued_sequence_number: rhea.types.wrap_long(next - 1),
    last_enqueued_offset: last?.offset ?? '-1',
    last_enqueued_time_utc: new Date(last?.enqueuedAtMs ?? hub.createdAtMs),
    is_partition_empty: events.length === 0,
  }
}

const notFound = (name: string): Fault => ({
  condition: 'amqp:not-found',
  description: `The messaging entity '${name}' could not be found.`,
})
const tooLarge = (bytes: number, max: number): Fault => ({
  condition: 'amqp:link:message-size-exceeded',
  description: `The received message (size:${bytes} bytes) exceeds the limit (${max} bytes) currently allowed on the link.`,
})
const unauthorized: Fault = {
  condition: 'amqp:unauthorized-access',
  description: "Unauthorized access. 'Send' or 'Listen' claim(s) are required to perform this operation.",
}
const expired: Fault = { condition: 'amqp:unauthorized-access', description: 'ExpiredToken: The token is expired.' }
const stolen: Fault = {
  condition: 'amqp:link:stolen',
  description: 'New receiver with higher epoch is created hence current receiver is getting disconnected.',
}
const badFilter: Fault = { condition: 'amqp:invalid-field', description: 'The filter of the link cannot be read.' }
const lost: Fault = { condition: 'amqp:link:detach-forced', description: 'The link was closed by the service.' }
const busy: Fault = {
  condition: 'com.microsoft:server-busy',
  description:
    'The request was terminated because the entity is being throttled. Error code : 50002. Please wait 4 seconds and try again.',
}
