import type { z } from '@hono/zod-openapi'
import type { AdminRole } from './index.ts'
import { errorAnswer } from './schemas.ts'

/** Describes a JSON answer in the OpenAPI document. */
export function jsonAnswer<S extends z.ZodType>(schema: S, description: string) {
  return { description, content: { 'application/json': { schema } } }
}

/** Describes a JSON body in the OpenAPI document; `json-bodies.ts` says how long it may be. */
export function jsonBody<S extends z.ZodType>(schema: S) {
  return { required: true, content: { 'application/json': { schema } } } as const
}

/** Describes a JSON answer that is written piece by piece, which the router's types cannot check. */
export function streamedJsonAnswer(schema: z.ZodType, description: string) {
  const content: Record<string, { schema: z.ZodType }> = { 'application/json': { schema } }
  return { description, content }
}

/** Answers that every route can give. */
export const commonAnswers = {
  400: jsonAnswer(errorAnswer, 'A parameter is wrong: `param` says which, `message` what is allowed.'),
  401: jsonAnswer(errorAnswer, 'No token, or one that is not accepted.'),
  403: jsonAnswer(errorAnswer, 'The caller does not have the role.'),
  429: jsonAnswer(errorAnswer, 'Too many questions or tails of this reader are waiting.'),
  503: jsonAnswer(
    errorAnswer,
    'The ledger, the key set of the sign-in service or the groups of the caller cannot be read, or the ledger is busy.',
  ),
}

export const unknownRecord = jsonAnswer(errorAnswer, 'No such record.')
export const unknownFeed = jsonAnswer(errorAnswer, 'No such feed.')
export const unknownWorkload = jsonAnswer(errorAnswer, 'No such workload.')
export const unknownInstance = jsonAnswer(errorAnswer, 'No such instance.')

/** States the roles of which any is enough, in the document; `roles.ts` decides them. */
export function needs(...roles: readonly (AdminRole | 'caller')[]) {
  return { 'x-gatehouse-roles': roles }
}
