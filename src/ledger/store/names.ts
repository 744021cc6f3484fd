import type { DuckDBConnection } from '@duckdb/node-api'

/**
 * Room of one dictionary: values, and UTF-16 units of all together. Names are held in memory, and some of them are whatever a client writes;
 * what finds no room stays in its row alone. Callers are verified, and an organisation may have many.
 */
const valuesMax = 20_000
const callersMax = 1_000_000
const unitsPerValue = 100

class Dictionary {
  readonly codes = new Map<string, number>()
  /** By code; 0 is null. */
  readonly texts: (string | null)[] = [null]
  units = 0
}

/** The dictionaries, as they are in the store and with what the current batch adds. */
export class Names {
  readonly #dictionaries = new Map<string, Dictionary>()
  #added: { dictionary: string; code: number; text: string }[] = []

  static async read(connection: DuckDBConnection): Promise<Names> {
    const names = new Names()
    const rows = await connection.runAndReadAll('SELECT dictionary, code, text FROM names ORDER BY dictionary, code')
    for (const [dictionary, code, text] of rows.getRows()) names.#put(String(dictionary), Number(code), String(text))
    return names
  }

  /** The number of a name, made when it is new; 0 for null, -1 when there is no room for it. */
  codeOf(dictionary: string, text: string | null): number {
    if (text === null) return 0
    const names = this.#of(dictionary)
    const known = names.codes.get(text)
    if (known !== undefined) return known
    const most = dictionary.startsWith('caller_') ? callersMax : valuesMax
    if (names.texts.length > most || names.units + text.length > most * unitsPerValue) return -1
    const code = names.texts.length
    this.#put(dictionary, code, text)
    this.#added.push({ dictionary, code, text })
    return code
  }

  /** The number of a name that exists, null otherwise. For filters. */
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

  /** Writes what is new, in the caller's transaction. */
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

  #put(dictionary: string, code: number, text: string): void {
    const names = this.#of(dictionary)
    names.codes.set(text, code)
    names.texts[code] = text
    names.units += text.length
  }
}
