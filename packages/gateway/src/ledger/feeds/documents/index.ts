/**
 * Records as messages of transports with a limit of size: one JSON object each, long ones in numbered parts; and how
 * readers put parts together. docs/data-explorer.md describes the parts.
 */
export { type IncompleteRecord, PartJoiner, type PartJoinerOptions } from './join.ts'
export { type RecordDocument, UnreadableMessageError } from './part.ts'
export { readMessage } from './read.ts'
export { type MessageSettings, MessageWriter, orderingKey, type RecordMessage, UnsendableError } from './write.ts'
