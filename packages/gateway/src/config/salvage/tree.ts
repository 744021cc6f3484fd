/** Values at paths of a tree of plain values. */
import { formatPath, type Path } from '../messages.ts'

type Members = Record<string | number, unknown>

export function valueAt(root: unknown, path: Path): unknown {
  let value = root
  for (const step of path) {
    if (!hasMember(value, step)) return undefined
    value = value[step]
  }
  return value
}

/** Does nothing where the parent is no mapping or list. */
export function setAt(root: unknown, path: Path, value: unknown): void {
  const parent = valueAt(root, path.slice(0, -1))
  const last = path.at(-1)
  if (typeof parent === 'object' && parent !== null && last !== undefined) (parent as Members)[last] = value
}

export function removeAt(root: unknown, path: Path): void {
  const parent = valueAt(root, path.slice(0, -1))
  const last = path.at(-1)
  if (last !== undefined && hasMember(parent, last)) delete parent[last]
}

/** Renames a key and keeps the order of the keys. */
export function renameAt(root: unknown, parentPath: Path, key: string, to: string): void {
  const parent = valueAt(root, parentPath)
  if (typeof parent !== 'object' || parent === null) return
  const entries = Object.entries(parent)
  for (const [name] of entries) delete (parent as Members)[name]
  for (const [name, value] of entries) (parent as Members)[name === key ? to : name] = value
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** True for a path that is the other one or below it. */
export function isWithin(path: Path, outer: Path): boolean {
  return outer.length <= path.length && outer.every((step, index) => step === path[index])
}

/** Calls `visit` for every text in the tree. */
export function forEachText(value: unknown, visit: (text: string, path: Path) => void, path: Path = []): void {
  if (typeof value === 'string') visit(value, path)
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) forEachText(item, visit, [...path, index])
  else if (isMapping(value)) {
    for (const [key, item] of Object.entries(value)) forEachText(item, visit, [...path, key])
  }
}

/** A key for maps by path. */
export function keyOf(path: Path): string {
  return formatPath(path)
}

function hasMember(value: unknown, step: string | number): value is Members {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, step)
}
