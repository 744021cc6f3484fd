/** An example of `deploy/terraform`, "applied" by Terraform with the stand-ins for its providers: nothing is made. */
import { join } from 'node:path'
import { valuesOf } from '../../test/terraform/examples.ts'
import { startProviders } from '../../test/terraform/provider.ts'
import { providerSchemas } from '../../test/terraform/schema.ts'
import { apply, copyOfDeploy, init, inTurn } from '../../test/terraform/terraform.ts'

/**
 * The gateway's configuration as the example's output `gateway_yaml` has it.
 * @throws Error with what Terraform says where it fails.
 */
export async function generatedYaml(example: string): Promise<string> {
  using copy = copyOfDeploy()
  await using providers = await startProviders(providerSchemas())
  const directory = join(copy.directory, 'examples', example)
  const { status, stdout, text } = await inTurn(
    directory,
    providers.reattach,
    init,
    [...apply, ...valuesOf(example)],
    ['output', '-raw', 'gateway_yaml'],
  )
  if (status !== 0)
    throw new Error(`terraform ended with ${status}:\n${text.slice(Math.max(0, text.search(/^Error/m)))}`)
  return stdout
}
