/**
 * Decides whether a statement may run, by the tree that DuckDB's own parser makes of it. What is not known here is
 * refused: kinds of nodes, functions, tables.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import { allowedFunctions, allowedTableFunctions } from './allowed.ts'
import { QueryFault, type QueryPlace } from './index.ts'

type Tree = Readonly<Record<string, unknown>>

/** Kinds of SELECT, by the member `cte_map` that only they have. */
const nodeTypes = new Set(['SELECT_NODE', 'SET_OPERATION_NODE', 'RECURSIVE_CTE_NODE', 'CTE_NODE'])
/** What may stand in FROM, by the member `sample` that they have. */
const tableTypes = new Set([
  ...['BASE_TABLE', 'SUBQUERY', 'JOIN', 'TABLE_FUNCTION', 'EXPRESSION_LIST', 'EMPTY', 'PIVOT', 'COLUMN_DATA', 'CTE'],
])
/** Kinds of expressions, by the member `class`. */
const expressionClasses = new Set([
  ...['AGGREGATE', 'BETWEEN', 'CASE', 'CAST', 'COLLATE', 'COLUMN_REF', 'COMPARISON', 'CONJUNCTION', 'CONSTANT'],
  ...['DEFAULT', 'FUNCTION', 'LAMBDA', 'LAMBDA_REF', 'OPERATOR', 'POSITIONAL_REFERENCE', 'STAR', 'SUBQUERY', 'WINDOW'],
  'TYPE',
])

/**
 * Parses a statement and checks it.
 * @param tables names of the tables that a question may read.
 * @param system names that DuckDB's catalog has of its own: no part of a question may be called so.
 * @throws QueryFault
 */
export async function checkQuery(
  connection: DuckDBConnection,
  sql: string,
  tables: readonly string[],
  system: ReadonlySet<string>,
): Promise<void> {
  const tree = await parsed(connection, sql)
  new Check(sql, tables, system).statement(tree)
}

async function parsed(connection: DuckDBConnection, sql: string): Promise<Tree> {
  const result = await connection.runAndReadAll('SELECT json_serialize_sql($1::VARCHAR)', [sql])
  const tree = JSON.parse(String(result.getRows()[0]?.[0])) as Tree
  if (tree['error'] !== true) return oneStatement(tree)
  if (tree['error_type'] === 'parser') {
    throw new QueryFault('query_failed', textOf(tree['error_message']), placeOf(sql, tree['position']))
  }
  throw new QueryFault('query_refused', `Only one SELECT is taken here. ${onlyReading}`)
}

const onlyReading = 'Queries read the ledger and change nothing: no settings, files, other databases or commands.'

function oneStatement(tree: Tree): Tree {
  const statements = arrayOf(tree['statements'])
  const [first] = statements
  if (statements.length === 1 && isTree(first)) return first
  const what = statements.length === 0 ? 'There is no statement' : `There are ${statements.length} statements`
  throw new QueryFault('query_refused', `${what}. Write one SELECT.`)
}

/** Names of parts of a question: without dots and slashes, so that none is the name of a file. */
const partName = /^[\p{L}_][\p{L}\p{N}_ -]*$/u

class Check {
  readonly #sql: string
  readonly #tables: readonly string[]
  /** Names that FROM may have, in lower case: tables, and parts of the question. */
  readonly #known: Set<string>
  readonly #system: ReadonlySet<string>

  constructor(sql: string, tables: readonly string[], system: ReadonlySet<string>) {
    this.#sql = sql
    this.#tables = tables
    this.#known = new Set(tables)
    this.#system = system
  }

  statement(tree: Tree): void {
    const nodes = [...nodesOf(tree)]
    for (const node of nodes) for (const name of partNames(node)) this.#part(name)
    for (const node of nodes) this.#node(node)
  }

  #part(name: string): void {
    const lower = name.toLowerCase()
    if (!partName.test(name) || this.#system.has(lower)) {
      this.#refuse(null, `A part of a query may not be called "${cut(name)}"`)
    }
    this.#known.add(lower)
  }

  #node(node: Tree): void {
    const type = textOf(node['type'])
    if ('cte_map' in node) {
      if (!nodeTypes.has(type)) this.#refuse(node, 'Only SELECT is taken here')
    } else if ('sample' in node) this.#table(node, type)
    if ('class' in node) this.#expression(node, textOf(node['class']))
    if ('function_name' in node) this.#function(node)
  }

  #expression(node: Tree, kind: string): void {
    if (expressionClasses.has(kind)) return
    if (kind === 'PARAMETER') this.#refuse(node, 'Parameters have no values here: write the value itself')
    this.#refuse(node, `An expression of the kind ${cut(kind)} is not taken here`)
  }

  #table(node: Tree, type: string): void {
    if (type === 'SHOW_REF') this.#refuse(node, 'DESCRIBE, SHOW and SUMMARIZE are not taken here')
    if (!tableTypes.has(type)) this.#refuse(node, `FROM takes no ${cut(type)} here`)
    if (type === 'TABLE_FUNCTION') this.#tableFunction(node)
    if (type !== 'BASE_TABLE') return
    const name = textOf(node['table_name'])
    const isQualified = textOf(node['schema_name']) !== '' || textOf(node['catalog_name']) !== ''
    if (isQualified || !this.#known.has(name.toLowerCase())) {
      this.#refuse(node, `There is no table "${cut(name)}" here. There is ${this.#tables.join(', ')}`)
    }
  }

  #tableFunction(node: Tree): void {
    const called = node['function']
    const name = isTree(called) ? textOf(called['function_name']) : ''
    if (!allowedTableFunctions.has(name.toLowerCase())) this.#refuse(node, `FROM may not call ${cut(name)}() here`)
  }

  #function(node: Tree): void {
    const name = textOf(node['function_name'])
    const lower = name.toLowerCase()
    // The parser writes some of its own as `main.list_value`.
    const isQualified = !['', 'main'].includes(textOf(node['schema'])) || textOf(node['catalog']) !== ''
    if (isQualified || !(allowedFunctions.has(lower) || allowedTableFunctions.has(lower))) {
      this.#refuse(node, `${cut(name)}() is not among the functions that queries may call`)
    }
  }

  #refuse(node: Tree | null, what: string): never {
    throw new QueryFault('query_refused', `${what}. ${onlyReading}`, placeOf(this.#sql, node?.['query_location']))
  }
}

/** Every object of a tree. Not recursive: a statement may be nested deeply. */
function* nodesOf(tree: Tree): Generator<Tree> {
  const waiting: unknown[] = [tree]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (typeof node !== 'object' || node === null) continue
    if (isTree(node)) yield node
    for (const child of Object.values(node)) if (typeof child === 'object') waiting.push(child ?? 0)
  }
}

/** Names of `WITH`. */
function partNames(node: Tree): readonly string[] {
  const map = node['cte_map']
  const named = isTree(map) ? arrayOf(map['map']).map(part => (isTree(part) ? textOf(part['key']) : '')) : []
  return 'cte_name' in node ? [...named, textOf(node['cte_name'])] : named
}

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value)
const arrayOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const cut = (text: string): string => (text.length > 64 ? `${text.slice(0, 64)}…` : text)

/**
 * Line and column of a place that DuckDB gives as an offset in UTF-8 bytes.
 * @param offset null in the result where DuckDB knows none, which it writes as its greatest number.
 */
export function placeOf(sql: string, offset: unknown): QueryPlace | null {
  const at = typeof offset === 'string' ? Number(offset) : offset
  const bytes = Buffer.from(sql)
  if (typeof at !== 'number' || !(at >= 0 && at <= bytes.byteLength)) return null
  const before = bytes.toString('utf8', 0, at).split('\n')
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}
