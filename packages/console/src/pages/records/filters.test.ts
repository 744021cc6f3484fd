import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { amountNames } from './amounts.ts'
import { asQuery, type FilterName, type Filters, filtersIn, filterText, readFilters, valueNames } from './filters.ts'

const value = fc.string({ minLength: 1 }).filter(text => text.trim() !== '' || /\s/.test(text))
const amount = fc.integer({ min: 0, max: 999_999_999_999_999 }).map(String)
const anyFilters: fc.Arbitrary<Filters> = fc
  .record({
    values: fc.dictionary(fc.constantFrom<FilterName>(...valueNames, 'text'), value),
    amounts: fc.dictionary(fc.constantFrom(...amountNames), amount),
  })
  .map(({ values, amounts }) => ({ ...values, ...amounts }))

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
  assert.deepEqual(readFilters('weight>3'), { wrong: 'name', word: 'weight>3' })
  assert.deepEqual(readFilters('duration>soon'), { wrong: 'amount', word: 'duration>soon' })
  assert.deepEqual(readFilters('duration>2'), { wrong: 'amount', word: 'duration>2' })
})

test('amounts have the units that people write, and costs lose no billionth', () => {
  const written = 'workload:hr-bot outcome:failed tokens>5k cost>0.1 duration>2.5s "parental leave"'
  assert.deepEqual(readFilters(written), {
    filters: {
      ...{ workload: 'hr-bot', outcome: 'failed', tokensOver: '5000', costOverNano: '100000000' },
      ...{ durationOverMs: '2500', text: 'parental leave' },
    },
  })
  const given: Filters = { tokensOver: '5000', costOverNano: '1', durationOverMs: '120000', text: 'say "no"' }
  const said = 'tokens>5000 cost>0.000000001 duration>2m "say ""no"""'
  assert.equal(filterText(given), said)
  assert.equal('text' in asQuery(given), false, 'a list has no text')
})

test('the address gives the filters that it has, and nothing else', () => {
  assert.deepEqual(filtersIn({ workload: 'hr-bot', period: '7d', caller: '' }), { workload: 'hr-bot' })
})
