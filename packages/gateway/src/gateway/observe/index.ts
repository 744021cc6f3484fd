/** Chooses the observer of an answer by its head. */
import { isJson } from '../../wire/media-types.ts'
import type { AnswerHead } from '../backend/answer-head.ts'
import { observeAnswer } from './answer.ts'
import type { CreatedObjects } from './created-objects.ts'
import { observeEncoded } from './encoded.ts'
import { blind, type Observer } from './observer.ts'

/**
 * True when the usage that the gateway asked for is removed from the answer. It cannot be removed from an encoded body,
 * nor from one with an announced length, unless that is a stream: for streams the gateway leaves the length out.
 */
export function hidesUsage(head: AnswerHead, isAsked: boolean): boolean {
  return isAsked && head.encoding === null && (head.isEventStream || head.headers['content-length'] === undefined)
}

/**
 * @param isFromModel false for calls without a deployment: their answers may be files of any form, which are not read.
 */
export function observerFor(
  { contentType, isEventStream, encoding }: AnswerHead,
  hideUsage: boolean,
  isFromModel: boolean,
  created: CreatedObjects | null,
): Observer {
  const declared = isEventStream ? 'stream' : isJson(contentType) ? 'json' : 'other'
  if (declared === 'other' && !isFromModel) return blind
  const observer = observeAnswer(declared, hideUsage, created)
  return encoding === null ? observer : observeEncoded(encoding, observer)
}
