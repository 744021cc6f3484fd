/** The graph of imports, types included, and the rules for it. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** Files by path from the root, each with the files of the repository that it imports. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>

const importForm = /(?:\bfrom|\bimport) '([^']+)'|\b(?:import|workerUrl)\('([^']+)'/g
const linked: Readonly<Record<string, string>> = {
  '@gatehouse/simulator': 'packages/simulator/src/index.ts',
  '@gatehouse/simulator/command': 'packages/simulator/src/cli/command.ts',
}

/** @throws Error when there is no file: a check of nothing would pass. */
export function readImports(root: string): ImportGraph {
  const graph = new Map<string, readonly string[]>()
  for (const file of globSync('{packages/*/src,test,bench,scripts}/**/*.{ts,tsx}', { cwd: root }).sort()) {
    graph.set(file, importsOf(file, readFileSync(join(root, file), 'utf8')))
  }
  if (graph.size === 0) throw new Error(`${root} has no sources`)
  return graph
}

/** @returns paths from the root; packages that npm installs are left out. */
export function importsOf(file: string, text: string): readonly string[] {
  const found = new Set<string>()
  // An example in a comment imports nothing.
  const code = text.replace(/^\s*(\*|\/\/|\/\*).*$/gm, '')
  for (const [, from, dynamic] of code.matchAll(importForm)) {
    const name = from ?? dynamic ?? ''
    const path = name.startsWith('.') ? normalize(join(dirname(file), name)) : linked[name]
    if (path !== undefined && /\.tsx?$/.test(path)) found.add(path)
  }
  return [...found]
}

/**
 * @returns groups of files that import one another in a circle: Tarjan's strongly connected components of more than one
 * file.
 */
export function importCircles(graph: ImportGraph): readonly (readonly string[])[] {
  const circles: string[][] = []
  const indexes = new Map<string, number>()
  const lows = new Map<string, number>()
  const stack: string[] = []
  const onStack = new Set<string>()
  const visit = (file: string): void => {
    const index = indexes.size
    indexes.set(file, index)
    lows.set(file, index)
    stack.push(file)
    onStack.add(file)
    for (const next of graph.get(file) ?? []) {
      if (!indexes.has(next)) visit(next)
      else if (!onStack.has(next)) continue
      lows.set(file, Math.min(lows.get(file) ?? index, lows.get(next) ?? index))
    }
    if (lows.get(file) !== index) return
    const circle = stack.splice(stack.lastIndexOf(file))
    for (const member of circle) onStack.delete(member)
    if (circle.length > 1 || (graph.get(file) ?? []).includes(file)) circles.push(circle.sort())
  }
  for (const file of graph.keys()) if (!indexes.has(file)) visit(file)
  return circles
}

/** Rooms of the gateway's package from top to bottom, and their contents. Imports run downwards only. */
export const rooms: Readonly<Record<string, string>> = {
  cli: 'the `gatehouse` command, a noun per file',
  demo: 'the demonstration: configuration, scenes, history, traffic',
  doctor: 'checks of what a gateway depends on, a file per check',
  house: 'composition root: builds everything from a `Config`, reloads, closes in reverse order',
  gateway: 'the data plane, a folder per stage',
  admin: 'the management API',
  replicas: 'what each replica knows alone, published through Redis, and the sums of it',
  telemetry: 'logs and metrics',
  limits: 'rules, windows, leases, counters in memory and in Redis, the queue',
  prices: 'the price catalogue, exact costs',
  audit: 'the audit trail: a chain of entries in files, its check, its pages',
  ledger: 'record, journal, store, recovery, reports',
  tokens: 'counting, in a worker thread',
  objects: 'which workload owns a response, file, container or other object, and which instance holds it',
  redis: 'one connection, its scripts, its health',
  identity: 'token verification, key sets, caller rules; `signin/` signs people in',
  instances: 'instances, lanes (a deployment on an instance), breakers, pools, credentials, probes',
  config: 'schema, loading, rules across fields, messages, reference',
  wire: 'formats of backends: operations, server-sent events, JSON members, usage; the table of backends',
}

const source = 'packages/gateway/src/'

/**
 * @returns the room of a file of the gateway's package; null for small files at its top that every room may import, and
 * for all other files.
 */
export function roomOf(file: string): string | null {
  if (!file.startsWith(source)) return null
  const [first = ''] = file.slice(source.length).split('/')
  const name = first.replace(/\.ts$/, '')
  return name in rooms ? name : null
}

/** By room: the rooms that it imports, without tests. */
export function importsOfRooms(graph: ImportGraph): ReadonlyMap<string, readonly string[]> {
  const found = new Map(Object.keys(rooms).map(room => [room, new Set<string>()]))
  for (const [file, imports] of graph) {
    const room = roomOf(file)
    if (room === null || isTest(file)) continue
    for (const path of imports) {
      const other = roomOf(path)
      if (other !== null && other !== room) found.get(room)?.add(other)
    }
  }
  const order = Object.keys(rooms)
  return new Map([...found].map(([room, others]) => [room, order.filter(name => others.has(name))]))
}

/** @returns folders of the gateway's package that are not listed above, and listed ones without a file. */
export function unlistedRooms(graph: ImportGraph): readonly string[] {
  const folders = new Set<string>()
  for (const file of graph.keys()) {
    const [folder = '', ...below] = file.startsWith(source) ? file.slice(source.length).split('/') : []
    if (below.length > 0) folders.add(folder)
  }
  return [
    ...[...folders].filter(name => !(name in rooms)).map(name => `${source}${name} is no room of scripts/imports.ts`),
    ...Object.keys(rooms)
      .filter(name => !folders.has(name))
      .map(name => `${source}${name} has no files`),
  ]
}

/**
 * @returns imports that run upwards, that the other package must not have, or that published files cannot have, as
 * `file -> file`.
 */
export function forbiddenImports(graph: ImportGraph): readonly string[] {
  const order = Object.keys(rooms)
  const found: string[] = []
  for (const [file, imports] of graph) {
    for (const path of imports) {
      if (isForbidden(file, path, order)) found.push(`${file} -> ${path}`)
    }
  }
  return found
}

function isForbidden(file: string, path: string, order: readonly string[]): boolean {
  const isPackaged = file.startsWith('packages/')
  if (isTest(file)) return isPackaged && !path.startsWith('packages/') && !path.startsWith('test/support/')
  // Files that are built and published cannot reach files that are not.
  if (isPackaged && (!path.startsWith('packages/') || isTest(path))) return true
  // The page runs in a browser: it knows the gateway by its API alone, and the simulator knows nothing of both.
  const apart = ['packages/simulator/', 'packages/console/'].find(folder => file.startsWith(folder))
  if (apart !== undefined) return !path.startsWith(apart)
  if (path.startsWith('packages/console/')) return isPackaged
  const room = roomOf(file)
  if (path.startsWith('packages/simulator/')) return isPackaged && room !== 'cli' && room !== 'demo'
  const other = roomOf(path)
  // A small file at the top belongs to every room, so it may import only the lowest rooms: configuration and formats.
  if (isPackaged && room === null) return other !== null && other !== 'config' && other !== 'wire'
  return room !== null && other !== null && order.indexOf(other) < order.indexOf(room)
}

function isTest(file: string): boolean {
  return /\.(test|fixture)\.ts$/.test(file)
}

/** The table of rooms for ARCHITECTURE.md, Markdown. */
export function roomsTable(graph: ImportGraph): string {
  const rows = [...importsOfRooms(graph)].map(
    ([room, others]) => `| \`${room}\` | ${rooms[room]} | ${others.join(', ') || 'nothing'} |`,
  )
  return ['| room | what | imports |', '|---|---|---|', ...rows].join('\n')
}

const tableBegin = '<!-- rooms: generated from the imports by scripts/generate.ts -->'
const tableEnd = '<!-- end of rooms -->'

/** ARCHITECTURE.md with the current table of rooms. @throws TypeError if the page lacks its two markers */
export function withRoomsTable(page: string, graph: ImportGraph): string {
  const begin = page.indexOf(tableBegin)
  const end = page.indexOf(tableEnd)
  if (begin === -1 || end < begin) throw new TypeError(`ARCHITECTURE.md lacks ${tableBegin} and ${tableEnd}`)
  return `${page.slice(0, begin + tableBegin.length)}\n\n${roomsTable(graph)}\n\n${page.slice(end)}`
}
