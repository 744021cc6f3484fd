/** The packages that an installation of a published package has, from the lockfile of the checkout. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = dirname(dirname(import.meta.dirname))

/** An entry of `packages` in a lockfile of version 3. */
export interface Locked {
  readonly name?: string
  readonly version?: string
  readonly license?: string
  readonly integrity?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly link?: boolean
  readonly resolved?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** By place, as `node_modules/undici` or `packages/gateway`. */
export type Lockfile = Readonly<Record<string, Locked>>

/** One version of a package. The same version in two places is one. */
export interface Shipped {
  readonly name: string
  readonly version: string
  /** As its manifest says it: an SPDX expression. */
  readonly licence: string
  /** `sha512-` and the digest of its archive in base64; null for the packages of this repository. */
  readonly integrity: string | null
  /** npm leaves it out where it does not fit the platform. */
  readonly optional: boolean
  /** Its first place in the lockfile. */
  readonly place: string
  /** Keys of what it needs, sorted. */
  readonly needs: readonly string[]
}

export function readLockfile(): Lockfile {
  const text = readFileSync(join(root, 'package-lock.json'), 'utf8')
  return (JSON.parse(text) as { readonly packages: Lockfile }).packages
}

/**
 * A package of this repository and everything that is installed with it, on whatever platform.
 * @param start as `packages/gateway`.
 * @param bundled places of packages whose code is in a file of this package: they come with it, without what they need.
 * @returns by key (`NAME@VERSION`), sorted; the package itself is the first.
 */
export function shippedWith(
  lockfile: Lockfile,
  start: string,
  bundled: readonly string[] = [],
): ReadonlyMap<string, Shipped> {
  const found = new Map<string, Shipped>()
  const open = [start]
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const key = keyOf(lockfile, place)
    if (found.has(key)) continue
    const needed = neededBy(lockfile, place)
    found.set(key, shippedAt(lockfile, place, place === start ? [...needed, ...bundled] : needed))
    open.push(...needed)
  }
  for (const place of bundled) {
    const key = keyOf(lockfile, place)
    if (!found.has(key)) found.set(key, shippedAt(lockfile, place, []))
  }
  const first = keyOf(lockfile, start)
  const rest = [...found].filter(([key]) => key !== first).sort(([one], [other]) => compare(one, other))
  return new Map([...[...found].filter(([key]) => key === first), ...rest])
}

/** Order by code units: the same on every machine, whatever its language. */
export function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}

function shippedAt(lockfile: Lockfile, place: string, needed: readonly string[]): Shipped {
  const entry = entryAt(lockfile, place)
  return {
    name: nameAt(place, entry),
    version: entry.version ?? '',
    licence: entry.license ?? '',
    integrity: entry.integrity ?? null,
    optional: entry.optional ?? false,
    place,
    needs: [...new Set(needed.map(other => keyOf(lockfile, other)))].sort(compare),
  }
}

/** Places of what a package needs. A peer that is not installed is left out: only an optional one can be missing. */
function neededBy(lockfile: Lockfile, place: string): readonly string[] {
  const { dependencies, optionalDependencies, peerDependencies } = entryAt(lockfile, place)
  const must = Object.keys({ ...dependencies, ...optionalDependencies })
  return [
    ...must.map(name => resolve(lockfile, place, name) ?? missing(place, name)),
    ...Object.keys(peerDependencies ?? {}).flatMap(name => resolve(lockfile, place, name) ?? []),
  ]
}

/** Where Node finds a package from a place: the nearest `node_modules`, then those above it. */
function resolve(lockfile: Lockfile, from: string, name: string): string | null {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    const place = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`
    const entry = lockfile[place]
    if (entry?.link === true) return entry.resolved ?? null
    if (entry !== undefined) return place
    if (folder === '') return null
  }
}

function missing(place: string, name: string): never {
  throw new Error(`the lockfile has no ${name}, which ${place} needs; npm install --package-lock-only mends it`)
}

function entryAt(lockfile: Lockfile, place: string): Locked {
  const entry = lockfile[place]
  if (entry === undefined) throw new Error(`the lockfile has no ${place}; npm install --package-lock-only mends it`)
  return entry
}

function nameAt(place: string, entry: Locked): string {
  return entry.name ?? place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)
}

function keyOf(lockfile: Lockfile, place: string): string {
  const entry = entryAt(lockfile, place)
  return `${nameAt(place, entry)}@${entry.version ?? ''}`
}
