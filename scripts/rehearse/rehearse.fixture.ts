/** The test of an example: a file for each, because each starts a dozen servers and processes. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { terraformVersion } from '../../test/terraform/terraform.ts'
import { generatedYaml } from './applied.ts'
import { rehearse } from './index.ts'
import { ReverseScope } from './scope.ts'

/** What a rehearsal may replace: where things are, never who may do what. */
const addresses =
  /^(?:gateway\.listen|admin\.listen|identity\.entra\.(?:authority|graph\.endpoint)|instances\.[\w-]+\.endpoint|ledger\.directory|redis\.url|feeds\.[\w-]+\.(?:namespace|url|connectionString))$/

const steps = ['gateway', 'token', 'call', 'stream', 'refusal', 'records', 'feeds', 'spans', 'arrived']

/** Defines the test. Its name says which version of Terraform ran, or that none did. */
export function testRehearsal(example: string): void {
  const version = terraformVersion()
  const skip = version === null ? 'terraform is not on the PATH: no configuration was generated' : false
  suite(`Terraform ${version ?? 'is missing'}:`, { skip }, () => {
    test(`the smoke test of a deployment passes on the configuration that ${example} generates`, async () => {
      await using scope = new ReverseScope()
      const directory = await mkdtemp(join(tmpdir(), 'gatehouse-rehearsal-'))
      scope.after(() => rm(directory, { recursive: true, force: true }))
      const said: string[] = []
      const yaml = await generatedYaml(example)
      const { findings, replaced, served } = await rehearse(scope, yaml, directory, line => said.push(line))
      const failures = findings.filter(({ level }) => level === 'failure')
      assert.deepEqual(failures, [], said.join('\n'))
      assert.deepEqual([...new Set(findings.map(({ of }) => of))], steps)
      for (const { path } of replaced) assert.match(path, addresses)
      assert.doesNotMatch(said.join('\n') + served.written, /eyJ[\w-]{10}/)
      assert.equal(await served.stop(), 0)
    })
  })
}
