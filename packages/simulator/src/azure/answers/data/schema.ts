/**
 * The form of each data file in this folder. A test compares the files with it; the types of `index.ts` come from it.
 */
import { z } from 'zod'
import { codeLanguages, foreignLanguages, languages } from './languages.ts'

const text = z.string().regex(/^\S(?:.*\S)?$/s, 'has text, and no space around it')
const texts = z.array(text).min(1)
/** A text of one line, or the lines of a longer one. */
const lines = z.union([z.string().regex(/^[^\n]+$/), z.array(z.string().regex(/^[^\n]*$/)).min(2)])
/** The source of a regular expression. */
const pattern = z.string().refine(isPattern, 'is a regular expression')
const keyed = z.record(z.string().regex(/^[a-z][a-z -]*$/), text)

function isPattern(source: string): boolean {
  try {
    return new RegExp(source).source === source
  } catch {
    return false
  }
}

const topics = z.array(z.strictObject({ ask: text, say: lines, more: texts, next: text.exactOptional() }))
const code = z.partialRecord(z.enum(codeLanguages), lines)
const codeRows = z.array(
  z.strictObject({ words: pattern, title: text, says: text, saysOfSql: text.exactOptional(), code }),
)
const profession = { hook: text, tasks: texts, asks: texts }

/** By the file's path in this folder. */
export const dataFiles = {
  'capitals.json': keyed,
  'code/calls.json': codeRows,
  'code/classics.json': codeRows,
  'code/formats.json': codeRows,
  'code/lists.json': codeRows,
  'code/skeletons.json': z.record(z.enum(codeLanguages), lines),
  'colleagues.json': z.strictObject({
    colleagues: z.array(
      z.strictObject({ name: text, unit: text, place: text, languages: text, skills: text, did: text }),
    ),
    regions: keyed,
  }),
  'foreign.json': z.strictObject({
    rows: z.array(z.strictObject({ ask: pattern, say: z.record(z.enum(foreignLanguages), text) })),
    unknown: z.record(z.enum(foreignLanguages), texts),
  }),
  'glossary.json': keyed,
  'knowledge.json': z.array(z.strictObject({ lead: text, near: text, facts: texts })),
  'mails.json': z.strictObject({
    acts: z.record(
      z.string().regex(/^[a-z]+$/),
      z.strictObject({
        subject: text,
        opening: text,
        bareSubject: text.nullable(),
        bare: text.nullable(),
        details: texts,
        closing: texts,
      }),
    ),
    occasions: z.array(z.strictObject({ words: pattern, acts: texts, say: text })),
  }),
  'meetings.json': z.strictObject({ openings: texts, points: texts, endings: texts }),
  'names.json': z.strictObject({ givenNames: texts, familyNames: texts, cities: texts }),
  'phrases.json': z.strictObject({ phrasebook: z.array(z.record(z.enum(languages), text)), jokes: texts }),
  'plain-words.json': z.array(z.strictObject({ formal: pattern, plain: text, term: text.nullable() })),
  'professions.json': z.strictObject({
    professions: z.array(z.strictObject({ words: pattern, ...profession })),
    unknown: z.strictObject(profession),
  }),
  'topics/office.json': topics,
  'topics/operations.json': topics,
  'topics/programming.json': topics,
  'topics/staff.json': topics,
  'topics/world.json': topics,
  'unknown.json': z.strictObject({
    kinds: z.array(z.strictObject({ begins: pattern, say: texts })),
    others: texts,
  }),
  'words.json': z.strictObject({
    fillers: texts,
    orders: texts,
    telltales: z.record(z.enum(foreignLanguages), texts),
  }),
} as const satisfies Readonly<Record<string, z.ZodType>>

export type DataFiles = { readonly [Path in keyof typeof dataFiles]: z.infer<(typeof dataFiles)[Path]> }
