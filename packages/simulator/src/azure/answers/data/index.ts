/**
 * What simulated models know and say, from the JSON files in this folder. They are read once, when the process starts.
 * Texts of several lines are lists of lines there, and patterns are the source of regular expressions that ignore case.
 * `schema.ts` has the form of each file.
 */
import { readFileSync } from 'node:fs'
import type { CodeLanguage, ForeignLanguage, Language } from './languages.ts'
import type { DataFiles } from './schema.ts'

/** Reads a file of this folder. A test has checked the form of each file. */
function load<Path extends keyof DataFiles>(path: Path): DataFiles[Path] {
  // Read instead of imported: Node 20 and 22 print a warning about imports of JSON.
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
}

const capitalRows = load('capitals.json')
const codeCalls = load('code/calls.json')
const codeClassics = load('code/classics.json')
const codeFormats = load('code/formats.json')
const codeLists = load('code/lists.json')
const codeSkeletons = load('code/skeletons.json')
const directory = load('colleagues.json')
const foreign = load('foreign.json')
const glossaryRows = load('glossary.json')
const knowledgeRows = load('knowledge.json')
const mails = load('mails.json')
const meetings = load('meetings.json')
const names = load('names.json')
const phrases = load('phrases.json')
const plainWordRows = load('plain-words.json')
const jobs = load('professions.json')
const officeTopics = load('topics/office.json')
const operationsTopics = load('topics/operations.json')
const programmingTopics = load('topics/programming.json')
const staffTopics = load('topics/staff.json')
const worldTopics = load('topics/world.json')
const unknowns = load('unknown.json')
const words = load('words.json')

/** A text, or its lines. */
type Lines = string | readonly string[]

const joined = (lines: Lines): string => (typeof lines === 'string' ? lines : lines.join('\n'))
const ignoringCase = (source: string): RegExp => new RegExp(source, 'i')

/** A subject that the models can explain. */
export interface Topic {
  /**
   * The ways in which questions name it, separated by `|`. Each way is a set of words that must all occur (by stem, in
   * any order), with `/` between alternatives for one word: `carry/carried leave/vacation | unused days`.
   */
  readonly ask: string
  /** Answers the question by itself; two or three sentences, with code where code says more. */
  readonly say: string
  /** Sentences that go deeper; an answer has some of them, in this order. */
  readonly more: readonly string[]
  /** A question back that fits; some answers end with it. */
  readonly next?: string
}

export const topics: readonly Topic[] = [
  ...staffTopics,
  ...programmingTopics,
  ...operationsTopics,
  ...officeTopics,
  ...worldTopics,
].map(topic => ({ ...topic, say: joined(topic.say) }))

/** A programming task that is often asked for, solved in several languages. */
export interface CodeRow {
  /** A question that matches asks for this task. */
  readonly words: RegExp
  /** Continues the sentence "a function that". */
  readonly title: string
  /** The idea, and what could go wrong. */
  readonly says: string
  /** Replaces `says` for the statement in SQL, which works in another way. */
  readonly saysOfSql?: string
  readonly code: Partial<Readonly<Record<CodeLanguage, string>>>
}

/** In the order of their priority: the first row that matches the question is used. */
export const codeRows: readonly CodeRow[] = [...codeCalls, ...codeFormats, ...codeLists, ...codeClassics].map(
  ({ words, code, ...row }) => ({ ...row, words: ignoringCase(words), code: byLanguage(code) }),
)

/**
 * A program's frame in each language: it reads its input, rejects an empty one, and has the rule in a function of its
 * own.
 */
export const skeletons: CodeRow['code'] = byLanguage(codeSkeletons)

function byLanguage(code: Partial<Readonly<Record<CodeLanguage, Lines>>>): CodeRow['code'] {
  return Object.fromEntries(Object.entries(code).map(([language, lines]) => [language, joined(lines)]))
}

/** Capitals by the name of their country, in lower case. */
export const capitals: Readonly<Record<string, string>> = capitalRows

/** A person of the demonstration's company, for questions that look for an expert. */
export interface Colleague {
  readonly name: string
  readonly unit: string
  readonly place: string
  /** Separated by commas. */
  readonly languages: string
  /** Separated by commas. */
  readonly skills: string
  /** Continues a sentence that begins with the name: why this person. */
  readonly did: string
}

export const colleagues: readonly Colleague[] = directory.colleagues
/** Countries and regions that questions name, and the places of colleagues that lie in them. */
export const regions: Readonly<Record<string, string>> = directory.regions

/** The most frequent questions of employees, answered in the other languages. */
export interface ForeignRow {
  /** Matches the question in any of the languages. */
  readonly ask: RegExp
  readonly say: Readonly<Record<ForeignLanguage, string>>
}

export const foreignRows: readonly ForeignRow[] = foreign.rows.map(row => ({ ...row, ask: ignoringCase(row.ask) }))
/** Answers where nothing is known. `{topic}` is the question's own phrase. */
export const foreignUnknown: Readonly<Record<ForeignLanguage, readonly string[]>> = foreign.unknown

/** Terms in lower case, each with a phrase that continues "TERM is". */
export const glossary: Readonly<Record<string, string>> = glossaryRows

/**
 * A row of facts, chosen when its words occur in the question (by stem). One `lead` word is enough; `near` words raise
 * the score. Each fact is a sentence that makes sense by itself.
 */
export interface KnowledgeRow {
  /** Separated by spaces. */
  readonly lead: string
  /** Separated by spaces. */
  readonly near: string
  readonly facts: readonly string[]
}

export const knowledge: readonly KnowledgeRow[] = knowledgeRows

/**
 * The parts of a mail, by its purpose. `{rest}` is what follows the verb in the request, `{thing}` the same without its
 * first preposition.
 */
export interface MailAct {
  readonly subject: string
  readonly opening: string
  /** Subject for requests that name nothing but the receiver; null for no difference. */
  readonly bareSubject: string | null
  /** Opening for such requests. */
  readonly bare: string | null
  readonly details: readonly string[]
  readonly closing: readonly string[]
}

/** By the stem of the verb in the request, as `invit`. */
export const mailActs: Readonly<Record<string, MailAct>> = mails.acts

/** Sentences that fit an occasion, for the purposes in `acts`. */
export interface Occasion {
  readonly words: RegExp
  readonly acts: readonly string[]
  readonly say: string
}

export const occasions: readonly Occasion[] = mails.occasions.map(row => ({ ...row, words: ignoringCase(row.words) }))

/** Sentences of recorded meetings: the first, one in the middle, the last. */
export const { openings, points, endings }: Readonly<Record<keyof typeof meetings, readonly string[]>> = meetings

/** Names of people and cities, for fields without a value in the question. */
export const { givenNames, familyNames, cities }: Readonly<Record<keyof typeof names, readonly string[]>> = names

/** Phrases that are translated as a whole. */
export const phrasebook: readonly Readonly<Record<Language, string>>[] = phrases.phrasebook
export const jokes: readonly string[] = phrases.jokes

/** A formal wording and what people say instead. */
export interface PlainWording {
  readonly formal: RegExp
  /** May refer to named groups of `formal`, as `$<unit>`. */
  readonly plain: string
  /** Explains a word that is worth knowing; null for none. */
  readonly term: string | null
}

/** Longer wordings come first. */
export const plainWords: readonly PlainWording[] = plainWordRows.map(row => ({
  ...row,
  formal: new RegExp(row.formal, 'gi'),
}))

/** The content of job advertisements for a profession. */
export interface Profession {
  readonly hook: string
  readonly tasks: readonly string[]
  readonly asks: readonly string[]
}

export const professions: readonly (Profession & { readonly words: RegExp })[] = jobs.professions.map(row => ({
  ...row,
  words: ignoringCase(row.words),
}))
export const unknownProfession: Profession = jobs.unknown

/** A kind of question about an unknown subject. */
export interface UnknownKind {
  /** Pattern of how such questions begin. */
  readonly begins: string
  /** Honest answers; `$1` is the question's subject. */
  readonly say: readonly string[]
}

/** In the order of their priority: the first kind that fits is used. */
export const unknownKinds: readonly UnknownKind[] = unknowns.kinds
/** Answers to questions of no kind; `$1` is the question. */
export const unknownOthers: readonly string[] = unknowns.others

/** Words that carry no topic, in all languages that are answered in. */
export const fillers: ReadonlySet<string> = new Set(words.fillers)
/** Verbs of orders: the topic follows them. */
export const orders: ReadonlySet<string> = new Set(words.orders)
/** Small words that show the language of a question: two different ones are enough. */
export const telltales: Readonly<Record<ForeignLanguage, ReadonlySet<string>>> = {
  german: new Set(words.telltales.german),
  french: new Set(words.telltales.french),
  spanish: new Set(words.telltales.spanish),
  italian: new Set(words.telltales.italian),
}
