// Objects that an answer creates are known whatever the answer's form: the workload may use them with its next call,
// and no other may.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Objects, Owner } from '../../objects/index.ts'
import { digestOf } from '../../wire/encrypted.ts'
import type { CreatedKind } from '../../wire/objects.ts'
import { observeAnswer } from './answer.ts'
import { CreatedObjects } from './created-objects.ts'

type Json = Readonly<Record<string, unknown>>

/** Keeps the ids that are reported to it. */
function listener(): { readonly known: Set<string>; readonly objects: Objects } {
  const known = new Set<string>()
  const refuse = (): never => {
    throw new TypeError('created objects are only reported')
  }
  const objects: Partial<Objects> = {
    created(ids: readonly string[], owner: Owner) {
      assert.deepEqual(owner, { workload: 'hr-bot', instance: 'east' })
      for (const id of ids) known.add(id)
    },
  }
  return { known, objects: new Proxy(objects, { get: (from, key) => Reflect.get(from, key) ?? refuse }) as Objects }
}

/** The ids that are known after an answer in pieces of these sizes. */
function knownOf(kind: CreatedKind, declared: 'stream' | 'json', bytes: Buffer, cuts: readonly number[]): Set<string> {
  const { known, objects } = listener()
  const created = new CreatedObjects({ kind, workload: 'hr-bot', objects }, 'east')
  const observer = observeAnswer(declared, false, created)
  let at = 0
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = cuts[turn % cuts.length] ?? 1
    observer.pass(bytes.subarray(at, at + size))
    at += size
  }
  observer.rest()
  observer.learned()
  return known
}

interface CreatedItem {
  readonly item: Json
  /** For a stored response, and for one that is not stored. */
  readonly ids: readonly string[]
  readonly idsUnkept: readonly string[]
}

const content = fc.stringMatching(/^gAAA[\w+/=-]{4,40}$/)
const createdItem: fc.Arbitrary<CreatedItem> = fc.oneof(
  fc.tuple(fc.nat(), content).map(([n, text]): CreatedItem => {
    const digest = digestOf(Buffer.from(text))
    const item = { type: 'reasoning', id: `rs_${n}`, summary: [], encrypted_content: text }
    return { item, ids: [`rs_${n}`, digest], idsUnkept: [digest] }
  }),
  fc.tuple(fc.nat(), content).map(([n, text]): CreatedItem => {
    const digest = digestOf(Buffer.from(text))
    return {
      item: { encrypted_content: text, type: 'compaction', id: `cmp_${n}` },
      ids: [`cmp_${n}`, digest],
      idsUnkept: [digest],
    }
  }),
  fc.nat().map((n): CreatedItem => {
    const item = {
      id: `ci_${n}`,
      type: 'code_interpreter_call',
      code: '{"id":"x"}',
      container_id: `cntr_${n}`,
      outputs: null,
    }
    return { item, ids: [`ci_${n}`, `cntr_${n}`], idsUnkept: [`cntr_${n}`] }
  }),
  fc.tuple(fc.nat(), fc.nat(20_000)).map(([n, length]): CreatedItem => {
    const annotation = { type: 'container_file_citation', container_id: `cntr_c${n}`, file_id: `cfile_${n}` }
    const part = {
      type: 'output_text',
      text: 'x'.repeat(length),
      annotations: [annotation, { type: 'file_citation', file_id: 'file-9' }],
    }
    const inside = [`cntr_c${n}`, `cfile_${n}`]
    return {
      item: { id: `msg_${n}`, type: 'message', content: [part] },
      ids: [`msg_${n}`, ...inside],
      idsUnkept: inside,
    }
  }),
  fc.nat().map((n): CreatedItem => {
    const item = {
      id: `mcpl_${n}`,
      type: 'mcp_list_tools',
      tools: [{ input_schema: { id: 'msg_of_other', container_id: 'cntr_of_other' } }],
    }
    return { item, ids: [`mcpl_${n}`], idsUnkept: [] }
  }),
)

const answer = fc.record({
  items: fc.array(createdItem, { maxLength: 6 }),
  store: fc.constantFrom(undefined, true, false),
  cuts: fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 1, maxLength: 5 }),
  space: fc.constantFrom(undefined, 1),
})

const expected = ({ items, store }: { items: readonly CreatedItem[]; store: boolean | undefined }): Set<string> => {
  if (store === false) return new Set(items.flatMap(({ idsUnkept }) => idsUnkept))
  return new Set(['resp_1', ...items.flatMap(({ ids }) => ids)])
}

const responseOf = (items: readonly CreatedItem[], store: boolean | undefined): Json => ({
  id: 'resp_1',
  model: 'gpt-5',
  metadata: { id: 'msg_of_other', container_id: 'cntr_of_other' },
  instructions: [{ id: 'msg_of_other', type: 'message' }],
  ...(store === undefined ? {} : { store }),
  output: items.map(({ item }) => item),
})

// A missed id is a conversation that no other member can continue; one id too many is another workload's object.
test('F1 F20 a document reports every id that can be used later and no quoted one, wherever its bytes are cut', () => {
  fc.assert(
    fc.property(answer, ({ items, store, cuts, space }) => {
      const bytes = Buffer.from(JSON.stringify(responseOf(items, store), null, space))
      assert.deepEqual(knownOf('response', 'json', bytes, cuts), expected({ items, store }))
    }),
    { numRuns: 200 },
  )
})

test('F1 F20 the items of a stream report the same ids, in any framing and wherever its bytes are cut', () => {
  const framing = fc.record({
    line: fc.constantFrom('\n', '\r\n', '\r'),
    colon: fc.constantFrom('data: ', 'data:'),
    lines: fc.boolean(),
    whole: fc.boolean(),
  })
  fc.assert(
    fc.property(answer, framing, ({ items, store, cuts, space }, { line, colon, lines, whole }) => {
      const created = { type: 'response.created', response: responseOf([], store) }
      const done = items.map(({ item }, at) => ({ type: 'response.output_item.done', output_index: at, item }))
      const last = whole ? [{ type: 'response.completed', response: responseOf(items, store) }] : []
      const bytes = Buffer.from(
        [created, ...done, ...last]
          .map(event => {
            const text = JSON.stringify(event, null, lines ? space : undefined)
            const fields = text.split('\n').map(one => `${colon}${one}`)
            return [`event: ${event.type}`, ...fields, '', ''].join(line)
          })
          .join(''),
      )
      assert.deepEqual(knownOf('response', 'stream', bytes, cuts), expected({ items, store }))
    }),
    { numRuns: 200 },
  )
})

test('audio of a chat is known, and also the id of a stored chat, in a document and in a stream', () => {
  const said = (key: 'message' | 'delta'): Json => ({
    id: 'chatcmpl-1',
    model: 'gpt-4o-audio',
    choices: [
      { index: 0, [key]: { audio: { id: 'audio_1', data: 'A'.repeat(9_000) } } },
      { index: 1, [key]: { audio: { id: 'audio_2' } } },
    ],
  })
  const document = Buffer.from(JSON.stringify(said('message')))
  const stream = Buffer.from(
    `data: ${JSON.stringify({ id: '', model: '', choices: [] })}\n\ndata: ${JSON.stringify(said('delta'))}\n\n`,
  )
  for (const cuts of [[1], [7], [5_000]]) {
    for (const [declared, bytes] of [
      ['json', document],
      ['stream', stream],
    ] as const) {
      assert.deepEqual(knownOf('audio', declared, bytes, cuts), new Set(['audio_1', 'audio_2']))
      assert.deepEqual(knownOf('chat_completion', declared, bytes, cuts), new Set(['chatcmpl-1', 'audio_1', 'audio_2']))
    }
  }
})
