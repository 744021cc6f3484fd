/** The rehearsal of every example, where Terraform is on the PATH. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { terraformVersion } from '../../test/terraform/terraform.ts'
import { exampleNames, generatedYaml } from './applied.ts'
import { rehearse } from './index.ts'
import { replacements } from './replace.ts'
import { ReverseScope } from './scope.ts'

const version = terraformVersion()
const skip = version === null ? 'terraform is not on the PATH: no configuration was generated' : false

/** What a rehearsal may replace: where things are, never who may do what. */
const addresses =
  /^(?:gateway\.listen|admin\.listen|identity\.entra\.(?:authority|graph\.endpoint)|instances\.[\w-]+\.endpoint|ledger\.directory|redis\.url|feeds\.[\w-]+\.(?:namespace|url))$/

suite(`Terraform ${version ?? 'is missing'}:`, { skip }, () => {
  for (const example of exampleNames()) {
    test(`the smoke test of a deployment passes on the configuration that ${example} generates`, async () => {
      await using scope = new ReverseScope()
      const directory = await mkdtemp(join(tmpdir(), 'gatehouse-rehearsal-'))
      scope.after(() => rm(directory, { recursive: true, force: true }))
      const said: string[] = []
      const yaml = await generatedYaml(example)
      const { findings, replaced, served } = await rehearse(scope, yaml, directory, line => said.push(line))
      assert.deepEqual(
        findings.filter(({ level }) => level === 'failure').map(({ of, found }) => `${of}: ${found}`),
        [],
        said.join('\n'),
      )
      const steps = new Set(findings.map(({ of }) => of))
      assert.deepEqual(
        [...steps],
        ['gateway', 'token', 'call', 'stream', 'refusal', 'records', 'feeds', 'spans', 'arrived'],
      )
      for (const { path } of replaced) assert.match(path, addresses)
      assert.doesNotMatch(said.join('\n') + served.written, /eyJ[\w-]{10}/)
      assert.equal(await served.stop(), 0)
    })
  }
})

test('what was replaced is found by comparison, so that nothing is replaced in silence', () => {
  const before = { a: { b: 1, c: [1, 2] }, d: 'x' }
  assert.deepEqual(replacements(before, { a: { b: 1, c: [1, 3] }, d: 'x', e: { f: true } }), [
    { path: 'a.c', from: '[1,2]', to: '[1,3]' },
    { path: 'e.f', from: null, to: 'true' },
  ])
  assert.deepEqual(replacements(before, structuredClone(before)), [])
})
