import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Filters, filterNames, filtersIn, filterText, readFilters } from './filters.ts'

const value = fc.string({ minLength: 1 }).filter(text => text.trim() !== '' || /\s/.test(text))
const anyFilters: fc.Arbitrary<Filters> = fc.dictionary(fc.constantFrom(...filterNames), value)

// A reader who copies the text of the filters to somebody else must give them the same records.
test('filters written as text are read back as the same filters', () => {
  fc.assert(
    fc.property(anyFilters, filters => {
      assert.deepEqual(readFilters(filterText(filters)), { filters: { ...filters } })
    }),
  )
})

test('names are known in either case and by their short forms, and a mistake is named', () => {
  assert.deepEqual(readFilters('Workload:hr-bot code:token_expired'), {
    filters: { workload: 'hr-bot', outcomeCode: 'token_expired' },
  })
  assert.deepEqual(readFilters('leave'), { wrong: 'word', word: 'leave' })
  assert.deepEqual(readFilters('colour:red'), { wrong: 'name', word: 'colour:red' })
  assert.deepEqual(readFilters('workload:'), { wrong: 'value', word: 'workload:' })
})

test('the address gives the filters that it has, and nothing else', () => {
  assert.deepEqual(filtersIn({ workload: 'hr-bot', period: '7d', caller: '' }), { workload: 'hr-bot' })
})
