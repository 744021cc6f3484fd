/** Client of the management API. */
import type { CliContext } from '../context.ts'
import { type AdminQuestion, requestAdmin } from './admin-request.ts'
import { knownFilters } from './known-names.ts'

export type { AdminQuery } from './admin-request.ts'

/**
 * Sends a request and returns the JSON, as `requestAdmin`. Names in its filters are looked up first, so that a name
 * that does not exist is an error and not an empty answer.
 */
export async function askAdmin<T>(context: CliContext, question: AdminQuestion): Promise<T> {
  const { query, as } = question
  if (query === undefined) return requestAdmin(context, question)
  return requestAdmin(context, { ...question, query: await knownFilters(context, query, as) })
}
