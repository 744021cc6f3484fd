import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { digestOf } from './encrypted.ts'
import { JsonEdits } from './json-edits.ts'
import { LooseBody } from './loose.ts'

type Item = Readonly<Record<string, unknown>>

const digest = (content: string): string => digestOf(Buffer.from(content))
const makers = new Map([
  [digest('of up1'), 'up1'],
  [digest('of up2'), 'up2'],
  ['rs_1', 'up1'],
  ['msg_1', 'up1'],
  ['fc_1', 'up1'],
  ['ig_1', 'up1'],
])
const known = (...keys: string[]): Map<string, string> => new Map([...makers].filter(([key]) => keys.includes(key)))

const items: readonly Item[] = [
  { role: 'user', content: 'a, [b] {"c"} \\"' },
  { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'of up1' },
  { type: 'reasoning', summary: [{ text: ',' }], encrypted_content: 'of up2' },
  { type: 'reasoning', summary: [], encrypted_content: 'of nobody' },
  { id: 'msg_1', type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] },
  { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{"id":"fc_1"}', id: 'fc_1' },
  { type: 'image_generation_call', id: 'ig_1', result: 'aGk=' },
  { type: 'message', id: 'msg_nobodys', role: 'user', content: 'x' },
]

const bodyOf = (input: unknown, space?: number): Buffer =>
  Buffer.from(JSON.stringify({ model: 'gpt-5', input, store: false }, null, space))
const bodyFor = (loose: LooseBody, body: Buffer, instance: string): string =>
  new JsonEdits(body).replace(loose.cutsFor(instance)).applied().toString()
const inputFor = (body: Buffer, made: Map<string, string>, instance: string): unknown => {
  const loose = LooseBody.of(body, made)
  assert.ok(loose, body.toString())
  return (JSON.parse(bodyFor(loose, body, instance)) as { input: unknown }).input
}

const without = (item: Item, instance: string): Item[] => {
  const content =
    typeof item['encrypted_content'] === 'string' ? makers.get(digest(item['encrypted_content'])) : undefined
  const maker = typeof item['id'] === 'string' ? makers.get(item['id']) : undefined
  const isForeign = (one: string | undefined): boolean => one !== undefined && one !== instance
  if (item['type'] === 'reasoning') return isForeign(content) || isForeign(maker) ? [] : [item]
  if (!isForeign(maker) || item['type'] === 'image_generation_call') return [item]
  const { id: _, ...rest } = item
  return [rest]
}

test('an instance gets the content that it made, and none that only another one can read', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...items), { maxLength: 8 }),
      fc.constantFrom('up1', 'up2', 'up3'),
      fc.constantFrom(undefined, 1, 4),
      (input, instance, space) => {
        const sent = new Set(input.flatMap(one => [one['id'], digest(String(one['encrypted_content']))]))
        const made = new Map([...makers].filter(([key]) => sent.has(key)))
        assert.deepEqual(
          inputFor(bodyOf(input, space), made, instance),
          input.flatMap(one => without(one, instance)),
        )
      },
    ),
  )
})

test('all other bytes stay as they are', () => {
  const body =
    '{"model":"gpt-5" ,"input" : [ {"role":"user","content":"\\u0041 1e2"} , {"type":"reasoning","encrypted_content":"of up1"}, 5 ],"n":1.50}'
  const plain = body.replace(', 5 ]', ']')
  const loose = LooseBody.of(Buffer.from(plain), known(digest('of up1')))
  assert.ok(loose)
  assert.equal(bodyFor(loose, Buffer.from(plain), 'up1'), plain)
  assert.equal(
    bodyFor(loose, Buffer.from(plain), 'up2'),
    '{"model":"gpt-5" ,"input" : [ {"role":"user","content":"\\u0041 1e2"}],"n":1.50}',
  )
  assert.equal(LooseBody.of(Buffer.from(body), new Map()), null, 'an input of other things stays whole')
})

test('a body that would lose content stays whole', () => {
  const made = known(digest('of up1'))
  const odd: readonly unknown[] = [
    'a text',
    { type: 'reasoning', encrypted_content: 'of up1' },
    [{ type: 'compaction', encrypted_content: 'of up1' }],
    [[{ type: 'reasoning', encrypted_content: 'of up1' }]],
    [{ role: 'user', content: [{ type: 'reasoning', encrypted_content: 'of up1' }] }],
  ]
  for (const input of odd) assert.equal(LooseBody.of(bodyOf(input), made), null, JSON.stringify(input))
  for (const text of [
    '{"input":[{"type":"message","type":"reasoning","encrypted_content":"of up1"}]}',
    '{"input":[],"input":[]}',
    '{',
    '{"input":[',
  ]) {
    assert.equal(LooseBody.of(Buffer.from(text), made), null, text)
  }
})
