/**
 * A workload's rules for maxima: whether calls must set one, how large it may be, and the maximum of a call that sets
 * none.
 */

import type { Demand } from '../../../wire/demand.ts'
import { modelFacts } from '../../../wire/models.ts'
import type { Operation } from '../../../wire/operations.ts'
import type { Workload } from '../../plan/index.ts'
import { Refusal } from '../../refusals.ts'

/** Operations whose answers are text, with the member that bounds the answer. Chat has two: the model decides. */
const members: Readonly<Partial<Record<Operation['name'], string>>> = {
  'chat/completions': 'max_tokens',
  completions: 'max_tokens',
  responses: 'max_output_tokens',
}

/** A maximum that the workload puts into a call that sets none. */
export interface AddedMaximum {
  /** Most tokens of one answer. */
  readonly tokens: number
  /**
   * The member to use: `usual` suits the configured model, `other` is for an instance that refused the usual one, and
   * `none` for an instance that said its model writes less anyway.
   */
  readonly as: 'usual' | 'other' | 'none'
}

/** The member that bounds an answer of this operation on this model; null for operations that have none. */
export function maximumMember(operation: Operation['name'], model: string, as: AddedMaximum['as']): string | null {
  if (as === 'none') return null
  if (operation !== 'chat/completions') return members[operation] ?? null
  const isNewer = modelFacts(model).refusesMaxTokens ? as === 'usual' : as === 'other'
  return isNewer ? 'max_completion_tokens' : 'max_tokens'
}

/**
 * The demand, with the workload's maximum where the call sets none.
 * @returns `added` is the maximum to put into the body; null where nothing is added.
 * @throws Refusal maximum_missing, maximum_too_large
 */
export function withMaximum(
  demand: Demand,
  { name, output }: Pick<Workload, 'name' | 'output'>,
  operation: Operation['name'],
): { readonly demand: Demand; readonly added: AddedMaximum | null } {
  const param = members[operation]
  if (output === null || param === undefined) return { demand, added: null }
  const { completionTokensMax, answers } = demand
  if (completionTokensMax === null) {
    if (output.required) throw new Refusal('maximum_missing', { workload: name, param }, { param })
    if (output.standard === null) return { demand, added: null }
    return {
      demand: { answers, completionTokensMax: output.standard * answers },
      added: { tokens: output.standard, as: 'usual' },
    }
  }
  const asked = completionTokensMax / answers
  if (output.most !== null && asked > output.most) {
    throw new Refusal('maximum_too_large', { workload: name, asked, most: output.most }, { param })
  }
  return { demand, added: null }
}

/**
 * The same check for a line of a batch file. Nothing is added to a line: where calls get a maximum, the line must bring
 * one.
 * @throws Refusal maximum_missing, maximum_too_large
 */
export function requireMaximum(
  demand: Demand,
  { name, output }: Pick<Workload, 'name' | 'output'>,
  operation: Operation['name'],
): void {
  const required = output !== null && (output.required || output.standard !== null)
  withMaximum(demand, { name, output: output === null ? null : { ...output, required } }, operation)
}
