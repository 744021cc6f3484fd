/** The languages that templates are written in. */
export const codeLanguages = ['typescript', 'javascript', 'python', 'csharp', 'go', 'sql'] as const
export type CodeLanguage = (typeof codeLanguages)[number]

/** A task that is often asked for, solved in several languages. */
export interface CodeRow {
  readonly words: RegExp
  /** Goes on after "a function that". */
  readonly title: string
  /** The idea, and what could go wrong. */
  readonly says: string
  /** Instead of `says` for the statement in SQL, which works in another way. */
  readonly saysOfSql?: string
  readonly code: Partial<Readonly<Record<CodeLanguage, string>>>
}
