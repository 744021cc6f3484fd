import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { answerJson, askedSchema, chooseToolCall, type ToolCall } from './index.ts'
import { textFitting } from './pattern.ts'
import { dice } from './random.ts'

const ajv = new Ajv2020({
  strict: false,
  formats: {
    date: /^\d{4}-\d\d-\d\d$/,
    'date-time': /^\d{4}-\d\d-\d\dT/,
    email: /^[^@\s]+@[^@\s]+$/,
    uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    uri: /^https?:/,
    time: /^\d\d:\d\d/,
    duration: /^P/,
    ipv4: /^\d+(\.\d+){3}$/,
    ipv6: /:/,
    hostname: /^[a-z.]+$/,
  },
})

function asked(text: string): { role: string; text: string }[] {
  return [{ role: 'user', text }]
}

const names = fc.constantFrom(
  'name',
  'city',
  'date',
  'count',
  'summary',
  'tags',
  'email',
  'steps',
  'id',
  'isOpen',
  'unit',
  '__proto__x',
)
const leaves = fc.oneof(
  fc.constant({ type: 'boolean' }),
  fc.constant({ type: 'null' }),
  fc.record(
    { type: fc.constant('string'), minLength: fc.nat(12), maxLength: fc.integer({ min: 12, max: 40 }) },
    { requiredKeys: ['type'] },
  ),
  fc.record({
    type: fc.constant('string'),
    format: fc.constantFrom(
      'date',
      'date-time',
      'email',
      'uuid',
      'uri',
      'time',
      'duration',
      'ipv4',
      'ipv6',
      'hostname',
    ),
  }),
  fc.record({
    type: fc.constant('string'),
    pattern: fc.constantFrom(
      '^[A-Z]{2}-\\d{4}$',
      '^(red|green|blue)$',
      '^\\+?\\d{3,7}$',
      '^[^@\\s]+@[a-z]+\\.[a-z]{2,3}$',
      '^(?:ab?c)+$',
    ),
  }),
  fc.record({
    enum: fc.uniqueArray(fc.oneof(fc.string(), fc.integer(), fc.constant(null)), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ const: fc.oneof(fc.string(), fc.integer()) }),
  fc.record(
    {
      type: fc.constantFrom('integer', 'number'),
      minimum: fc.integer({ min: -50, max: 50 }),
      maximum: fc.integer({ min: 50, max: 90 }),
    },
    { requiredKeys: ['type'] },
  ),
  fc.record({
    type: fc.constant('number'),
    exclusiveMinimum: fc.integer({ min: -5, max: 5 }),
    exclusiveMaximum: fc.integer({ min: 6, max: 9 }),
  }),
  fc.record({
    type: fc.constant('integer'),
    multipleOf: fc.integer({ min: 2, max: 9 }),
    minimum: fc.integer({ min: -9, max: 9 }),
  }),
  fc.record({ type: fc.constant(['string', 'null']) }),
)

const { schema: schemas } = fc.letrec<{ schema: object }>(tie => ({
  schema: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaves,
    fc.record(
      {
        type: fc.constant('array'),
        items: tie('schema'),
        minItems: fc.nat(2),
        maxItems: fc.integer({ min: 2, max: 4 }),
      },
      { requiredKeys: ['type', 'items'] },
    ),
    fc
      .dictionary(names, tie('schema'), { maxKeys: 4 })
      .chain(properties =>
        fc
          .subarray(Object.keys(properties))
          .map(required => ({ type: 'object', properties, required, additionalProperties: false })),
      ),
    fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
  ),
}))

const questions = fc.constantFrom(
  'Plan a trip from Berlin to Lisbon on 3 March 2027 for 4 people, budget 1,200 euros',
  'Alice and Bob are going to a science fair on Friday.',
  'Extract the ticket "VPN breaks" of maria@contoso.com',
  '',
)

// Clients with structured outputs parse without checking: one document that does not fit its schema breaks them.
test('documents fit any schema', () => {
  fc.assert(
    fc.property(schemas, questions, fc.nat(), (schema, question, seed) => {
      const document: unknown = JSON.parse(answerJson({ messages: asked(question), schema, seed }))
      const fits = ajv.validate(schema, document)
      assert.ok(fits, `${ajv.errorsText()} in ${JSON.stringify(document)}`)
    }),
    { numRuns: 600 },
  )
})

test('references, recursion and combinations are followed and end', () => {
  const list = [
    {
      $ref: '#/$defs/node',
      $defs: {
        node: {
          type: 'object',
          properties: { label: { type: 'string' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
          required: ['label', 'next'],
          additionalProperties: false,
        },
      },
    },
    {
      type: 'object',
      properties: { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#' } } },
      required: ['name', 'children'],
    },
    {
      allOf: [
        { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] },
        { properties: { b: { type: 'string' } }, required: ['b'] },
      ],
    },
    { type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }], items: false, minItems: 2 },
    { type: 'array', items: { enum: ['a', 'b', 'c'] }, uniqueItems: true, minItems: 3, maxItems: 3 },
    {
      oneOf: [
        { type: 'object', properties: { kind: { const: 'a' } }, required: ['kind'] },
        { type: 'object', properties: { kind: { const: 'b' } }, required: ['kind'] },
      ],
    },
    { properties: { free: {} }, required: ['free', 'unlisted'] },
  ]
  for (const schema of list) {
    for (let seed = 0; seed < 10; seed += 1) {
      const document: unknown = JSON.parse(answerJson({ messages: asked('Tell me about trees'), schema, seed }))
      assert.ok(ajv.validate(schema, document), `${ajv.errorsText()} in ${JSON.stringify(document)}`)
    }
  }
})

test('documents have the values that the question names', () => {
  const event = {
    type: 'object',
    properties: { date: { type: 'string' }, participants: { type: 'array', items: { type: 'string' } } },
    required: ['date', 'participants'],
  }
  assert.deepEqual(
    JSON.parse(
      answerJson({ messages: asked('Alice and Bob are going to a science fair on Friday.'), schema: event, seed: 1 }),
    ).participants.sort(),
    ['Alice', 'Bob'],
  )
  const free = JSON.parse(
    answerJson({
      messages: asked('Give me a JSON object with keys city, population and country for Lisbon'),
      schema: null,
      seed: 1,
    }),
  )
  assert.deepEqual(Object.keys(free), ['city', 'population', 'country'])
  assert.equal(free.city, 'Lisbon')
  assert.equal(typeof JSON.parse(answerJson({ messages: asked('Hello'), schema: null, seed: 1 })), 'object')
})

test('the same question and seed give the same document', () => {
  fc.assert(
    fc.property(schemas, fc.nat(), (schema, seed) => {
      const ask = { messages: asked('Plan a trip to Lisbon'), schema, seed }
      assert.equal(answerJson(ask), answerJson(structuredClone(ask)))
    }),
    { numRuns: 100 },
  )
})

test('the schema is read from the formats of chat and of Responses', () => {
  const schema = { type: 'string' }
  assert.deepEqual(askedSchema({ type: 'json_schema', json_schema: { name: 'a', schema } }), { kind: 'schema', schema })
  assert.deepEqual(askedSchema({ type: 'json_schema', name: 'a', schema }), { kind: 'schema', schema })
  assert.deepEqual(askedSchema({ type: 'json_object' }), { kind: 'object', schema: null })
  for (const none of [{ type: 'text' }, null, undefined, 'json']) assert.equal(askedSchema(none), null)
})

test('patterns that cannot be parsed give null instead of a text that does not fit', () => {
  for (const pattern of ['(?=a)b', '(a)\\1', '[', '(']) assert.equal(textFitting(pattern, dice(1, '')), null)
})

const weather = {
  type: 'function',
  function: {
    name: 'get_current_weather',
    description: 'Get the current weather in a given location',
    parameters: {
      type: 'object',
      properties: { location: { type: 'string' }, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] } },
      required: ['location'],
    },
  },
}
const calendar = {
  type: 'function',
  name: 'createCalendarEvent',
  description: 'Puts a meeting into the calendar',
  parameters: {
    type: 'object',
    properties: {
      date: { type: 'string', format: 'date' },
      durationMinutes: { type: 'integer', minimum: 5 },
      attendees: { type: 'array', items: { type: 'string' } },
    },
    required: ['date'],
  },
}

function calls(text: string, toolChoice?: unknown): ToolCall[] | null {
  return chooseToolCall({ messages: asked(text), tools: [weather, calendar], toolChoice, seed: 1 })
}

// The round trip with tools is the core of agents; a simulator that never or always calls would not test it.
test('a tool is called when the question fits it, with values from the question', () => {
  assert.deepEqual(calls('What is the weather in Paris, in Fahrenheit?'), [
    { name: 'get_current_weather', arguments: '{"location":"Paris","unit":"fahrenheit"}' },
  ])
  const [meeting] = calls('Book a meeting with Jonas Larsen on 3 March 2027 for 45 minutes') ?? []
  assert.equal(meeting?.name, 'createCalendarEvent')
  assert.deepEqual(JSON.parse(meeting?.arguments ?? ''), {
    date: '2027-03-03',
    durationMinutes: 45,
    attendees: ['Jonas Larsen'],
  })
  assert.equal(calls('Write a poem about courage'), null)
})

test('several places make several calls, unless parallel calls are off', () => {
  const messages = asked('What is the weather like in San Francisco, Tokyo, and Paris?')
  const places = chooseToolCall({ messages, tools: [weather], seed: 1 })?.map(
    call => JSON.parse(call.arguments).location,
  )
  assert.deepEqual(places, ['San Francisco', 'Tokyo', 'Paris'])
  assert.equal(chooseToolCall({ messages, tools: [weather], seed: 1, parallel: false })?.length, 1)
})

test('tool_choice is respected', () => {
  assert.equal(calls('What is the weather in Paris?', 'none'), null)
  assert.equal(calls('Write a poem', 'required')?.length, 1)
  assert.equal(
    calls('Write a poem', { type: 'function', function: { name: 'createCalendarEvent' } })?.[0]?.name,
    'createCalendarEvent',
  )
  assert.equal(
    calls('Write a poem', { type: 'function', name: 'get_current_weather' })?.[0]?.name,
    'get_current_weather',
  )
  assert.equal(chooseToolCall({ messages: asked('weather?'), tools: [], seed: 1 }), null)
})

// What such a tool runs is run on a machine of the caller: a made-up command would be a fault of the simulator.
test('a tool that runs commands gets the command of the question, or one that changes nothing', () => {
  const shell = {
    type: 'function',
    name: 'exec_command',
    description: 'Runs a command.',
    parameters: {
      type: 'object',
      properties: {
        cmd: { type: 'string', description: 'Shell command to execute.' },
        mode: { type: 'string', description: 'Defaults to `sandboxed`.', enum: ['sandboxed', 'escalated'] },
        login: { type: 'boolean', description: 'Omit to inherit.' },
        prefix: { type: 'string', description: 'Only with `escalated`.' },
      },
      required: ['cmd'],
    },
  }
  const made = (text: string): unknown => {
    const [call] = chooseToolCall({ messages: asked(text), tools: [shell], toolChoice: 'required', seed: 1 }) ?? []
    return JSON.parse(call?.arguments ?? '')
  }
  // Properties whose description says what holds without them are left out, as models do.
  assert.deepEqual(made('Use exec_command to run `ls -1 | sort`.'), { cmd: 'ls -1 | sort' })
  assert.deepEqual(made('Look around'), { cmd: 'ls' })
  const strict = { ...shell, parameters: { ...shell.parameters, required: ['cmd', 'mode', 'login', 'prefix'] } }
  const [call] = chooseToolCall({ messages: asked('Look'), tools: [strict], toolChoice: 'required', seed: 1 }) ?? []
  assert.deepEqual(Object.keys(JSON.parse(call?.arguments ?? '')).length, 4)
})

// Otherwise a client that answers its calls would be called again for ever.
test("after a tool's result comes an answer, not another call", () => {
  const messages = [
    ...asked('What is the weather in Paris?'),
    { role: 'assistant', text: '' },
    { role: 'tool', text: '{"t":22}' },
  ]
  assert.equal(chooseToolCall({ messages, tools: [weather], toolChoice: 'auto', seed: 1 }), null)
})

test('arguments fit the parameters of any tool', () => {
  fc.assert(
    fc.property(fc.dictionary(names, schemas, { maxKeys: 4 }), fc.nat(), (properties, seed) => {
      const parameters = { type: 'object', properties, required: Object.keys(properties), additionalProperties: false }
      const tools = [{ type: 'function', function: { name: 'anything', parameters } }]
      const made = chooseToolCall({
        messages: asked('Plan a trip from Berlin to Lisbon'),
        tools,
        toolChoice: 'required',
        seed,
      })
      for (const call of made ?? [])
        assert.ok(ajv.validate(parameters, JSON.parse(call.arguments)), `${ajv.errorsText()} in ${call.arguments}`)
      assert.ok((made?.length ?? 0) >= 1)
    }),
    { numRuns: 200 },
  )
})
