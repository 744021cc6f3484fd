/** Items of an input: whether they bring what they are, or are looked up by their id. */

/** What an item says of itself. */
export interface Item {
  readonly ids: string[]
  readonly types: string[]
  hasRole: boolean
  /** Members that are neither empty nor scalars. */
  readonly filled: Set<string>
}

export function itemOf(): Item {
  return { ids: [], types: [], hasRole: false, filled: new Set() }
}

/** Whether a member says what an item is, rather than what is in it. */
export function saysWhat(key: string): boolean {
  return key === 'role' || key === 'type' || key === 'id'
}

/** @param key one that `saysWhat`. */
export function noteMember(item: Item, key: string, text: string): void {
  if (key === 'role') item.hasRole = true
  else if (key === 'type') item.types.push(text)
  else item.ids.push(text)
}

/** The member has something in it. */
export function noteFilled(item: Item, key: string): void {
  if (contents.has(key)) item.filled.add(key)
}

/** Members that are the content of some kind of item. */
const contents: ReadonlySet<string> = new Set([
  'action',
  'actions',
  'approval_request_id',
  'arguments',
  'code',
  'content',
  'encrypted_content',
  'input',
  'operation',
  'output',
  'outputs',
  'queries',
  'result',
  'results',
  'summary',
  'tools',
])

/** Kinds of which one of these alone is the content. */
const contentsOfType: ReadonlyMap<string, readonly string[]> = new Map([
  ['message', ['content']],
  ['reasoning', ['content', 'encrypted_content', 'summary']],
  ['image_generation_call', ['result']],
])

/** Earlier versions of the API wrote nothing into it but that there was one. */
const mayBeEmpty = 'web_search_call'

/**
 * True for an item that the instance looks up by its id: a reference, whose type may be left out, or one that does not bring its content.
 * A type that stands twice is each of them.
 */
export function mustBeKnown({ types, hasRole, filled }: Item): boolean {
  if (types.length === 0) return !hasRole || !filled.has('content')
  return types.some(type => {
    if (type === 'item_reference') return true
    if (type === mayBeEmpty) return false
    const own = contentsOfType.get(type)
    return own === undefined ? filled.size === 0 : !own.some(key => filled.has(key))
  })
}
