/** What calls write and a scrape reads later. Created before everything that counts; `metrics.ts` reads it. */
import { CallFigures, type EndedCall } from './calls.ts'
import type { GenAiFigures } from './genai-figures.ts'
import { LimitFigures } from './limit-figures.ts'
import { Children, newCount } from './tally.ts'

export class Figures {
  readonly calls = new CallFigures()
  readonly limits = new LimitFigures()
  /** Billed calls whose model has no price, by model. */
  readonly unpricedCalls = new Children(newCount)

  /** Metrics of the GenAI conventions; null while nobody is sent them. */
  genai: GenAiFigures | null = null

  /** A call has ended. */
  readonly ended = (call: EndedCall): void => {
    this.calls.ended(call)
    this.genai?.ended(call)
  }

  /** A call was billed whose model has no price. */
  unpriced(model: string): void {
    const known = this.unpricedCalls.find(model) ?? this.unpricedCalls.add(model, [model])
    known.value += 1
  }
}
