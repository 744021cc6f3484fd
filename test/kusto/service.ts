/** Microsoft's language service for KQL, behind the few calls that the tests need. */
import { createRequire } from 'node:module'

interface List<T> {
  readonly Count: number
  getItem(index: number): T
}
interface Code {
  readonly ResultType: {
    readonly Columns?: List<{ readonly Name: string; readonly Type: { readonly Name: string } }>
  } | null
  GetDiagnostics(): List<{ readonly Code: string; readonly Message: string }>
}
type Symbol_ = object
interface Globals {
  WithCluster(cluster: Symbol_): Globals
  WithDatabase(database: Symbol_): Globals
}
type Made<Parameters extends readonly unknown[]> = new (...parameters: Parameters) => Symbol_
interface Language {
  readonly KustoCode: { ParseAndAnalyze(text: string, globals: Globals): Code }
  readonly GlobalState: { readonly Default: Globals }
  readonly Symbols: {
    readonly TableSymbol: { readonly $ctor7: Made<[name: string, schema: string, description: string]> }
    readonly MaterializedViewSymbol: {
      readonly $ctor3: Made<[name: string, schema: string, query: string, description: string]>
    }
    readonly FunctionSymbol: {
      readonly $ctor16: Made<[name: string, parameters: string, body: string, description: string]>
    }
    readonly DatabaseSymbol: { readonly ctor: Made<[name: string, members: readonly Symbol_[]]> }
    readonly ClusterSymbol: { readonly ctor: Made<[name: string, databases: readonly Symbol_[]]> }
  }
}

// The package is a script that defines `Kusto` globally, and needs its own runtime before it.
const require = createRequire(import.meta.url)
require('@kusto/language-service-next/bridge.min.js')
require('@kusto/language-service-next/Kusto.Language.Bridge.min.js')
const { Language: language } = (globalThis as unknown as { readonly Kusto: { readonly Language: Language } }).Kusto
const { Symbols: symbols } = language

export interface Checked {
  /** A line per finding of the service. */
  readonly findings: readonly string[]
  /** `name:type` of the columns that a query returns. */
  readonly columns: readonly string[]
}

/** A database as the commands of a script make it. */
export class KustoDatabase {
  readonly #members = new Map<string, Symbol_>()
  #globals = language.GlobalState.Default

  check(text: string): Checked {
    const code = language.KustoCode.ParseAndAnalyze(text, this.#globals)
    const columns = code.ResultType?.Columns
    return {
      findings: itemsOf(code.GetDiagnostics()).map(({ Code: number, Message }) => `${number}: ${Message}`),
      columns: columns === undefined ? [] : itemsOf(columns).map(({ Name, Type }) => `${Name}:${Type.Name}`),
    }
  }

  /** Checks a command and makes what it creates. @returns the service's findings. */
  run(command: string): readonly string[] {
    const { findings } = this.check(command)
    this.make(command)
    return findings
  }

  /** Makes what a command creates, without a check of the command. */
  make(command: string): void {
    const made = this.#made(command)
    if (made === null) return
    this.#members.set(...made)
    const database = new symbols.DatabaseSymbol.ctor('gatehouse', [...this.#members.values()])
    const cluster = new symbols.ClusterSymbol.ctor('cluster', [database])
    this.#globals = language.GlobalState.Default.WithCluster(cluster).WithDatabase(database)
  }

  #made(command: string): readonly [string, Symbol_] | null {
    const table = /^\.create-merge table (\w+) (\([^)]*\))/.exec(command)
    if (table !== null) {
      const [, name = '', schema = ''] = table
      return [name, new symbols.TableSymbol.$ctor7(name, schema, '')]
    }
    const made = /^\.create-or-alter function with \(.*\) (\w+)(\([^)]*\)) (\{[\s\S]*\})\s*$/.exec(command)
    if (made !== null) {
      const [, name = '', parameters = '', body = ''] = made
      return [name, new symbols.FunctionSymbol.$ctor16(name, parameters, body, '')]
    }
    const view = /^\.create-or-alter materialized-view with \(.*\) (\w+) on table \w+ \{([\s\S]*)\}\s*$/.exec(command)
    if (view === null) return null
    const [, name = '', query = ''] = view
    const schema = `(${this.check(query).columns.join(', ')})`
    return [name, new symbols.MaterializedViewSymbol.$ctor3(name, schema, query, '')]
  }
}

const itemsOf = <T>(list: List<T>): readonly T[] => Array.from({ length: list.Count }, (_, at) => list.getItem(at))

/** The commands of a script: each begins with a dot at the beginning of a line. Comments are left out. */
export function commandsIn(script: string): readonly string[] {
  return script
    .replace(/^\/\/.*\n/gm, '')
    .split(/^(?=\.)/m)
    .map(command => command.trim())
    .filter(command => command !== '')
}
