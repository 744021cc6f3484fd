import { isRecord, type JsonRecord, listOf, numberOrNull, textOf, textOrNull } from '../../json.ts'
import type { Facts } from './facts.ts'
import { textFitting } from './pattern.ts'
import type { Dice } from './random.ts'
import { textFor } from './values.ts'
import { stem, wordsOf } from './words.ts'

export interface FillerSource {
  /** The schema in which `$ref` is looked up. */
  readonly root: JsonRecord
  readonly question: string
  readonly facts: Facts
  readonly luck: Dice
  /** A whole answer, for fields that hold prose. */
  readonly prose: () => string
}

export interface Filler {
  /** A value that fits the schema. `name` is the property's name, which decides the content. */
  fill(schema: unknown, name?: string): unknown
}

/**
 * Below this depth only required members are filled, lists are as short as allowed, and alternatives that end are
 * preferred.
 */
const roomyDepth = 5
/** A schema that requires itself without end is given up at this depth: the value is null, which does not fit. */
const depthMax = 40

/** Fills schemas with values from the question. Each number of the question is used once. */
export function createFiller(source: FillerSource): Filler {
  const filler = new SchemaFiller(source)
  return { fill: (schema, name = '') => filler.fill(schema, name, 0) }
}

class SchemaFiller {
  readonly #source: FillerSource
  readonly #numbersLeft: number[]

  constructor(source: FillerSource) {
    this.#source = source
    this.#numbersLeft = [...source.facts.numbers]
  }

  fill(schema: unknown, name: string, depth: number): unknown {
    const { root } = this.#source
    if (!isRecord(schema) || depth > depthMax) return schema === true ? textFor(name, this.#source) : null
    if (schema.$ref !== undefined) {
      return this.fill({ ...resolved(root, schema.$ref), ...without(schema, '$ref') }, name, depth + 1)
    }
    if (schema.const !== undefined) return schema.const
    if (Array.isArray(schema.enum) && schema.enum.length > 0) return this.#chosen(schema.enum)
    if (Array.isArray(schema.allOf)) return this.fill(merged(root, schema), name, depth + 1)
    const branches = [...listOf(schema.anyOf), ...listOf(schema.oneOf)]
    if (branches.length > 0) {
      return this.fill(merge(without(schema, 'anyOf', 'oneOf'), this.#branch(branches, depth)), name, depth + 1)
    }
    return this.#ofType(schema, typeOf(schema, depth), name, depth)
  }

  #ofType(schema: JsonRecord, type: string, name: string, depth: number): unknown {
    if (type === 'object') return this.#object(schema, depth)
    if (type === 'array') return this.#array(schema, name, depth)
    if (type === 'number' || type === 'integer') return this.#number(schema, name, type === 'integer')
    if (type === 'boolean') return this.#source.luck.below(4) > 0
    return type === 'null' ? null : this.#string(schema, name)
  }

  /** The choice that the question names, else any. */
  #chosen(choices: readonly unknown[]): unknown {
    const askedStems = new Set(wordsOf(this.#source.question).map(stem))
    const named = choices.find(
      choice => typeof choice === 'string' && wordsOf(choice).some(word => askedStems.has(stem(word))),
    )
    return named ?? this.#source.luck.pick(choices)
  }

  #branch(branches: readonly unknown[], depth: number): unknown {
    const ending = branches.find(
      option => !isRecord(option) || option.type === 'null' || option.enum || option.const !== undefined,
    )
    const plain = branches.find(option => isRecord(option) && option.$ref === undefined && option.type !== 'object')
    if (depth >= roomyDepth) return ending ?? plain ?? branches[0]
    return this.#source.luck.pick(
      branches.filter(option => !isRecord(option) || option.type !== 'null').concat(branches.slice(0, 1)),
    )
  }

  #object(schema: JsonRecord, depth: number): JsonRecord {
    const properties = isRecord(schema.properties) ? schema.properties : {}
    const required = listOf(schema.required).filter(key => typeof key === 'string')
    const optional = depth < roomyDepth ? Object.keys(properties).filter(key => isUsual(properties[key])) : []
    const keys = [...new Set([...optional, ...required])]
    const rest = isRecord(schema.additionalProperties) ? schema.additionalProperties : {}
    const entries = keys.map(key => [
      key,
      this.fill(Object.hasOwn(properties, key) ? properties[key] : rest, key, depth + 1),
    ])
    return Object.fromEntries(entries)
  }

  #array(schema: JsonRecord, name: string, depth: number): unknown[] {
    const least = numberOrNull(schema.minItems) ?? 0
    const most = numberOrNull(schema.maxItems) ?? Math.max(least, 3)
    const prefix = listOf(schema.prefixItems)
    const wished = depth >= roomyDepth ? least : Math.max(least, 2, prefix.length)
    const count = schema.items === false ? prefix.length : Math.min(most, wished)
    const items: unknown[] = []
    const seen = new Set<string>()
    // A list of different values from a small set may need more tries than items; more tries than these are hopeless.
    for (let tries = 0; items.length < count && tries < count * 8 + 8; tries += 1) {
      const item = this.fill(prefix[items.length] ?? schema.items ?? {}, `${name} item`, depth + 1)
      const key = JSON.stringify(item)
      // A repeated item is accepted when the list must be that long and no other item comes up.
      const isNeeded = items.length < least && tries >= count * 4 && schema.uniqueItems !== true
      if (seen.has(key) && !isNeeded) continue
      seen.add(key)
      items.push(item)
    }
    return items
  }

  #number(schema: JsonRecord, name: string, whole: boolean): number {
    const allowed = rangeOf(schema, whole)
    const at = this.#numbersLeft.findIndex(value => fits(value, allowed, whole))
    if (at >= 0) return this.#numbersLeft.splice(at, 1)[0] ?? allowed.least
    const wholes = rangeOf(schema, true)
    const inWholes = schema.multipleOf === undefined && !fractional.test(name) && wholes.least <= wholes.most
    const range = inWholes ? wholes : allowed
    const steps = Math.max(0, Math.floor((range.most - range.least) / range.step + 1e-9))
    const value = range.least + range.step * this.#source.luck.below(Math.min(steps, 1_000) + 1)
    return Number(value.toPrecision(12))
  }

  #string(schema: JsonRecord, name: string): string {
    const pattern = textOrNull(schema.pattern)
    if (pattern !== null) return textFitting(pattern, this.#source.luck) ?? textFor(name, this.#source)
    const format = textOrNull(schema.format)
    const text = textFor(name, this.#source, format, textOf(schema.description))
    if (format !== null) return text
    return withinLength(
      text,
      numberOrNull(schema.minLength) ?? 0,
      numberOrNull(schema.maxLength) ?? Number.POSITIVE_INFINITY,
    )
  }
}

/** A description with these words says what happens without the property: models leave it out. */
const leftOut = /\bdefaults? (?:to|is)\b|\bomit(?:ted)?\b|\bonly with\b/i

function isUsual(property: unknown): boolean {
  return property !== false && !(isRecord(property) && leftOut.test(textOf(property.description)))
}

function typeOf(schema: JsonRecord, depth: number): string {
  if (typeof schema.type === 'string') return schema.type
  const types = listOf(schema.type).filter(type => typeof type === 'string')
  if (types.length > 0)
    return (depth >= roomyDepth && types.includes('null') ? 'null' : types.find(type => type !== 'null')) ?? 'null'
  if (isRecord(schema.properties) || schema.required !== undefined) return 'object'
  if (schema.items !== undefined || schema.prefixItems !== undefined) return 'array'
  return schema.minimum !== undefined || schema.maximum !== undefined ? 'number' : 'string'
}

/** A local reference, `#` or `#/$defs/name` (RFC 6901); unknown ones allow anything. */
function resolved(root: JsonRecord, ref: unknown): JsonRecord {
  if (typeof ref !== 'string' || !ref.startsWith('#')) return {}
  const steps = ref
    .slice(1)
    .split('/')
    .filter(step => step !== '')
  const found = steps.reduce<unknown>((at, step) => {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
    return isRecord(at) && Object.hasOwn(at, key) ? at[key] : null
  }, root)
  return isRecord(found) ? found : {}
}

function merged(root: JsonRecord, schema: JsonRecord): unknown {
  return listOf(schema.allOf).reduce(
    (sum, part) => {
      return merge(sum, isRecord(part) && part.$ref !== undefined ? resolved(root, part.$ref) : part)
    },
    without(schema, 'allOf'),
  )
}

/** Both schemas at once, unless they contradict each other. */
function merge(left: unknown, right: unknown): unknown {
  if (!isRecord(left) || !isRecord(right)) return isRecord(right) ? right : left
  const both = { ...left, ...right }
  const properties = { ...record(left.properties), ...record(right.properties) }
  const required = [...listOf(left.required), ...listOf(right.required)]
  return {
    ...both,
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    ...(required.length > 0 ? { required } : {}),
  }
}

function record(value: unknown): JsonRecord {
  return isRecord(value) ? value : {}
}

function without(schema: JsonRecord, ...keys: readonly string[]): JsonRecord {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.includes(key)))
}

/**
 * Names of quantities that are measured or divided; every other number is counted, and models count in whole numbers.
 */
const fractional =
  /price|cost|amount|total|rate|ratio|score|lat|lon|lng|percent|confiden|probab|share|weight|height|temperature|factor|celsius/i

interface Range {
  readonly least: number
  readonly most: number
  readonly step: number
}

function rangeOf(schema: JsonRecord, whole: boolean): Range {
  const multiple = numberOrNull(schema.multipleOf)
  const step = multiple ?? (whole ? 1 : 0.5)
  const above = numberOrNull(schema.exclusiveMinimum)
  const below = numberOrNull(schema.exclusiveMaximum)
  const tiny = multiple ?? (whole ? 1 : 1e-6)
  const floor = numberOrNull(schema.minimum) ?? (above === null ? null : above + tiny)
  const ceiling = numberOrNull(schema.maximum) ?? (below === null ? null : below - tiny)
  const least = Math.max(floor ?? Number.NEGATIVE_INFINITY, above === null ? Number.NEGATIVE_INFINITY : above + tiny)
  const most = Math.min(ceiling ?? Number.POSITIVE_INFINITY, below === null ? Number.POSITIVE_INFINITY : below - tiny)
  const from = Number.isFinite(least) ? least : Number.isFinite(most) ? Math.min(1, most) : 1
  const grid = multiple ?? (whole ? 1 : null)
  const start = grid === null ? from : Math.ceil(from / grid - 1e-9) * grid
  return { least: start, most: Number.isFinite(most) ? most : start + step * 99, step }
}

function fits(value: number, range: Range, whole: boolean): boolean {
  if (value < range.least || value > range.most || (whole && !Number.isInteger(value))) return false
  const steps = value / range.step
  return range.step === 0.5 || Math.abs(steps - Math.round(steps)) < 1e-9
}

function withinLength(text: string, least: number, most: number): string {
  const points = [...text]
  if (points.length > most) return points.slice(0, most).join('').trimEnd().padEnd(Math.min(least, most), '.')
  return text.padEnd(text.length + Math.max(0, least - points.length), text === '' ? '-' : ` ${text}`)
}
