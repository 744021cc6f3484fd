import { isRecord, type JsonRecord, textOrNull } from '../../json.ts'
import { answerText } from './answer.ts'
import { factsOf } from './facts.ts'
import { dice } from './random.ts'
import { createFiller, type Filler } from './schema.ts'
import { clipped, instructions, lastQuestion, type Turn } from './turns.ts'
import { capitalised, contentWords, topicPhrase } from './words.ts'

export interface JsonAsk {
  readonly messages: readonly Turn[]
  /**
   * A JSON schema (the part of draft 2020-12 that structured outputs accept); null for `json_object`, which is any
   * sensible object.
   */
  readonly schema: unknown
  readonly seed: number
  /** Distinguishes n > 1 and repeats without a seed; default 0. */
  readonly variant?: number
}

/** JSON text that fits the schema, with the values that the question names. */
export function answerJson(ask: JsonAsk): string {
  const filler = fillerOf(ask)
  if (isRecord(ask.schema)) return JSON.stringify(filler.fill(ask.schema))
  return JSON.stringify(freeObject(ask))
}

/** The source of values for one question, for documents and for the arguments of tools. */
export function fillerOf(ask: Omit<JsonAsk, 'schema'> & { readonly schema?: unknown }): Filler {
  const { seed, variant = 0 } = ask
  const messages = clipped(ask.messages)
  const question = lastQuestion(messages)
  return createFiller({
    root: isRecord(ask.schema) ? ask.schema : {},
    question: question,
    facts: factsOf(question),
    luck: dice(seed, `json ${variant} ${question}`),
    prose: () => answerText({ model: '', messages, seed, variant }),
  })
}

/** Keys that have numbers as values when the schema does not say it. */
const amounts =
  /^(?:age|count|population|year|price|amount|total|score|rating|quantity|salary|days|hours)$|(?:Count|_count)$/

/**
 * Without a schema: the keys that the conversation names (`"keys"`, `a JSON with name and age`), else a small summary
 * of the question.
 */
function freeObject(ask: JsonAsk): JsonRecord {
  const messages = clipped(ask.messages)
  const all = `${instructions(messages)}\n${lastQuestion(messages)}`
  const keys = namedKeys(all)
  if (keys.length > 0) {
    const properties = Object.fromEntries(
      keys.map(key => [key, amounts.test(key) ? { type: 'integer', minimum: 1 } : {}]),
    )
    const filled = fillerOf(ask).fill({ type: 'object', properties })
    return isRecord(filled) ? filled : {}
  }
  const question = lastQuestion(messages)
  const facts = factsOf(question)
  return {
    topic: capitalised(topicPhrase(question)),
    keywords: contentWords(question)
      .slice(0, 5)
      .map(word => word.toLowerCase()),
    ...(facts.numbers.length > 0 ? { numbers: facts.numbers } : {}),
    ...(facts.places.length > 0 ? { places: facts.places } : {}),
    answer: answerText({ model: '', messages: ask.messages, seed: ask.seed, variant: ask.variant ?? 0 }),
  }
}

/** Keys in quotes or back-ticks after words such as keys, fields, properties; or a plain list after them. */
function namedKeys(text: string): string[] {
  const [, list] =
    /\b(?:[Kk]eys?|[Ff]ields?|properties|attributes)\b:?((?:[\s,]*(?:and|or|called|named|are|is)?\s*["'`]?[a-z]\w*["'`]?(?=[\s,.:;]|$)){1,12})/.exec(
      text,
    ) ?? []
  const [, inner] = /\bwith (?:an? )?((?:["'`][a-zA-Z]\w*["'`](?:\s*(?:,|and|,\s*and)\s*)?){1,12})/.exec(text) ?? []
  const words = (inner ?? list ?? '').match(/[a-zA-Z]\w*/g) ?? []
  const joins = new Set([
    'and',
    'or',
    'called',
    'named',
    'are',
    'is',
    'the',
    'of',
    'for',
    'in',
    'with',
    'to',
    'a',
    'an',
  ])
  return [...new Set(words.filter(word => !joins.has(word.toLowerCase())))].slice(0, 8)
}

/** The schema in `response_format` (chat) or `text.format` (Responses); null for none. */
export function askedSchema(format: unknown): { readonly kind: 'object' | 'schema'; readonly schema: unknown } | null {
  if (!isRecord(format)) return null
  const kind = textOrNull(format.type)
  if (kind === 'json_object') return { kind: 'object', schema: null }
  if (kind !== 'json_schema') return null
  const holder = isRecord(format.json_schema) ? format.json_schema : format
  return { kind: 'schema', schema: holder.schema ?? {} }
}
