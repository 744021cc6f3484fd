/**
 * Mistakes in `deploy/terraform` that show only in values which Terraform computes. `npm test` finds those that show in
 * the files (test/terraform/written.test.ts); each of these needs a run of Terraform of five seconds.
 */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { findings } from '../terraform/findings.ts'
import { computed } from '../terraform/mutations/index.ts'
import { makeMistake } from '../terraform/mutations/mutation.ts'
import { type RunningProviders, startProviders } from '../terraform/provider.ts'
import { providerSchemas } from '../terraform/schema.ts'
import { copyOfDeploy, terraformVersion } from '../terraform/terraform.ts'

const version = terraformVersion()
const skip = version === null ? 'terraform is not on the PATH' : false

suite(`Terraform ${version ?? 'is missing'} finds a mistake:`, { skip }, () => {
  let running: RunningProviders

  before(async () => {
    running = await startProviders(providerSchemas())
  })
  after(async () => {
    await running[Symbol.asyncDispose]()
  })

  for (const mutation of computed) {
    test(mutation.mistake, async () => {
      using copy = copyOfDeploy()
      makeMistake(copy.directory, mutation)
      assert.match(await findings(copy.directory, running, mutation.example), mutation.found)
    })
  }
})
