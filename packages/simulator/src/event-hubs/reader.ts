/** A link that reads a partition: it sends what is there, and then what comes, as far as its credit goes. */
import rhea, { type Sender } from 'rhea'
import { offsetStep, type Partition, type Position } from './hub.ts'
import { creditOf } from './library.ts'
import type { KeptEvent } from './types.ts'

/** Events that are sent before other work of the process has its turn. */
const sentAtOnceMax = 200

/** @returns ends it. */
export function startReading(sender: Sender, partition: Partition, position: Position): () => void {
  let next = partition.startOf(position)
  let scheduled: NodeJS.Immediate | null = null
  const send = (): void => {
    scheduled = null
    for (let credit = Math.min(creditOf(sender), sentAtOnceMax); credit > 0 && sender.sendable(); credit -= 1) {
      const event = partition.at(next)
      if (event === null) return
      sender.send(messageOf(event))
      next = event.sequenceNumber + 1
    }
    // The library counts credit after this turn.
    if (creditOf(sender) > 0 && partition.at(next) !== null) wake()
  }
  const wake = (): void => {
    scheduled ??= setImmediate(send)
  }
  const stop = partition.onEvents(wake)
  sender.on('sender_flow', wake)
  return () => {
    stop()
    sender.removeListener('sender_flow', wake)
    if (scheduled !== null) clearImmediate(scheduled)
  }
}

function messageOf(event: KeptEvent) {
  const { body, properties, messageId, contentType, partitionKey } = event
  return {
    message_annotations: {
      'x-opt-sequence-number': rhea.types.wrap_long(event.sequenceNumber),
      'x-opt-offset': event.offset,
      'x-opt-enqueued-time': rhea.types.wrap_timestamp(event.enqueuedAtMs),
      ...(partitionKey === null ? {} : { 'x-opt-partition-key': partitionKey }),
    },
    application_properties: properties,
    ...(messageId === null ? {} : { message_id: messageId }),
    ...(contentType === null ? {} : { content_type: contentType }),
    body: rhea.message.data_section(body),
  }
}

/**
 * The position of a link's filter, as `amqp.annotation.x-opt-offset > '128'`; the beginning where there is none.
 * @returns null for a filter that cannot be read.
 */
export function positionOf(filter: unknown): Position | null {
  if (filter === undefined || filter === null) return { after: 'sequence', value: -1 }
  const form = /^amqp\.annotation\.x-opt-(offset|sequence-number|enqueued-time)(?:-utc)? (>=?) '(@latest|-?\d+)'$/
  const [, name, comparison, text = ''] = form.exec(String(filter)) ?? []
  if (name === undefined) return null
  if (text === '@latest') return { after: 'latest' }
  const value = Number(text) - (comparison === '>=' ? 1 : 0)
  if (name === 'enqueued-time') return { after: 'time', value }
  return { after: 'sequence', value: name === 'offset' && value >= 0 ? Math.floor(value / offsetStep) : value }
}
