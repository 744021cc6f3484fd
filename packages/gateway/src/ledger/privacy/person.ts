import { QuestionError } from '../index.ts'
import type { ErasedPerson } from './index.ts'

/** @throws QuestionError for a key that is not a user's. */
export function personOf(key: string): ErasedPerson {
  const [, tenantId = '', objectId = ''] = /^user:([^/]+)\/(.+)$/.exec(key) ?? []
  if (objectId === '')
    throw new QuestionError('Only a person can be erased: the key of a caller that begins with user:.')
  return { tenantId, objectId }
}
