import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dotControls } from '../../control-characters.ts'
import { textFault } from './index.ts'
import { Needle, type Place } from './needle.ts'
import { placeInDocument, placeInResponse } from './texts.ts'

/** Choices of a test, one after the other, round and round. */
type Choose = (from: number) => number
const chooser = (numbers: readonly number[]): Choose => {
  let at = 0
  return from => (numbers[at++ % numbers.length] ?? 0) % from
}
const choices = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 40 })

const short: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/** A string of JSON in which each character has one of the forms that JSON allows for it. */
function jsonString(text: string, choose: Choose): string {
  const units = [...text].flatMap(character => (choose(3) === 0 ? [...character.split('')] : [character]))
  const forms = units.map(unit => {
    const escaped = unit.split('').map(half => `\\u${half.charCodeAt(0).toString(16).padStart(4, '0')}`)
    const mustEscape = unit < ' ' || unit === '"' || unit === '\\' || !unit.isWellFormed()
    if (choose(4) === 0 || (mustEscape && short[unit] === undefined)) return escaped.join('')
    return mustEscape || choose(2) === 0 ? (short[unit] ?? unit) : unit
  })
  return `"${forms.join('')}"`
}

/** The text in pieces, cut anywhere, inside of a character too. */
function pieces(text: string, choose: Choose): string[] {
  const cut: string[] = []
  for (let at = 0; at < text.length; ) {
    const length = 1 + choose(5)
    cut.push(text.slice(at, at + length))
    at += length
  }
  return cut
}

const otherCase = (text: string, choose: Choose): string =>
  text.replace(/[a-z]/gi, letter => (choose(2) === 0 ? letter.toUpperCase() : letter.toLowerCase()))

const stream = (events: readonly string[]): string => events.map(event => `data: ${event}\n\n`).join('')
const spaced = (text: string, choose: Choose): string => (choose(2) === 0 ? text : ` ${text}`)

/** Bodies that hold a text, by what they are. */
const forms: Readonly<Record<string, (text: string, choose: Choose) => readonly [string, string | null]>> = {
  request: (text, choose) => [
    `{"model":"x","messages":[{"role":"user","content":[{"type":"text","text":${spaced(jsonString(text, choose), choose)}}]}]}`,
    null,
  ],
  'lines of a batch': (text, choose) => [
    `--x\r\n\r\n{"body":{"a":"b"}}\n{"body":{"input":${jsonString(text, choose)}}}\n--x--`,
    null,
  ],
  'arguments in a string': (text, choose) => [
    `{"arguments":${jsonString(`{"query":${jsonString(text, choose)}}`, choose)}}`,
    null,
  ],
  'cut document': (text, choose) => [`{"choices":[{"message":{"content":${jsonString(text, choose)},"ref`, null],
  'chat stream': (text, choose) => [
    stream([
      '{"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null}}]}',
      ...pieces(text, choose).map(
        piece => `{"choices":[{"index":0,"delta":{"content":${jsonString(piece, choose)}},"finish_reason":null}]}`,
      ),
      '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
      '[DONE]',
    ]),
    'chat/completions',
  ],
  'chat stream of two choices': (text, choose) => [
    stream(
      pieces(text, choose).flatMap(piece => [
        `{"choices":[{"index":1,"delta":{"content":${jsonString(piece, choose)}}}]}`,
        '{"choices":[{"index":0,"delta":{"content":"?"}}]}',
      ]),
    ),
    'chat/completions',
  ],
  'chat stream with reasoning between': (text, choose) => [
    stream(
      pieces(text, choose).flatMap(piece => [
        `{"choices":[{"index":0,"delta":{"content":${jsonString(piece, choose)},"reasoning_content":null}}]}`,
        '{"choices":[{"index":0,"delta":{"reasoning_content":"?"}}]}',
      ]),
    ),
    'chat/completions',
  ],
  'stream of a tool call': (text, choose) => [
    stream(
      pieces(text, choose).map(
        piece =>
          `{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":${jsonString(piece, choose)}}}]}}]}`,
      ),
    ),
    'chat/completions',
  ],
  'stream of completions': (text, choose) => [
    stream(pieces(text, choose).map(piece => `{"choices":[{"index":0,"text":${jsonString(piece, choose)}}]}`)),
    'completions',
  ],
  'stream of Responses': (text, choose) => [
    stream(
      pieces(text, choose).map(
        piece => `{"type":"response.output_text.delta","output_index":0,"delta":${jsonString(piece, choose)}}`,
      ),
    ),
    'responses',
  ],
  'error in a stream': (text, choose) => [
    stream(['{"choices":[]}', `{"error":{"message":${jsonString(text, choose)}}}`]),
    'chat/completions',
  ],
  'event without its blank line': (text, choose) => [
    `data: {"choices":[{"index":0,"delta":{"content":${jsonString(text, choose)}}}]}`,
    'chat/completions',
  ],
  'document in the place of a stream': (text, choose) => [
    `{"choices":[{"message":{"content":${jsonString(text, choose)}}}]}`,
    'chat/completions',
  ],
}

function placeIn([body, operation]: readonly [string, string | null], needle: string): Place | null {
  const bytes = Buffer.from(body)
  if (operation === null) return placeInDocument(new Needle(needle), bytes)
  return placeInResponse(new Needle(needle), bytes, { operation, stream: true })
}

const needles = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 2, maxLength: 20 }),
    fc.string({
      unit: fc.constantFrom('a', 'B', 'ß', 'ü', '"', '\\', '/', '\n', '\u0007', '{', '🙂', 'u0', ':'),
      maxLength: 12,
    }),
  )
  .filter(text => textFault(text) === null && text.isWellFormed())

// An auditor who does not find what was said concludes that it was not said.
for (const [name, bodyOf] of Object.entries(forms)) {
  test(`a text is found however it is escaped, cut and capitalised: ${name}`, () => {
    fc.assert(
      fc.property(needles, fc.string(), fc.string(), choices, (needle, before, after, numbers) => {
        const choose = chooser(numbers)
        const place = placeIn(bodyOf(before + otherCase(needle, choose) + after, choose), needle)
        const shown = dotControls(needle.trim().replace(/\s+/gu, ' '))
        assert.equal(new Needle(shown).placeIn(place?.found ?? '')?.found, place?.found ?? 'a place')
      }),
    )
  })
}

const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'ü', '"', '\\', '/'), maxLength: 8 })

// A hit that is none sends an auditor to the wrong person.
test('a text is found exactly where one of the texts of a body has it', () => {
  fc.assert(
    fc.property(
      fc.array(letters, { minLength: 1, maxLength: 3 }),
      letters.filter(text => textFault(text) === null),
      choices,
      (texts, needle, numbers) => {
        const choose = chooser(numbers)
        const expected = texts.some(text => text.includes(needle))
        const messages = texts.map(text => `{"role":"user","content":${jsonString(text, choose)}}`)
        const request = `{"model":"x","messages":[${messages.join(',')}]}`
        assert.equal(placeIn([request, null], needle) !== null, expected, request)
        const cut = texts.flatMap((text, index) => pieces(text, choose).map(piece => ({ index, piece })))
        const events = cut
          .sort((left, right) => left.piece.length - right.piece.length)
          .map(
            ({ index, piece }) => `{"choices":[{"index":${index},"delta":{"content":${jsonString(piece, choose)}}}]}`,
          )
        const joined = texts.map((_, index) =>
          cut.flatMap(({ index: of, piece }) => (of === index ? [piece] : [])).join(''),
        )
        assert.equal(
          placeIn([stream(events), 'chat/completions'], needle) !== null,
          joined.some(text => text.includes(needle)),
          events.join('\n'),
        )
      },
    ),
    { numRuns: 500 },
  )
})

test('names of members, and what only the form of JSON puts together, are no text', () => {
  const body = '{"messages":[{"role":"user","content":"one"},{"role":"user","content":"two"}]}'
  for (const needle of ['content', '"one"', 'one"},{', 'onetwo', 'role":"user']) {
    assert.equal(placeIn([body, null], needle), null, needle)
  }
  assert.equal(placeIn([body, null], 'ONE')?.found, 'one')
})

test('letters match by simple case folding, white space by any other, composed characters by decomposed ones', () => {
  const found = (text: string, needle: string): string | undefined =>
    placeIn([JSON.stringify({ content: text }), null], needle)?.found
  assert.equal(found('ΟΔΟΣ', 'οδός'.replace('ό', 'ο')), 'ΟΔΟΣ')
  assert.equal(found('STRAẞE', 'straße'), 'STRAẞE')
  assert.equal(found('two\n\t words', 'Two Words'), 'two words')
  assert.equal(found('Mu\u0308nchen', 'm\u00fcnchen'), 'Mu\u0308nchen')
  assert.equal(found('M\u00fcnchen', 'mu\u0308nchen'), 'M\u00fcnchen')
  assert.equal(found('strasse', 'straße'), undefined)
})

test('what is shown around a hit is one line without control characters and halves of characters', () => {
  const text = `${'🙂'.repeat(40)}x\u001b[2J\nhere\u202e\r\n${'🙂'.repeat(40)}`
  const place = placeIn([JSON.stringify({ content: text }), null], 'here')
  assert.match(place?.before ?? '', /x·\[2J $/)
  assert.match(place?.after ?? '', /^· 🙂/)
  assert.ok(place?.before.isWellFormed() && place.after.isWellFormed())
})
