/** Items of an input: whether an item brings its own content, or is looked up by its id. */

/** The members of an item that decide what it is. */
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

/** True for a member that says what an item is; false for its content. */
export function saysWhat(key: string): boolean {
  return key === 'role' || key === 'type' || key === 'id'
}

/** @param key one for which `saysWhat` is true. */
export function noteMember(item: Item, key: string, text: string): void {
  if (key === 'role') item.hasRole = true
  else if (key === 'type') item.types.push(text)
  else item.ids.push(text)
}

/** Notes a member that is not empty. */
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

/** Kinds of items whose only content is one of these members. */
const contentsOfType: ReadonlyMap<string, readonly string[]> = new Map([
  ['message', ['content']],
  ['reasoning', ['content', 'encrypted_content', 'summary']],
  ['image_generation_call', ['result']],
])

/** Earlier versions of the API only wrote that there was one, and left it empty. */
const mayBeEmpty = 'web_search_call'

/**
 * True for an item that the instance looks up by its id: a reference, whose type may be left out, or an item without
 * its content. When a type is there twice, both count.
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
