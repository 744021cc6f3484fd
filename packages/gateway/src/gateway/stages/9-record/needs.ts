/**
 * The most tokens that recent calls of a deployment needed, for calls whose end is never seen. A reasoning model thinks
 * before its first word, and the text of an answer that broke off does not show how much.
 */
import { modelFacts } from '../../../wire/models.ts'
import type { Usage } from '../../../wire/usage.ts'

/** Length of a span, in calls. The span before the current one still counts, older ones are forgotten. */
const callsOfSpan = 64

/** The most tokens that one call of a deployment had. */
export interface Needs {
  /** Tokens beyond the text of the answer. */
  readonly hidden: number
  /** All completion tokens of the answer. */
  readonly completion: number
}

interface Seen {
  calls: number
  now: Needs
  before: Needs
}

const nothing: Needs = { hidden: 0, completion: 0 }

/**
 * Needs over the last 64 to 128 calls of each deployment. Bounded by the number of deployments that workloads may use.
 */
export class NeedsSeen {
  readonly #seen = new Map<string, Seen>()

  /** @param usage as reported at the end of an answer of this deployment. */
  learn(deployment: string, { reasoningTokens, completionTokens }: Usage): void {
    const seen = this.#seen.get(deployment) ?? this.#begin(deployment)
    const hidden = reasoningTokens ?? 0
    const completion = completionTokens ?? 0
    if (hidden > seen.now.hidden || completion > seen.now.completion) {
      seen.now = most(seen.now, { hidden, completion })
    }
    seen.calls += 1
    if (seen.calls < callsOfSpan) return
    seen.calls = 0
    seen.before = seen.now
    seen.now = nothing
  }

  #begin(deployment: string): Seen {
    const begun = { calls: 0, now: nothing, before: nothing }
    this.#seen.set(deployment, begun)
    return begun
  }

  of(deployment: string): Needs {
    const seen = this.#seen.get(deployment)
    return seen === undefined ? nothing : most(seen.now, seen.before)
  }

  /** True when more may be billed than the text of an answer shows. */
  mayHide(deployment: string, model: string): boolean {
    return this.of(deployment).hidden > 0 || modelFacts(model).mayThink
  }
}

function most(one: Needs, other: Needs): Needs {
  return { hidden: Math.max(one.hidden, other.hidden), completion: Math.max(one.completion, other.completion) }
}
