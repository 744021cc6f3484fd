import { callerKey } from '../../identity/caller.ts'
import { closedNames, openedNames, type Shape } from '../journal/fields.ts'
import { type BlockView, namesOf } from '../journal/metadata.ts'
import { type NameOrigin, type Names, unnumbered } from './names.ts'
import { columnIndex, recordColumns } from './schema.ts'

/** The names of one block as numbers. */
export interface CodedNames {
  /** In the order of the list of names, as long as it is; 0 for names that the block's format does not have, -1 for those in `unnamed`. */
  readonly codes: readonly number[]
  /** 0 for blocks of the end. */
  readonly callerKey: number
  /** Names without room, by field; null when all have one. */
  readonly unnamed: Readonly<Record<string, string>> | null
}

/** Blocks kept. A gateway has fewer kinds of calls than this at a time. */
const blocksMax = 4_096
/** Blocks beyond this size are not kept: a client that writes long names fills no memory with them. */
const blockBytesMax = 4_096

export const columnOfField = (field: string): string => field.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)

export function dictionaryOfField(field: string): string {
  const index = columnIndex.get(columnOfField(field))
  const column = index === undefined ? undefined : recordColumns[index]
  if (column === undefined) throw new Error(`No column for ${field}.`)
  return column.dictionary
}

/** What a client writes as it likes. */
const freeFields: ReadonlySet<string> = new Set([
  'requestedModel',
  'apiVersion',
  'userAgent',
  'requestContentType',
  'path',
  'clientAddress',
])
/** Of a call whose caller is not known: names of the address, of which none becomes a lasting one. */
const addressFields: ReadonlySet<string> = new Set(['workload', 'target', 'deployment', 'requestedModel', 'apiVersion'])
/** Text of a row, UTF-16 units: the whole path has at most 2,048. */
const rowTextMax = 2_048
const strangersTextMax = 256

const openedDictionaries = openedNames.map(dictionaryOfField)
const closedDictionaries = closedNames.map(dictionaryOfField)

/**
 * Turns the names of a block into numbers. The same caller sends the same names again and again, so the whole block is looked up at once:
 * 0.4 µs instead of 3 µs name by name (bench/ledger.ts).
 */
export class NameBlocks {
  readonly #names: Names
  /** By shape, because the same bytes may mean something else in another one. */
  readonly #known = new Map<Shape, Map<string, CodedNames>>()

  constructor(names: Names) {
    this.#names = names
  }

  opened(source: Buffer, view: DataView, block: BlockView): CodedNames {
    return this.#look(source, view, block, openedNames, openedDictionaries)
  }

  closed(source: Buffer, view: DataView, block: BlockView): CodedNames {
    return this.#look(source, view, block, closedNames, closedDictionaries)
  }

  #look(
    source: Buffer,
    view: DataView,
    block: BlockView,
    fields: readonly string[],
    dictionaries: readonly string[],
  ): CodedNames {
    const key = source.toString('latin1', block.nameLengthsAt, block.textsAt)
    const known = this.#knownOf(block.shape)
    const found = known.get(key)
    if (found !== undefined) return found
    const texts = namesOf(source, view, block)
    const coded = this.#code(texts, fields, dictionaries)
    if (key.length <= blockBytesMax) {
      if (known.size >= blocksMax) known.clear()
      known.set(key, coded)
    }
    return coded
  }

  #knownOf(shape: Shape): Map<string, CodedNames> {
    let known = this.#known.get(shape)
    if (known === undefined) {
      known = new Map()
      this.#known.set(shape, known)
    }
    return known
  }

  /** After names have got numbers that they did not have. */
  forget(): void {
    this.#known.clear()
  }

  #code(texts: readonly (string | null)[], fields: readonly string[], dictionaries: readonly string[]): CodedNames {
    const unnamed: Record<string, string> = {}
    const isStrangers = fields === openedNames && texts[0] === null
    const coded = (field: string, dictionary: string, text: string | null): number => {
      if (text === null) return 0
      if (isStrangers && addressFields.has(field)) {
        const known = this.#names.find(dictionary, text)
        if (known === null) unnamed[field] = text.slice(0, strangersTextMax)
        return known ?? 0
      }
      const origin: NameOrigin = freeFields.has(field) ? 'free' : 'ours'
      const code = this.#names.codeOf(dictionary, text, origin)
      if (code === unnumbered) unnamed[field] = text.slice(0, rowTextMax)
      return code
    }
    const codes = fields.map((field, index) => coded(field, dictionaries[index] ?? '', texts[index] ?? null))
    const key = fields === openedNames ? keyOf(texts) : null
    const callerCode = coded('callerKey', 'caller_key', key)
    return { codes, callerKey: callerCode, unnamed: Object.keys(unnamed).length === 0 ? null : unnamed }
  }
}

function keyOf(texts: readonly (string | null)[]): string | null {
  const [kind, tenantId, objectId, appId] = texts
  if ((kind !== 'user' && kind !== 'application') || typeof tenantId !== 'string') return null
  return callerKey({ kind, tenantId, objectId: objectId ?? '', appId: appId ?? null })
}
