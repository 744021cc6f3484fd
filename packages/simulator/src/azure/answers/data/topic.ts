/** One thing that is known. */
export interface Topic {
  /**
   * How questions name it: ways separated by `|`, each a set of words that must all occur (by stem, in any order), with `/` between words
   * that stand for each other: `carry/carried leave/vacation | unused days`.
   */
  readonly ask: string
  /** Answers the question by itself; two or three sentences, code where code says more. */
  readonly say: string
  /** Sentences that go deeper; some of them follow, in this order. */
  readonly more: readonly string[]
  /** A question back that fits; sometimes it ends the answer. */
  readonly next?: string
}
