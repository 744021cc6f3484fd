/** Publications as they come over a link: a batch of encoded messages in the data sections of an outer one. */
import rhea from 'rhea'
import type { ArrivedEvent } from './hub.ts'

export interface ReadPublication {
  readonly partitionKey: string | null
  readonly events: readonly ArrivedEvent[]
}

/** Format of a batch: https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-protocol-guide */
export const batchFormat = 0x80013700

/** @param data the encoded message of a delivery. @param isBatch true when it has the format of a batch. */
export function readPublication(data: Buffer, isBatch: boolean): ReadPublication {
  const outer = rhea.message.decode(data)
  const partitionKey: unknown = outer.message_annotations?.['x-opt-partition-key']
  const messages = isBatch ? sectionsOf(outer.body).map(section => rhea.message.decode(section)) : [outer]
  return { partitionKey: typeof partitionKey === 'string' ? partitionKey : null, events: messages.map(eventOf) }
}

function eventOf(message: Readonly<Record<string, unknown>>): ArrivedEvent {
  const { body, application_properties: properties, message_id: id, content_type: type } = message
  return {
    body: Buffer.concat(sectionsOf(body)),
    properties: typeof properties === 'object' && properties !== null ? { ...properties } : {},
    messageId: typeof id === 'string' ? id : null,
    contentType: typeof type === 'string' ? type : null,
  }
}

/** The data sections of a body. */
function sectionsOf(body: unknown): Buffer[] {
  const content: unknown = typeof body === 'object' && body !== null && 'content' in body ? body.content : body
  const sections: readonly unknown[] = Array.isArray(content) ? content : [content]
  return sections.filter((section): section is Buffer => Buffer.isBuffer(section))
}
