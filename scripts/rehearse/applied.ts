/** An example of `deploy/terraform`, "applied" by Terraform with the stand-ins for its providers: nothing is made. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readModules } from '../../test/terraform/hcl.ts'
import { startProviders } from '../../test/terraform/provider.ts'
import { providerSchemas } from '../../test/terraform/schema.ts'
import { copyOfDeploy, inTurn } from '../../test/terraform/terraform.ts'

const examplesDirectory = join(import.meta.dirname, '../../deploy/terraform/examples')
const guid = '00000000-0000-4000-8000-000000000000'

const network = `/subscriptions/${guid}/resourceGroups/network/providers/Microsoft.Network`
const zone = (name: string): string => `${network}/privateDnsZones/privatelink.${name}`

/** Values of the variables that examples ask for, as Terraform takes them. A variable with a default keeps it. */
const answers: Readonly<Record<string, string>> = {
  subscription_id: guid,
  tenant_id: '11111111-0000-4000-8000-000000000000',
  user_id: '22222222-0000-4000-8000-000000000000',
  suffix: '4f2a',
  callers_group_id: '33333333-0000-4000-8000-000000000000',
  auditors_group_id: '44444444-0000-4000-8000-000000000000',
  alerts_email: 'operations@contoso.example',
  audience: '55555555-0000-4000-8000-000000000000',
  network: JSON.stringify({
    virtual_network_id: `${network}/virtualNetworks/shared`,
    endpoints_subnet_id: `${network}/virtualNetworks/shared/subnets/endpoints`,
    apps_subnet_id: `${network}/virtualNetworks/shared/subnets/apps`,
  }),
  zone_ids: JSON.stringify({ openai: zone('openai.azure.com'), events: zone('servicebus.windows.net') }),
}

/** Names of the examples. */
export function exampleNames(): readonly string[] {
  return readdirSync(examplesDirectory).sort()
}

/**
 * The gateway's configuration as the example's output `gateway_yaml` has it.
 * @throws Error with what Terraform says where it fails.
 */
export async function generatedYaml(example: string): Promise<string> {
  using copy = copyOfDeploy()
  await using providers = await startProviders(providerSchemas())
  const directory = join(copy.directory, 'examples', example)
  const values = await variablesOf(copy.directory, example)
  const { status, stdout, text } = await inTurn(
    directory,
    providers.reattach,
    ['init', '-no-color', '-input=false', '-backend=false'],
    ['apply', '-no-color', '-input=false', '-auto-approve', ...values],
    ['output', '-raw', 'gateway_yaml'],
  )
  if (status !== 0)
    throw new Error(`terraform ended with ${status}:\n${text.slice(Math.max(0, text.search(/^Error/m)))}`)
  return stdout
}

/**
 * Arguments of Terraform with a value for each variable that an example asks for.
 * @param directory with `examples`.
 */
export async function variablesOf(directory: string, example: string): Promise<readonly string[]> {
  const modules = await readModules(directory)
  const found = modules.find(one => one.directory === `examples/${example}`)
  return Object.entries(found?.variables ?? {}).flatMap(([name, variable]) =>
    Object.hasOwn(variable, 'default') ? [] : [`-var=${name}=${answerFor(name)}`],
  )
}

function answerFor(name: string): string {
  const answer = answers[name]
  if (answer !== undefined) return answer
  throw new Error(`the example asks for the variable ${name}: give it a value in scripts/rehearse/applied.ts`)
}
