import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { changed } from '../../app/address.ts'
import { addressOfSettings, faultsOf, noTexts, settingsOf } from './settings.ts'

// An address is sent from one person to another: it may hold anything.
test('an address gives settings within their bounds, and settings give an address that gives them again', () => {
  const names = fc.constantFrom('api', 'temperature', 'topP', 'tokensMax', 'effort', 'seed', 'format')
  const values = fc.oneof(
    fc.string(),
    fc.double().map(String),
    fc.constantFrom('responses', 'low', 'json_schema', '0.7', '12'),
  )
  fc.assert(
    fc.property(fc.dictionary(names, values), address => {
      const settings = settingsOf(address)
      const { temperature, topP, tokensMax } = settings
      assert.ok(temperature === null || (temperature >= 0 && temperature <= 2))
      assert.ok(topP === null || (topP >= 0 && topP <= 1))
      assert.ok(tokensMax === null || Number.isInteger(tokensMax))
      assert.deepEqual(settingsOf(changed({}, addressOfSettings(settings))), settings)
    }),
  )
})

test('texts that are not JSON, or JSON of another kind, are named before anything is sent', () => {
  const faults = (tools: string, schema: string) => faultsOf({ ...noTexts, tools, schema }, { format: 'json_schema' })
  assert.deepEqual(faults('[', '{}'), { tools: 'json', schema: null })
  assert.deepEqual(faults('{}', '[]'), { tools: 'array', schema: 'object' })
  assert.deepEqual(faults('', ''), { tools: null, schema: 'empty' })
  assert.deepEqual(faultsOf(noTexts, { format: 'text' }), { tools: null, schema: null })
})
