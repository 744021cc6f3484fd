/** What a head or a failure says, whoever asks: the relay to a client, or a copy that has none. */
import { firstValue } from '../../wire/backends.ts'
import { isEventStream, isJson } from '../../wire/media-types.ts'
import type { Asked } from '../receive/request.ts'
import { observeAnswer } from './answer.ts'
import type { CreatedObjects } from './created-objects.ts'
import { observeEncoded } from './encoded.ts'
import { blind, type Observer } from './observer.ts'

export type AnswerHeaders = Record<string, string | string[] | undefined>

/** What an answer's head says of its body, for whoever observes it. */
export interface AnswerForm {
  readonly contentType: string | null
  readonly encoding: string | null
  /** True when usage is to be taken out of a stream. */
  readonly hideUsage: boolean
}

/** @param hidden True where the client did not ask for usage and the gateway did. */
export function formOf(headers: AnswerHeaders, hidden: boolean): AnswerForm {
  const contentType = firstValue(headers['content-type'])
  const encoding = firstValue(headers['content-encoding'])
  const isPlain = encoding === null || /^\s*identity\s*$/i.test(encoding)
  // Of an answer whose length is announced nothing can be taken out, unless it is a stream by its type: then the length is left out.
  const isOfLength = headers['content-length'] !== undefined && !isEventStream(contentType)
  return { contentType, encoding: isPlain ? null : encoding, hideUsage: hidden && isPlain && !isOfLength }
}

export function observerFor(form: AnswerForm, asked: Asked, created: CreatedObjects | null): Observer {
  const { contentType, encoding, hideUsage } = form
  const declared = isEventStream(contentType) ? 'stream' : isJson(contentType) ? 'json' : 'other'
  // A file may be of any form; what a deployment says is read whatever it is called.
  if (declared === 'other' && asked.deployment === null) return blind
  const observer = observeAnswer(declared, hideUsage, created)
  return encoding === null ? observer : observeEncoded(encoding, observer)
}
