import type { DuckDBConnection } from '@duckdb/node-api'
import type { LedgerNames } from '../names.ts'

/**
 * Room of one dictionary: names, and UTF-16 units of all of them. Names are kept in memory, and clients write some of
 * them freely; a name without room is kept only in its row. Callers are verified, and an organisation may have many.
 * The number is lower than the lines of a report (queries/usage.ts), so that a report can be grouped by a full
 * dictionary.
 */
const valuesMax = 18_000
const callersMax = 1_000_000
const unitsPerValue = 100
/**
 * Part of the room for names that clients write freely. The rest is kept for names from instances and the
 * configuration.
 */
const freeShare = 0.5

/** Longest name in a dictionary, in UTF-16 units. A longer one is kept only in its row. */
const nameUnitsMax = 512

/** Number of all names without room: their text is only in their row. Reports show all of them as one group. */
export const unnumbered = -1

/**
 * Origin of a name. `ours`: the configuration, an instance or a verified caller. `free`: a client wrote it as it liked.
 */
export type NameOrigin = 'ours' | 'free'

class Dictionary {
  readonly codes = new Map<string, number>()
  /** By code; 0 is null. Codes of names that were deleted are gaps. */
  readonly texts: (string | null)[] = [null]
  units = 0
}

export interface NewName {
  readonly dictionary: string
  readonly code: number
  readonly text: string
}

/** The dictionaries of names: what the store has, and what the current batch adds. */
export class Dictionaries {
  readonly #dictionaries = new Map<string, Dictionary>()
  #added: NewName[] = []

  static async read(connection: DuckDBConnection): Promise<Dictionaries> {
    const names = new Dictionaries()
    const rows = await connection.runAndReadAll('SELECT dictionary, code, text FROM names ORDER BY dictionary, code')
    for (const [dictionary, code, text] of rows.getRows()) names.#put(String(dictionary), Number(code), String(text))
    return names
  }

  /** The number of a name. A new name gets one. 0 for null, `unnumbered` when there is no room. */
  codeOf(dictionary: string, text: string | null, origin: NameOrigin = 'ours'): number {
    if (text === null) return 0
    const names = this.#of(dictionary)
    const known = names.codes.get(text)
    if (known !== undefined) return known
    const values = dictionary.startsWith('caller_') ? callersMax : valuesMax
    const most = origin === 'free' ? values * freeShare : values
    const isFull = names.codes.size >= most || names.units + text.length > most * unitsPerValue
    return isFull || text.length > nameUnitsMax ? unnumbered : this.#add(dictionary, text)
  }

  /** Gives each of these names a number, even in a full dictionary. @returns the names that had none. */
  keep(kept: LedgerNames): readonly NewName[] {
    const from = this.#added.length
    for (const [dictionary, texts] of Object.entries(kept)) {
      for (const text of texts) if (!this.#of(dictionary).codes.has(text)) this.#add(dictionary, text)
    }
    return this.#added.slice(from)
  }

  /** The number of a name that exists, null otherwise. */
  find(dictionary: string, text: string): number | null {
    return this.#of(dictionary).codes.get(text) ?? null
  }

  /** Every number of a dictionary. */
  codes(dictionary: string): readonly number[] {
    return [...this.#of(dictionary).codes.values()]
  }

  textOf(dictionary: string, code: number): string | null {
    return this.#of(dictionary).texts[code] ?? null
  }

  /**
   * As `textOf`, for reports. Names without a number are one group, `(other)`, apart from the group of records without
   * a name.
   */
  groupOf(dictionary: string, code: number): string | null {
    return code === unnumbered ? '(other)' : this.textOf(dictionary, code)
  }

  /** Writes the new names, in the caller's transaction. */
  async write(connection: DuckDBConnection): Promise<void> {
    if (this.#added.length === 0) return
    const appender = await connection.createAppender('names', 'main', 'ledger')
    for (const { dictionary, code, text } of this.#added) {
      appender.appendVarchar(dictionary)
      appender.appendInteger(code)
      appender.appendVarchar(text)
      appender.endRow()
    }
    appender.closeSync()
    this.#added = []
  }

  #of(dictionary: string): Dictionary {
    let names = this.#dictionaries.get(dictionary)
    if (names === undefined) {
      names = new Dictionary()
      this.#dictionaries.set(dictionary, names)
    }
    return names
  }

  #add(dictionary: string, text: string): number {
    const code = this.#of(dictionary).texts.length
    this.#put(dictionary, code, text)
    this.#added.push({ dictionary, code, text })
    return code
  }

  #put(dictionary: string, code: number, text: string): void {
    const names = this.#of(dictionary)
    names.codes.set(text, code)
    names.texts[code] = text
    names.units += text.length
  }
}

/** True where a dictionary has less than half of its room left. Names that no record has any more are then deleted. */
export function needsRoom(dictionary: string, values: number, units: number): boolean {
  const most = dictionary.startsWith('caller_') ? callersMax : valuesMax
  return values > most / 2 || units > (most * unitsPerValue) / 2
}
