/**
 * A configuration that is made readable, mistake by mistake: misspelt keys get the name that they are nearest to, and
 * values that do not fit are replaced. It remembers where everything stands in the text.
 */
import type { Finding } from '../document.ts'
import { type SchemaView, schemaAt } from '../json-schema.ts'
import type { Path } from '../messages.ts'
import { nameForm } from '../schema/common.ts'
import { readAs } from './meaning.ts'
import { type SampleParts, type Side, sampleOf } from './samples.ts'
import { forEachText, isMapping, isWithin, keyOf, removeAt, renameAt, setAt, valueAt } from './tree.ts'

/** Names that a mapping may have when it cannot be read: more are not tried. */
const namesMax = 300

/** A place with a value that was made up. */
export interface MadeUp {
  readonly path: Path
  /** What else it might be; the draft has one of the two values. */
  readonly other: unknown
}

/** A mapping or a list that was not read. */
export interface Skipped {
  /** In the text. */
  readonly path: Path
  /** As the end of a sentence after "because". */
  readonly why: string
}

export class Draft {
  readonly root: unknown
  /** Places with a value that says nothing, by `keyOf`. Paths are those of the draft. */
  readonly madeUp = new Map<string, MadeUp>()
  /** Mappings and lists that are left out of what is checked. */
  readonly skipped: Skipped[] = []
  readonly #schema: SchemaView
  readonly #names: readonly string[]
  readonly #keys: ReadonlySet<string>
  /** Keys as the text has them, by their path in the draft. */
  readonly #writtenKeys = new Map<string, string>()
  /** Keys of the draft that replace names of a wrong form, by the parent's path in the draft and the written name. */
  readonly #draftNames = new Map<string, string>()
  /** Names that the draft has in the place of others, by their path in it. */
  readonly #replaced = new Map<string, { readonly parent: Path; readonly name: string }>()
  /** Places with the value that was probably meant. */
  readonly #meant = new Set<string>()

  constructor(root: unknown, schema: SchemaView) {
    this.root = structuredClone(root)
    this.#schema = schema
    this.#keys = keysIn(root)
    this.#names = namesIn(root, this.#keys)
  }

  /** Makes the place of a finding fit. @returns false when it cannot. */
  mend(finding: Finding): boolean {
    const { path } = finding
    if (path.length === 0) return false
    if (finding.code === 'unknown_key') return this.#renameOrDrop(finding)
    if (finding.atKey === true) return this.#renameInvalid(path)
    if (this.isMadeUp(path)) return this.makeUp(path.slice(0, -1))
    const meant = this.#meant.has(keyOf(path))
      ? undefined
      : readAs(valueAt(this.root, path), finding, {
          views: this.#viewsAt(path),
          isName: text => this.#keys.has(text),
        })
    if (meant === undefined) return this.makeUp(path)
    // When that does not fit either, a value is made up.
    this.#meant.add(keyOf(path))
    setAt(this.root, path, meant)
    if (!isMapping(meant)) return true
    return Object.keys(meant).every(name => meant[name] !== null || this.makeUp([...path, name]))
  }

  /** Replaces an unknown name, or an unknown key, by the name that it is nearest to. */
  useNearest({ path, nearest, atKey }: Finding): void {
    if (nearest === null) return
    if (atKey !== true) setAt(this.root, path, nearest)
    else if (!this.has([...path.slice(0, -1), nearest])) this.#rename(path, nearest)
  }

  /** Puts a value of the schema in a place. @returns false when there is none. */
  makeUp(path: Path): boolean {
    if (path.length === 0) return false
    const views = this.#viewsAt(path)
    if (views.length > 1 && views.every(view => view.const !== undefined)) return this.#skipVariant(path)
    const of = (side: Side): unknown => sampleOf(views, { side, names: this.#names } satisfies SampleParts)
    const own = of('one')
    if (own === undefined) return this.makeUp(path.slice(0, -1))
    for (const [key, made] of this.madeUp) if (isWithin(made.path, path)) this.madeUp.delete(key)
    setAt(this.root, path, own)
    this.madeUp.set(keyOf(path), { path, other: of('other') })
    return true
  }

  isMadeUp(path: Path): boolean {
    return path.some((_, index) => this.madeUp.has(keyOf(path.slice(0, index + 1))))
  }

  /** Path of the draft, or of what was read from it, to path of the text. */
  written(path: Path): Path {
    const own = this.draftPath(path)
    return own.map((step, index) => this.#writtenKeys.get(keyOf(own.slice(0, index + 1))) ?? step)
  }

  /** Path of what was read from the draft, where names are those of the text again, to path of the draft. */
  draftPath(path: Path): Path {
    const own: (string | number)[] = []
    for (const step of path) {
      own.push(typeof step === 'string' ? (this.#draftNames.get(nameKey(own, step)) ?? step) : step)
    }
    return own
  }

  has(path: Path): boolean {
    return valueAt(this.root, path) !== undefined
  }

  /** Gives entries of what was read from the draft the names that the text has. */
  restoreNames(read: unknown): void {
    // Entries before the mappings that they are in: their paths are still those of the draft.
    for (const [key, { parent, name }] of [...this.#replaced].reverse()) {
      renameAt(read, parent, name, this.#writtenKeys.get(key) ?? name)
    }
  }

  /** Origins of values by their path in the draft, and in what was read from it. */
  originsOf(origins: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    if (origins.size === 0 || this.#writtenKeys.size === 0) return origins
    const own = new Map(origins)
    forEachText(this.root, (_, path) => {
      const origin = origins.get(keyOf(this.written(path)))
      if (origin === undefined) return
      own.set(keyOf(path), origin)
      own.set(keyOf(this.#restored(path)), origin)
    })
    return own
  }

  #restored(path: Path): Path {
    return path.map((step, index) => {
      const key = keyOf(path.slice(0, index + 1))
      return this.#replaced.has(key) ? (this.#writtenKeys.get(key) ?? step) : step
    })
  }

  #renameOrDrop({ path, nearest }: Finding): boolean {
    const parent = path.slice(0, -1)
    const key = String(path.at(-1))
    const taken = valueAt(this.root, parent)
    if (!isMapping(taken) || !Object.hasOwn(taken, key)) return true
    const isKnown = schemaAt(this.#schema, parent, this.root).some(view => view.properties?.[nearest ?? ''])
    if (nearest === null || !isKnown || Object.hasOwn(taken, nearest)) {
      this.#drop(path, taken[key])
      // A choice of which nothing is left would be reported as one without a member.
      const isChoice = Object.keys(taken).length === 0 && this.#viewsAt(parent).length > 1
      return !isChoice || this.makeUp(parent)
    }
    this.#rename(path, nearest)
    return true
  }

  #rename(path: Path, to: string): void {
    const parent = path.slice(0, -1)
    renameAt(this.root, parent, String(path.at(-1)), to)
    this.#writtenKeys.set(keyOf([...parent, to]), String(path.at(-1)))
  }

  #drop(path: Path, value: unknown): void {
    if (typeof value === 'object' && value !== null) {
      this.skipped.push({ path: this.written(path), why: 'there is no such key' })
    }
    removeAt(this.root, path)
  }

  /** The member says which keys there are. */
  #skipVariant(path: Path): boolean {
    const parent = path.slice(0, -1)
    this.skipped.push({ path: this.written(parent), why: `its ${String(path.at(-1))} is unknown` })
    return this.makeUp(parent)
  }

  #renameInvalid(path: Path): boolean {
    const parent = path.slice(0, -1)
    const key = String(path.at(-1))
    const taken = valueAt(this.root, parent)
    if (!isMapping(taken) || !Object.hasOwn(taken, key)) return true
    const name = freeName(key, taken)
    renameAt(this.root, parent, key, name)
    this.#draftNames.set(nameKey(parent, key), name)
    this.#writtenKeys.set(keyOf([...parent, name]), key)
    this.#replaced.set(keyOf([...parent, name]), { parent, name })
    return true
  }

  #viewsAt(path: Path): readonly SchemaView[] {
    return schemaAt(this.#schema, path, this.root)
  }
}

function nameKey(parent: Path, name: string): string {
  return JSON.stringify([parent, name])
}

function freeName(written: string, taken: Readonly<Record<string, unknown>>): string {
  const plain = written
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-|-$/g, '')
  const base = nameForm.test(plain) ? plain : 'name'
  let name = base
  for (let number = 2; Object.hasOwn(taken, name); number += 1) name = `${base}-${number}`
  return name
}

function keysIn(root: unknown): ReadonlySet<string> {
  const keys = new Set<string>()
  forEachText(root, (_, path) => {
    for (const step of path) if (typeof step === 'string') keys.add(step)
  })
  return keys
}

/** Names that the file defines or uses. */
function namesIn(root: unknown, keys: ReadonlySet<string>): readonly string[] {
  const names = new Set<string>()
  const add = (text: string): void => {
    if (names.size < namesMax && nameForm.test(text)) names.add(text)
  }
  for (const key of keys) add(key)
  forEachText(root, add)
  return [...names]
}
