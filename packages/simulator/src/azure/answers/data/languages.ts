/** The languages that models answer in. */
export const languages = ['english', 'german', 'french', 'spanish', 'italian'] as const
export type Language = (typeof languages)[number]
export const foreignLanguages = ['german', 'french', 'spanish', 'italian'] as const
export type ForeignLanguage = (typeof foreignLanguages)[number]

/** The languages that code templates are written in. */
export const codeLanguages = ['typescript', 'javascript', 'python', 'csharp', 'go', 'sql'] as const
export type CodeLanguage = (typeof codeLanguages)[number]
